/*
 * The machine's memory and string functions against the C library's, in every small size and alignment. They are
 * compiled here under names of their own, since on the host the C library's have those names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define memcpy ours_memcpy
#define memmove ours_memmove
#define memset ours_memset
#define memcmp ours_memcmp
#define strlen ours_strlen
#define strnlen ours_strnlen
#define strcmp ours_strcmp
#define strncmp ours_strncmp
#define strchr ours_strchr
#include <lib/string.c>
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr

#define BYTES 64

static void fill(uint8_t *bytes)
{
	for (unsigned int i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
}

static void moves_agree_in_all_sizes_and_overlaps(void **state)
{
	(void)state;
	for (unsigned int to = 0; to < 24; to++) {
		for (unsigned int from = 0; from < 24; from++) {
			for (unsigned int n = 0; n <= 40; n++) {
				uint8_t a[BYTES], b[BYTES];

				fill(a);
				fill(b);
				assert_ptr_equal(ours_memmove(a + to, a + from, n), a + to);
				memmove(b + to, b + from, n);
				assert_memory_equal(a, b, BYTES);
			}
		}
	}
}

static void copies_and_fills_agree_in_all_sizes(void **state)
{
	(void)state;
	for (unsigned int to = 0; to < 16; to++) {
		for (unsigned int n = 0; n <= 40; n++) {
			uint8_t source[BYTES], a[BYTES] = {0}, b[BYTES] = {0};

			fill(source);
			assert_ptr_equal(ours_memcpy(a + to, source + 3, n), a + to);
			memcpy(b + to, source + 3, n);
			assert_memory_equal(a, b, BYTES);
			assert_ptr_equal(ours_memset(a + to, 0x1a5, n / 2), a + to);
			memset(b + to, 0x1a5, n / 2);
			assert_memory_equal(a, b, BYTES);
		}
	}
}

static int sign(int x) { return (x > 0) - (x < 0); }

static void comparisons_agree_at_every_difference(void **state)
{
	(void)state;
	for (unsigned int n = 0; n <= 40; n++) {
		for (unsigned int at = 0; at < 40; at++) {
			uint8_t a[BYTES], b[BYTES];

			fill(a);
			fill(b);
			b[at] ^= 0x80;
			assert_int_equal(sign(ours_memcmp(a, b, n)), sign(memcmp(a, b, n)));
			assert_int_equal(sign(ours_memcmp(b + 1, a + 1, n)), sign(memcmp(b + 1, a + 1, n)));
		}
	}
}

static void strings_agree(void **state)
{
	static const char *const texts[] = {"", "a", "ab", "abc", "abd", "b", "\x80", "ab\xff", "abcdefghijklmnop"};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(texts); i++) {
		assert_int_equal(ours_strlen(texts[i]), strlen(texts[i]));
		assert_ptr_equal(ours_strchr(texts[i], 'b'), strchr(texts[i], 'b'));
		assert_ptr_equal(ours_strchr(texts[i], 0), strchr(texts[i], 0));
		for (unsigned int n = 0; n < 6; n++)
			assert_int_equal(ours_strnlen(texts[i], n), strnlen(texts[i], n));
		for (unsigned int j = 0; j < ARRAY_COUNT(texts); j++) {
			assert_int_equal(sign(ours_strcmp(texts[i], texts[j])), sign(strcmp(texts[i], texts[j])));
			for (unsigned int n = 0; n < 6; n++)
				assert_int_equal(sign(ours_strncmp(texts[i], texts[j], n)),
						 sign(strncmp(texts[i], texts[j], n)));
		}
	}
}

static void string_copy_ends_the_text_and_says_its_length(void **state)
{
	char text[5] = {1, 1, 1, 1, 1};

	(void)state;
	assert_int_equal(string_copy(text, "abcdef", 4), 6);
	assert_memory_equal(text, "abc\0\1", 5);
	assert_int_equal(string_copy(text, "xy", 4), 2);
	assert_string_equal(text, "xy");
	assert_int_equal(string_copy(text, "q", 0), 1);
	assert_string_equal(text, "xy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_agree_in_all_sizes_and_overlaps),
		cmocka_unit_test(copies_and_fills_agree_in_all_sizes),
		cmocka_unit_test(comparisons_agree_at_every_difference),
		cmocka_unit_test(strings_agree),
		cmocka_unit_test(string_copy_ends_the_text_and_says_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
