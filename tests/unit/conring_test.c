/* The ring behind `xl dmesg`: what readers get, in order, across the wrap and after losses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hyp/conring.h>

static char storage[16];
static struct conring ring;
static char got[64];
static uint32_t next_index;

static int set_up(void **state)
{
	(void)state;
	memset(storage, '#', sizeof(storage));
	conring_init(&ring, storage, sizeof(storage));
	return 0;
}

static void write_text(const char *text) { conring_write(&ring, text, strlen(text)); }

#define EXPECT_READ(from, max, expected)                                                                               \
	do {                                                                                                           \
		uint32_t count = conring_read(&ring, (from), got, (max), &next_index);                                 \
		assert_int_equal(count, strlen(expected));                                                             \
		assert_memory_equal(got, expected, count);                                                             \
	} while (0)

static void empty_ring_gives_nothing(void **state)
{
	(void)state;
	EXPECT_READ(0, 64, "");
	assert_int_equal(next_index, 0);
}

static void text_is_read_as_written(void **state)
{
	(void)state;
	write_text("hello");
	EXPECT_READ(0, 64, "hello");
	assert_int_equal(next_index, 5);
}

static void small_buffers_get_the_text_in_pieces(void **state)
{
	(void)state;
	write_text("hello");
	EXPECT_READ(0, 3, "hel");
	EXPECT_READ(next_index, 3, "lo");
	EXPECT_READ(next_index, 3, "");
}

static void newest_text_survives_the_wrap(void **state)
{
	(void)state;
	write_text("0123456789");
	write_text("abcdefghij");
	EXPECT_READ(ring.consumer, 64, "456789abcdefghij");
	assert_int_equal(next_index, 20);
}

static void reader_that_lost_text_goes_on_at_the_oldest(void **state)
{
	(void)state;
	write_text("0123456789");
	EXPECT_READ(0, 2, "01");
	write_text("abcdefghijklmnop");
	EXPECT_READ(next_index, 64, "abcdefghijklmnop");
}

static void index_ahead_of_the_text_starts_at_the_oldest(void **state)
{
	(void)state;
	write_text("hello");
	EXPECT_READ(4711, 64, "hello");
}

static void cleared_text_is_not_read_again(void **state)
{
	(void)state;
	write_text("old");
	conring_clear(&ring, 3);
	write_text("new");
	EXPECT_READ(0, 64, "new");
}

static void clearing_never_brings_text_back(void **state)
{
	(void)state;
	write_text("old");
	conring_clear(&ring, 3);
	conring_clear(&ring, 1);
	EXPECT_READ(0, 64, "");
}

static void indices_go_on_past_two_to_the_32(void **state)
{
	(void)state;
	ring.producer = ring.consumer = UINT32_MAX - 2;
	write_text("hello");
	assert_int_equal(ring.producer, 2);
	EXPECT_READ(ring.consumer, 4, "hell");
	assert_int_equal(next_index, 1);
	EXPECT_READ(next_index, 4, "o");
}

static void larger_storage_keeps_text_and_indices(void **state)
{
	static char larger[64];

	(void)state;
	write_text("0123456789abcdefghij");
	conring_move(&ring, larger, sizeof(larger));
	write_text("!");
	EXPECT_READ(4, 64, "456789abcdefghij!");
	assert_int_equal(next_index, 21);
}

static void smaller_storage_keeps_the_newest(void **state)
{
	static char smaller[8];

	(void)state;
	write_text("0123456789");
	conring_move(&ring, smaller, sizeof(smaller));
	EXPECT_READ(0, 64, "23456789");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(empty_ring_gives_nothing, set_up),
		cmocka_unit_test_setup(text_is_read_as_written, set_up),
		cmocka_unit_test_setup(small_buffers_get_the_text_in_pieces, set_up),
		cmocka_unit_test_setup(newest_text_survives_the_wrap, set_up),
		cmocka_unit_test_setup(reader_that_lost_text_goes_on_at_the_oldest, set_up),
		cmocka_unit_test_setup(index_ahead_of_the_text_starts_at_the_oldest, set_up),
		cmocka_unit_test_setup(cleared_text_is_not_read_again, set_up),
		cmocka_unit_test_setup(clearing_never_brings_text_back, set_up),
		cmocka_unit_test_setup(indices_go_on_past_two_to_the_32, set_up),
		cmocka_unit_test_setup(larger_storage_keeps_text_and_indices, set_up),
		cmocka_unit_test_setup(smaller_storage_keeps_the_newest, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
