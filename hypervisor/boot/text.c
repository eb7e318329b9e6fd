/*
 * Text with a length: comparing, taking apart, numbers, messages. Nothing here reads past the length.
 */
#include <hyp/boot/text.h>
#include <hyp/string.h>

bool text_starts(struct text t, const char *literal)
{
	size_t length = strlen(literal);

	return t.bytes >= length && memcmp(t.at, literal, length) == 0;
}

bool text_equal(struct text t, const char *literal)
{
	return t.bytes == strlen(literal) && text_starts(t, literal);
}

bool text_has(struct text t, char c)
{
	for (uint64_t i = 0; i < t.bytes; i++)
		if (t.at[i] == c)
			return true;
	return false;
}

struct text text_take(struct text *rest, char separator)
{
	struct text head = {rest->at, 0};

	while (head.bytes < rest->bytes && rest->at[head.bytes] != separator)
		head.bytes++;
	*rest = text_skip(*rest, head.bytes + (head.bytes < rest->bytes));
	return head;
}

struct text text_of(const void *at, uint64_t max)
{
	return (struct text){at, strnlen(at, max)};
}

bool text_copy(char *to, size_t size, struct text from)
{
	size_t length = MIN(from.bytes, size - 1);

	memcpy(to, from.at, length);
	to[length] = 0;
	return length == from.bytes;
}

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 16;
}

bool text_to_number(struct text t, uint64_t *out)
{
	unsigned int base = 10;
	uint64_t value = 0;

	if (text_starts(t, "0x") || text_starts(t, "0X")) {
		base = 16;
		t = text_skip(t, 2);
	} else if (t.bytes > 1 && t.at[0] == '0') {
		base = 8;
	}
	if (!t.bytes)
		return false;
	for (uint64_t i = 0; i < t.bytes; i++) {
		unsigned int digit = digit_value(t.at[i]);

		if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return false;
	}
	*out = value;
	return true;
}

void text_line_add_text(struct text_line *line, struct text t)
{
	for (uint64_t i = 0; i < t.bytes && line->length < sizeof(line->text) - 1; i++)
		line->text[line->length++] = t.at[i] >= ' ' && t.at[i] <= '~' ? t.at[i] : '?';
	line->text[line->length] = 0;
}

void text_line_add(struct text_line *line, const char *words)
{
	text_line_add_text(line, (struct text){words, strlen(words)});
}
