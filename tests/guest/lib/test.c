/*
 * Verdicts and the console. Text goes out a line at a time; nothing is printed before the
 * hypervisor can print. A vCPU other than 0 may print and check too: the counters are atomic, lines stay whole.
 */
#include <stdarg.h>

#include "guest.h"
#include "console.h"

static unsigned int check_count;
static unsigned int failure_count;
static char first_failure[160];

struct line {
	char text[256];
	unsigned int length;
};

static void line_put(struct line *line, char c)
{
	if (line->length < sizeof(line->text) - 1)
		line->text[line->length++] = c;
}

static void line_put_number(struct line *line, uint64_t value, unsigned int base, unsigned int width)
{
	char digits[24];
	unsigned int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (width > count) {
		line_put(line, '0');
		width--;
	}
	while (count)
		line_put(line, digits[--count]);
}

static void line_put_signed(struct line *line, int64_t value)
{
	if (value < 0)
		line_put(line, '-');
	line_put_number(line, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, 0);
}

/* %s %c %d %u %x, with l and a width filled by zeros: what the tests use. */
static void line_format(struct line *line, const char *format, va_list args)
{
	for (; *format; format++) {
		unsigned int width = 0;
		bool is_long = false;

		if (*format != '%') {
			line_put(line, *format);
			continue;
		}
		for (format++; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + (unsigned int)(*format - '0');
		for (; *format == 'l'; format++)
			is_long = true;
		switch (*format) {
		case 's':
			for (const char *s = va_arg(args, const char *); *s; s++)
				line_put(line, *s);
			break;
		case 'c':
			line_put(line, (char)va_arg(args, int));
			break;
		case 'd':
			line_put_signed(line, is_long ? va_arg(args, long) : va_arg(args, int));
			break;
		case 'u':
			line_put_number(line, is_long ? va_arg(args, unsigned long) : va_arg(args, unsigned int),
					10, width);
			break;
		case 'x':
			line_put_number(line, is_long ? va_arg(args, unsigned long) : va_arg(args, unsigned int),
					16, width);
			break;
		default:
			line_put(line, *format);
		}
	}
	line->text[line->length] = 0;
}

void print(const char *format, ...)
{
	struct line line = {};
	va_list args;

	va_start(args, format);
	line_format(&line, format, args);
	va_end(args);
	console_write(line.text, line.length);
}

static void failure_record(const char *file, int line_number, const char *text)
{
	if (__atomic_fetch_add(&failure_count, 1, __ATOMIC_RELAXED))
		return;
	unsigned int i = 0;

	(void)file;
	(void)line_number;
	for (; text[i] && i < sizeof(first_failure) - 1; i++)
		first_failure[i] = text[i];
	first_failure[i] = 0;
}

void check_eq(const char *file, int line, const char *text, uint64_t got, uint64_t want)
{
	__atomic_fetch_add(&check_count, 1, __ATOMIC_RELAXED);
	if (got == want)
		return;
	failure_record(file, line, text);
	print("%s:%d: %s: got %ld (0x%lx), want %ld (0x%lx)\n", file, line, text, got, got, want, want);
}

void check_true(const char *file, int line, const char *text, bool holds)
{
	__atomic_fetch_add(&check_count, 1, __ATOMIC_RELAXED);
	if (holds)
		return;
	failure_record(file, line, text);
	print("%s:%d: does not hold: %s\n", file, line, text);
}

void check_refused(const char *file, int line, const char *text, long got)
{
	__atomic_fetch_add(&check_count, 1, __ATOMIC_RELAXED);
	if (got < 0 && got > -4096)
		return;
	failure_record(file, line, text);
	print("%s:%d: %s: got %ld, want a refusal\n", file, line, text, got);
}

void check_one_of(const char *file, int line, const char *text, long got, long first, long second)
{
	__atomic_fetch_add(&check_count, 1, __ATOMIC_RELAXED);
	if (got == first || got == second)
		return;
	failure_record(file, line, text);
	print("%s:%d: %s: got %ld, want %ld or %ld\n", file, line, text, got, first, second);
}

void result_report(void)
{
	if (failure_count)
		print("RESULT FAIL %s: %u of %u checks, first: %s\n", test_name, failure_count, check_count,
		      first_failure);
	else if (!check_count)
		print("RESULT ERROR %s: the test checked nothing\n", test_name);
	else
		print("RESULT PASS %s: %u checks\n", test_name, check_count);
	power_off(SHUTDOWN_poweroff);
}

void result_fail(const char *file, int line, const char *text)
{
	print("RESULT FAIL %s: %s:%d: %s\n", test_name, file, line, text);
	power_off(SHUTDOWN_poweroff);
}

void result_skip(const char *text)
{
	print("RESULT SKIP %s: %s\n", test_name, text);
	power_off(SHUTDOWN_poweroff);
}

void power_off(unsigned int reason)
{
	struct sched_shutdown shutdown = { .reason = reason };

	for (;;)
		hc_sched_op(SCHEDOP_shutdown, &shutdown);
}
