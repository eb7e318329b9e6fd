/* Sets of ports, frames and interrupts: changed by ranges, asked by ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arch/x86/pv/io_permissions.h>

static struct range_set set;
static struct io_permissions permissions;

static int set_up(void **state)
{
	(void)state;
	memset(&set, 0, sizeof(set));
	memset(&permissions, 0, sizeof(permissions));
	return 0;
}

static void add(uint64_t first, uint64_t last) { assert_int_equal(range_set_add(&set, first, last), OK); }
static void remove_range(uint64_t first, uint64_t last) { assert_int_equal(range_set_remove(&set, first, last), OK); }

static void set_starts_empty(void **state)
{
	(void)state;
	assert_false(range_set_contains(&set, 0, 0));
	assert_false(range_set_contains(&set, 0, UINT64_MAX));
}

static void range_contains_its_ends_and_nothing_beside(void **state)
{
	(void)state;
	add(10, 20);
	assert_true(range_set_contains(&set, 10, 20));
	assert_true(range_set_contains(&set, 20, 20));
	assert_false(range_set_contains(&set, 9, 10));
	assert_false(range_set_contains(&set, 20, 21));
	assert_false(range_set_contains(&set, 5, 25));
}

static void ranges_that_touch_become_one(void **state)
{
	(void)state;
	add(10, 19);
	add(30, 39);
	add(20, 29);
	assert_int_equal(set.count, 1);
	assert_true(range_set_contains(&set, 10, 39));
}

static void range_swallows_those_that_it_covers(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		add(10 * i, 10 * i + 3);
	add(5, 95);
	assert_int_equal(set.count, 2);
	assert_true(range_set_contains(&set, 5, 95));
	assert_false(range_set_contains(&set, 4, 4));
}

static void hole_splits_a_range(void **state)
{
	(void)state;
	add(0, 100);
	remove_range(50, 59);
	assert_int_equal(set.count, 2);
	assert_true(range_set_contains(&set, 0, 49));
	assert_false(range_set_contains(&set, 49, 50));
	assert_true(range_set_contains(&set, 60, 100));
}

static void removal_over_several_ranges_leaves_the_ends(void **state)
{
	(void)state;
	add(0, 9);
	add(20, 29);
	add(40, 49);
	remove_range(5, 44);
	assert_int_equal(set.count, 2);
	assert_true(range_set_contains(&set, 0, 4));
	assert_true(range_set_contains(&set, 45, 49));
}

static void removal_of_what_is_not_there_does_nothing(void **state)
{
	(void)state;
	remove_range(1, 2);
	add(10, 20);
	remove_range(21, UINT64_MAX);
	remove_range(0, 9);
	assert_true(range_set_contains(&set, 10, 20));
}

static void largest_number_is_a_number(void **state)
{
	(void)state;
	add(UINT64_MAX, UINT64_MAX);
	add(0, UINT64_MAX - 1);
	assert_int_equal(set.count, 1);
	remove_range(UINT64_MAX, UINT64_MAX);
	assert_false(range_set_contains(&set, UINT64_MAX, UINT64_MAX));
	assert_true(range_set_contains(&set, 0, UINT64_MAX - 1));
}

static void range_that_ends_before_it_starts_is_refused(void **state)
{
	(void)state;
	assert_int_equal(range_set_add(&set, 2, 1), E_INVAL);
	assert_int_equal(range_set_remove(&set, 2, 1), E_INVAL);
	add(0, 10);
	assert_false(range_set_contains(&set, 2, 1));
}

static void too_many_pieces_are_refused_and_change_nothing(void **state)
{
	struct range_set before;

	(void)state;
	for (uint64_t i = 0; i < RANGES_MAX; i++)
		add(10 * i, 10 * i + 5);
	before = set;
	assert_int_equal(range_set_add(&set, 1000, 1001), E_NOMEM);
	assert_int_equal(range_set_remove(&set, 2, 3), E_NOMEM);
	assert_memory_equal(&set, &before, sizeof(set));
	add(6, 9);
	add(2000, 2001);
}

/* Against a plain array of bits. */
static void set_agrees_with_an_array(void **state)
{
	static bool model[256];
	uint32_t seed = 1;

	(void)state;
	for (unsigned int step = 0; step < 20000; step++) {
		uint64_t a, b;
		bool allow, all = true;
		enum status s;

		seed = seed * 1664525 + 1013904223;
		a = seed >> 24;
		b = MIN(255u, a + (seed >> 16 & 0x1f));
		allow = seed >> 9 & 1;
		s = allow ? range_set_add(&set, a, b) : range_set_remove(&set, a, b);
		for (uint64_t i = a; s == OK && i <= b; i++)
			model[i] = allow;
		a = seed >> 8 & 0xff;
		b = MIN(255u, a + (seed >> 4 & 7));
		for (uint64_t i = a; i <= b; i++)
			all = all && model[i];
		assert_int_equal(range_set_contains(&set, a, b), all);
		for (unsigned int i = 1; i < set.count; i++)
			assert_true(set.range[i - 1].last + 1 < set.range[i].first);
	}
}

static void nobody_may_use_anything_at_first(void **state)
{
	(void)state;
	assert_false(io_permissions_allow(NULL, IO_PORTS, 0, 0));
	assert_false(io_permissions_allow(&permissions, IO_FRAMES, 0xb8, 0xb8));
}

static void kinds_do_not_mix(void **state)
{
	(void)state;
	assert_int_equal(io_permissions_change(&permissions, IO_PORTS, 0x60, 0x60, true), OK);
	assert_true(io_permissions_allow(&permissions, IO_PORTS, 0x60, 0x60));
	assert_false(io_permissions_allow(&permissions, IO_FRAMES, 0x60, 0x60));
	assert_false(io_permissions_allow(&permissions, IO_IRQS, 0x60, 0x60));
}

static void number_beyond_the_kind_is_refused(void **state)
{
	(void)state;
	assert_int_equal(io_permissions_change(&permissions, IO_PORTS, 0xffff, 0x10000, true), E_INVAL);
	assert_int_equal(io_permissions_change(&permissions, IO_FRAMES, 0, IO_FRAME_LAST + 1, true), E_INVAL);
	assert_int_equal(io_permissions_change(&permissions, IO_IRQS, 5, 4, false), E_INVAL);
	assert_int_equal(io_permissions_change(&permissions, IO_PORTS, 0, 0xffff, true), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(set_starts_empty, set_up),
		cmocka_unit_test_setup(range_contains_its_ends_and_nothing_beside, set_up),
		cmocka_unit_test_setup(ranges_that_touch_become_one, set_up),
		cmocka_unit_test_setup(range_swallows_those_that_it_covers, set_up),
		cmocka_unit_test_setup(hole_splits_a_range, set_up),
		cmocka_unit_test_setup(removal_over_several_ranges_leaves_the_ends, set_up),
		cmocka_unit_test_setup(removal_of_what_is_not_there_does_nothing, set_up),
		cmocka_unit_test_setup(largest_number_is_a_number, set_up),
		cmocka_unit_test_setup(range_that_ends_before_it_starts_is_refused, set_up),
		cmocka_unit_test_setup(too_many_pieces_are_refused_and_change_nothing, set_up),
		cmocka_unit_test_setup(set_agrees_with_an_array, set_up),
		cmocka_unit_test_setup(nobody_may_use_anything_at_first, set_up),
		cmocka_unit_test_setup(kinds_do_not_mix, set_up),
		cmocka_unit_test_setup(number_beyond_the_kind_is_refused, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
