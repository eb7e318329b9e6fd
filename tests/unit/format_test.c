/* Text from formats: what each conversion prints, and that the buffer's end holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <hyp/log.h>

#define EXPECT_TEXT(expected, ...)                                                                                     \
	do {                                                                                                           \
		char text[256];                                                                                        \
		int length = format_text(text, sizeof(text), __VA_ARGS__);                                             \
		assert_string_equal(text, expected);                                                                   \
		assert_int_equal(length, strlen(expected));                                                            \
	} while (0)

/* The same as the C library. */
#define EXPECT_LIKE_LIBC(...)                                                                                          \
	do {                                                                                                           \
		char wanted[256];                                                                                      \
		snprintf(wanted, sizeof(wanted), __VA_ARGS__);                                                         \
		EXPECT_TEXT(wanted, __VA_ARGS__);                                                                      \
	} while (0)

static void numbers_print_as_in_the_c_library(void **state)
{
	(void)state;
	EXPECT_LIKE_LIBC("%d %i %u", -1, 0, 4294967295u);
	EXPECT_LIKE_LIBC("%d %ld %lld", INT32_MIN, INT64_MIN, (long long)INT64_MIN);
	EXPECT_LIKE_LIBC("%lu %llu %zu", UINT64_MAX, (unsigned long long)UINT64_MAX, (size_t)7);
	EXPECT_LIKE_LIBC("%x %X %#x %#X %#x", 0xbeef, 0xbeef, 0xbeef, 0xbeef, 0);
	EXPECT_LIKE_LIBC("%hx %hhx %hd %hhd", (unsigned short)0xbeef, (unsigned char)0xef, (short)-2, (signed char)-3);
	EXPECT_LIKE_LIBC("%p", (void *)0x1234abcd5678);
}

static void width_and_flags_print_as_in_the_c_library(void **state)
{
	(void)state;
	EXPECT_LIKE_LIBC("[%5d] [%-5d] [%05d] [%5d]", 42, 42, -42, 1234567);
	EXPECT_LIKE_LIBC("[%8x] [%#010x] [%016lx] [%-#8x]", 0xab, 0xab, 0xabul, 0xab);
	EXPECT_LIKE_LIBC("[%6s] [%-6s] [%3c] [%-3c]", "abc", "abc", 'x', 'y');
	EXPECT_LIKE_LIBC("[%*d] [%*d] [%.*s] [%.2s]", 6, 1, -6, 2, 3, "abcdef", "xyz");
}

static void percent_and_plain_text_print_as_they_are(void **state)
{
	(void)state;
	EXPECT_TEXT("100% of it\n", "100%% of it\n");
	EXPECT_TEXT("", "%s", "");
}

static void precision_reads_no_further_than_it_says(void **state)
{
	char unterminated[3] = {'a', 'b', 'c'};

	(void)state;
	EXPECT_TEXT("abc", "%.3s", unterminated);
}

/* Through a volatile pointer, so that the compiler does not judge the format. */
static void unknown_conversion_ends_interpretation(void **state)
{
	const char *volatile format = "%d %f %s";
	char text[32];

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	assert_int_equal(format_text(text, sizeof(text), format, 1, 2.0, "never"), 7);
#pragma GCC diagnostic pop
	assert_string_equal(text, "1 %f %s");
}

static void lone_percent_at_the_end_prints_as_it_is(void **state)
{
	const char *volatile format = "50%";
	char text[8];

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	assert_int_equal(format_text(text, sizeof(text), format), 3);
#pragma GCC diagnostic pop
	assert_string_equal(text, "50%");
}

static void null_string_prints_a_word(void **state)
{
	const char *volatile nothing = NULL;

	(void)state;
	EXPECT_TEXT("<(null)>", "<%s>", nothing);
}

static void text_longer_than_the_buffer_is_cut_and_ended(void **state)
{
	char text[5] = {1, 1, 1, 1, 1};

	(void)state;
	assert_int_equal(format_text(text, 4, "%s%d", "ab", 12345), 7);
	assert_string_equal(text, "ab1");
	assert_int_equal(text[4], 1);
}

static void buffer_of_no_bytes_is_not_touched(void **state)
{
	char text = 'x';

	(void)state;
	assert_int_equal(format_text(&text, 0, "%d", 123), 3);
	assert_int_equal(text, 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_print_as_in_the_c_library),
		cmocka_unit_test(width_and_flags_print_as_in_the_c_library),
		cmocka_unit_test(percent_and_plain_text_print_as_they_are),
		cmocka_unit_test(precision_reads_no_further_than_it_says),
		cmocka_unit_test(unknown_conversion_ends_interpretation),
		cmocka_unit_test(lone_percent_at_the_end_prints_as_it_is),
		cmocka_unit_test(null_string_prints_a_word),
		cmocka_unit_test(text_longer_than_the_buffer_is_cut_and_ended),
		cmocka_unit_test(buffer_of_no_bytes_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
