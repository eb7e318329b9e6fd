/*
 * Text from a format and its arguments: the part of printf that the hypervisor uses.
 *
 * Conversions d i u x X p s c %; flags 0 - #; width and, for strings, precision, both also as '*'; lengths
 * hh h l ll z. The compiler checks the callers' arguments. What is not in that list ends the
 * interpretation: the rest of the format is printed as it is, because the arguments after an unknown one
 * cannot be trusted to match.
 *
 * I1  Nothing is written at or past buffer + size, and the text ends with NUL if size > 0.
 * I2  The result is the length of the whole text, whether or not it fitted.
 */
#include <hyp/log.h>
#include <hyp/string.h>

struct output {
	char *buffer;
	size_t size;
	size_t length; /* of the text so far, also of what did not fit */
};

struct conversion {
	bool zero, left, alternate;
	int width;
	int precision; /* -1: none */
	char length;   /* 0, 'h', 'H' for hh, 'l' for l, ll and z */
	char kind;
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->buffer[out->length] = c;
	out->length++;
}

static void put_text(struct output *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put(out, text[i]);
}

static void pad(struct output *out, char c, size_t used, int width)
{
	for (size_t i = used; width > 0 && i < (size_t)width; i++)
		put(out, c);
}

static void put_padded(struct output *out, const struct conversion *c, const char *text, size_t length)
{
	if (!c->left)
		pad(out, ' ', length, c->width);
	put_text(out, text, length);
	if (c->left)
		pad(out, ' ', length, c->width);
}

static void put_string(struct output *out, const struct conversion *c, const char *text)
{
	if (!text)
		text = "(null)";
	put_padded(out, c, text, c->precision >= 0 ? strnlen(text, (size_t)c->precision) : strlen(text));
}

static void put_number(struct output *out, const struct conversion *c, uint64_t value, bool negative,
		       unsigned int base)
{
	const char *digits = c->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	size_t at = sizeof(text);
	char prefix[3];
	size_t prefix_length = 0;

	if (negative)
		prefix[prefix_length++] = '-';
	if (c->kind == 'p' || (c->alternate && base == 16 && value)) {
		prefix[prefix_length++] = '0';
		prefix[prefix_length++] = c->kind == 'X' ? 'X' : 'x';
	}
	do {
		text[--at] = digits[value % base];
		value /= base;
	} while (value);

	size_t length = sizeof(text) - at + prefix_length;

	if (!c->left && !c->zero)
		pad(out, ' ', length, c->width);
	put_text(out, prefix, prefix_length);
	if (!c->left && c->zero)
		pad(out, '0', length, c->width);
	put_text(out, text + at, sizeof(text) - at);
	if (c->left)
		pad(out, ' ', length, c->width);
}

/* A va_list is passed by pointer so that the callers see what was taken from it. */
struct arguments {
	va_list list;
};

static int64_t take_signed(struct arguments *args, char length)
{
	if (length == 'l')
		return va_arg(args->list, long);

	int value = va_arg(args->list, int);

	return length == 'h' ? (short)value : length == 'H' ? (signed char)value : value;
}

static uint64_t take_unsigned(struct arguments *args, char length)
{
	if (length == 'l')
		return va_arg(args->list, unsigned long);

	unsigned int value = va_arg(args->list, unsigned int);

	return length == 'h' ? (unsigned short)value : length == 'H' ? (unsigned char)value : value;
}

#define WIDTH_MAX 4096

static const char *decode_number(const char *at, struct arguments *args, int *number)
{
	int value = 0;

	if (*at == '*') {
		value = va_arg(args->list, int);
		*number = MIN(value, WIDTH_MAX);
		return at + 1;
	}
	for (; *at >= '0' && *at <= '9'; at++)
		value = MIN(value * 10 + (*at - '0'), WIDTH_MAX);
	*number = value;
	return at;
}

static const char *decode_length(const char *at, char *length)
{
	*length = 0;
	if (*at == 'h') {
		*length = at[1] == 'h' ? 'H' : 'h';
		return at + (at[1] == 'h' ? 2 : 1);
	}
	if (*at == 'l' || *at == 'z') {
		*length = 'l';
		return at + (at[0] == 'l' && at[1] == 'l' ? 2 : 1);
	}
	return at;
}

/* `at` follows the '%'. Returns what follows the conversion. */
static const char *decode(const char *at, struct arguments *args, struct conversion *c)
{
	*c = (struct conversion){.precision = -1};
	for (;; at++) {
		if (*at == '0')
			c->zero = true;
		else if (*at == '-')
			c->left = true;
		else if (*at == '#')
			c->alternate = true;
		else
			break;
	}
	at = decode_number(at, args, &c->width);
	if (c->width < 0) {
		c->left = true;
		c->width = -MAX(c->width, -WIDTH_MAX);
	}
	if (*at == '.')
		at = decode_number(at + 1, args, &c->precision);
	at = decode_length(at, &c->length);
	c->kind = *at;
	return *at ? at + 1 : at;
}

static bool convert(struct output *out, const struct conversion *c, struct arguments *args)
{
	int64_t value;
	char character;

	switch (c->kind) {
	case 'd':
	case 'i':
		value = take_signed(args, c->length);
		put_number(out, c, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10);
		return true;
	case 'u':
		put_number(out, c, take_unsigned(args, c->length), false, 10);
		return true;
	case 'x':
	case 'X':
		put_number(out, c, take_unsigned(args, c->length), false, 16);
		return true;
	case 'p':
		put_number(out, c, (uintptr_t)va_arg(args->list, void *), false, 16);
		return true;
	case 's':
		put_string(out, c, va_arg(args->list, const char *));
		return true;
	case 'c':
		character = (char)va_arg(args->list, int);
		put_padded(out, c, &character, 1);
		return true;
	case '%':
		put(out, '%');
		return true;
	default:
		return false;
	}
}

int format_text_v(char *buffer, size_t size, const char *format, va_list args)
{
	struct output out = {buffer, size, 0};
	struct arguments taken;

	va_copy(taken.list, args);
	while (*format) {
		struct conversion c;
		const char *next;

		if (*format != '%') {
			put(&out, *format++);
			continue;
		}
		next = decode(format + 1, &taken, &c);
		if (!convert(&out, &c, &taken)) {
			put_text(&out, format, strlen(format));
			break;
		}
		format = next;
	}
	va_end(taken.list);
	if (size)
		buffer[MIN(out.length, size - 1)] = '\0';
	return (int)MIN(out.length, (size_t)INT32_MAX);
}

int format_text(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = format_text_v(buffer, size, format, args);
	va_end(args);
	return length;
}
