/* The map of physical memory: what absurd maps become, and what is found in them. */
#include <setjmp.h>
#include <stdarg.h>

#include <fakes/boot_memory_fake.h>

#include <cmocka.h>

static struct memmap map;

static void map_is(unsigned int count, const struct memmap_entry *want)
{
	assert_true(memmap_is_normal(&map));
	assert_int_equal(map.count, count);
	for (unsigned int i = 0; i < count; i++) {
		assert_int_equal(map.entry[i].start, want[i].start);
		assert_int_equal(map.entry[i].bytes, want[i].bytes);
		assert_int_equal(map.entry[i].type, want[i].type);
	}
}
#define MAP_IS(...)                                                                                                    \
	do {                                                                                                           \
		static const struct memmap_entry want_[] = {__VA_ARGS__};                                              \
		map_is(ARRAY_COUNT(want_), want_);                                                                     \
	} while (0)

static int map_clear(void **)
{
	memset(&map, 0, sizeof(map));
	return 0;
}

/* What QEMU's pc machine with 1 GiB says. */
static void map_usual(void)
{
	memmap_add(&map, 0, 0x9fc00, MEMMAP_RAM);
	memmap_add(&map, 0x9fc00, 0x400, MEMMAP_RESERVED);
	memmap_add(&map, 0xf0000, 0x10000, MEMMAP_RESERVED);
	memmap_add(&map, 0x100000, 0x3fee0000, MEMMAP_RAM);
	memmap_add(&map, 0x3ffe0000, 0x20000, MEMMAP_RESERVED);
	memmap_add(&map, 0xfffc0000, 0x40000, MEMMAP_RESERVED);
	memmap_normalise(&map);
}

static void usual_map_stays_as_it_is(void **)
{
	map_usual();
	MAP_IS({0, 0x9fc00, 1}, {0x9fc00, 0x400, 2}, {0xf0000, 0x10000, 2}, {0x100000, 0x3fee0000, 1},
	       {0x3ffe0000, 0x20000, 2}, {0xfffc0000, 0x40000, 2});
	assert_int_equal(memmap_ram_bytes(&map), 0x9fc00 + 0x3fee0000);
	assert_int_equal(memmap_max_paddr(&map), 0x3ffe0000);
	assert_false(map.truncated);
}

static void unsorted_entries_get_sorted_and_neighbours_merged(void **)
{
	memmap_add(&map, 0x3000, 0x1000, MEMMAP_RAM);
	memmap_add(&map, 0x1000, 0x1000, MEMMAP_RAM);
	memmap_add(&map, 0x2000, 0x1000, MEMMAP_RAM);
	memmap_normalise(&map);
	MAP_IS({0x1000, 0x3000, MEMMAP_RAM});
}

static void duplicates_become_one(void **)
{
	for (int i = 0; i < 3; i++)
		memmap_add(&map, 0x1000, 0x1000, MEMMAP_RAM);
	memmap_normalise(&map);
	MAP_IS({0x1000, 0x1000, MEMMAP_RAM});
}

static void empty_entries_are_dropped(void **)
{
	memmap_add(&map, 0x1000, 0, MEMMAP_RAM);
	memmap_normalise(&map);
	assert_int_equal(map.count, 0);
	assert_int_equal(memmap_max_paddr(&map), 0);
}

static void reserved_range_inside_ram_splits_it(void **)
{
	memmap_add(&map, 0, 0x10000, MEMMAP_RAM);
	memmap_add(&map, 0x4000, 0x1000, MEMMAP_RESERVED);
	memmap_normalise(&map);
	MAP_IS({0, 0x4000, MEMMAP_RAM}, {0x4000, 0x1000, MEMMAP_RESERVED}, {0x5000, 0xb000, MEMMAP_RAM});
}

static void ram_inside_a_reserved_range_is_reserved(void **)
{
	memmap_add(&map, 0x4000, 0x1000, MEMMAP_RAM);
	memmap_add(&map, 0, 0x10000, MEMMAP_RESERVED);
	memmap_normalise(&map);
	MAP_IS({0, 0x10000, MEMMAP_RESERVED});
}

static void stricter_type_wins_in_either_order(void **)
{
	static const uint32_t loose_to_strict[] = {MEMMAP_RAM, MEMMAP_ACPI, MEMMAP_NVS, MEMMAP_RESERVED, 7,
						   MEMMAP_UNUSABLE};

	for (unsigned int i = 0; i < ARRAY_COUNT(loose_to_strict); i++)
		for (unsigned int k = i + 1; k < ARRAY_COUNT(loose_to_strict); k++)
			for (unsigned int swap = 0; swap < 2; swap++) {
				map_clear(NULL);
				memmap_add(&map, 0x1000 * swap, 0x2000, loose_to_strict[i]);
				memmap_add(&map, 0x1000 * !swap, 0x2000, loose_to_strict[k]);
				memmap_normalise(&map);
				assert_true(memmap_is_normal(&map));
				assert_int_equal(memmap_find(&map, 0x1000)->type, loose_to_strict[k]);
			}
}

static void split_piece_merges_with_the_entry_before(void **)
{
	memmap_add(&map, 0, 0x1000, MEMMAP_RESERVED);
	memmap_add(&map, 0x1000, 0x2000, MEMMAP_RAM);
	memmap_add(&map, 0x1000, 0x1000, MEMMAP_RESERVED);
	memmap_normalise(&map);
	MAP_IS({0, 0x2000, MEMMAP_RESERVED}, {0x2000, 0x1000, MEMMAP_RAM});
}

static void entry_that_overflows_is_cut_at_the_limit(void **)
{
	memmap_add(&map, 0x1000, UINT64_MAX, MEMMAP_RAM);
	memmap_add(&map, UINT64_MAX - 0xfff, 0x2000, MEMMAP_RAM);
	memmap_normalise(&map);
	MAP_IS({0x1000, MEMMAP_LIMIT - 0x1000, MEMMAP_RAM});
}

static void normalising_twice_changes_nothing(void **)
{
	static struct memmap once;

	map_usual();
	once = map;
	memmap_normalise(&map);
	assert_memory_equal(&once, &map, sizeof(map));
}

static void reserve_takes_ram_away(void **)
{
	map_usual();
	memmap_reserve(&map, 0x200000, 0x100000, MEMMAP_RESERVED);
	assert_false(memmap_is_ram(&map, 0x2ff000, 0x1000));
	assert_true(memmap_is_ram(&map, 0x100000, 0x100000));
	assert_true(memmap_is_ram(&map, 0x300000, 0x100000));
	assert_int_equal(memmap_ram_bytes(&map), 0x9fc00 + 0x3fee0000 - 0x100000);
}

static void limit_takes_ram_above_it_and_nothing_else(void **)
{
	map_usual();
	memmap_add(&map, 0x100000000, 0x40000000, MEMMAP_RAM);
	memmap_normalise(&map);
	memmap_limit_ram(&map, 0x20000000);
	MAP_IS({0, 0x9fc00, 1}, {0x9fc00, 0x400, 2}, {0xf0000, 0x10000, 2}, {0x100000, 0x1ff00000, 1},
	       {0x20000000, 0x1ffe0000, 5}, {0x3ffe0000, 0x20000, 2}, {0xfffc0000, 0x40000, 2}, {0x100000000, 0x40000000, 5});
	memmap_limit_ram(&map, 0x20000000);
	assert_int_equal(map.count, 8);
}

static void limit_of_pieces_that_touch_unusable_ones_takes_all(void **)
{
	for (paddr_t at = 0x100000; at < 0x108000; at += 0x1000)
		memmap_add(&map, at, 0x1000, at & 0x1000 ? MEMMAP_RAM : MEMMAP_UNUSABLE);
	memmap_normalise(&map);
	memmap_limit_ram(&map, 0);
	MAP_IS({0x100000, 0x8000, MEMMAP_UNUSABLE});
}

static void limit_above_all_ram_changes_nothing(void **)
{
	static struct memmap before;

	map_usual();
	before = map;
	memmap_limit_ram(&map, 0x3ffe0000);
	memmap_limit_ram(&map, UINT64_MAX);
	assert_memory_equal(&before, &map, sizeof(map));
}

static void range_is_ram_only_if_all_of_it_is(void **)
{
	map_usual();
	assert_true(memmap_is_ram(&map, 0x100000, 0x3fee0000));
	assert_false(memmap_is_ram(&map, 0x100000, 0x3fee0001));
	assert_false(memmap_is_ram(&map, 0xff000, 0x2000));
	assert_false(memmap_is_ram(&map, 0x9fc00, 0x400));
	assert_false(memmap_is_ram(&map, 0x100000, 0));
	assert_false(memmap_is_ram(&map, 0x100000, UINT64_MAX));
	assert_false(memmap_is_ram(&map, UINT64_MAX, 1));
	assert_null(memmap_find(&map, 0xa0000));
}

static void ram_is_found_lowest_first_or_highest_first(void **)
{
	paddr_t at;

	map_usual();
	assert_int_equal(memmap_find_ram(&map, 0x1000, 0x1000, 0, UINT64_MAX, false, &at), OK);
	assert_int_equal(at, 0);
	assert_int_equal(memmap_find_ram(&map, 0x1000, 0x1000, 0, UINT64_MAX, true, &at), OK);
	assert_int_equal(at, 0x3ffdf000);
	assert_int_equal(memmap_find_ram(&map, 0x200000, 0x200000, 0x100001, UINT64_MAX, false, &at), OK);
	assert_int_equal(at, 0x200000);
	assert_int_equal(memmap_find_ram(&map, 0x1000, 0x1000, 0, 0x100000, true, &at), OK);
	assert_int_equal(at, 0x9e000);
}

static void search_without_a_fitting_place_is_refused(void **)
{
	paddr_t at;

	map_usual();
	assert_int_equal(memmap_find_ram(&map, 0x40000000, 0x1000, 0, UINT64_MAX, false, &at), E_NOMEM);
	assert_int_equal(memmap_find_ram(&map, 0x1000, BIT(63), 1, UINT64_MAX, false, &at), E_NOMEM);
	assert_int_equal(memmap_find_ram(&map, 0x1000, 0x1000, 0xa0000, 0x100000, false, &at), E_NOMEM);
	assert_int_equal(memmap_find_ram(&map, 0x1000, 0x1000, 0x300000, 0x200000, true, &at), E_NOMEM);
	assert_int_equal(memmap_find_ram(&map, UINT64_MAX, 1, 0, UINT64_MAX, true, &at), E_NOMEM);
}

static void search_with_bad_alignment_or_no_size_is_refused(void **)
{
	paddr_t at;

	map_usual();
	assert_int_equal(memmap_find_ram(&map, 0, 0x1000, 0, UINT64_MAX, false, &at), E_INVAL);
	assert_int_equal(memmap_find_ram(&map, 1, 0, 0, UINT64_MAX, false, &at), E_INVAL);
	assert_int_equal(memmap_find_ram(&map, 1, 0x1800, 0, UINT64_MAX, false, &at), E_INVAL);
}

/* Every other page reserved, until the array is full. */
static void map_fill(uint32_t type)
{
	for (unsigned int i = 0; i < MEMMAP_MAX; i++)
		memmap_add(&map, i * 0x2000, 0x1000, type);
	memmap_normalise(&map);
	assert_int_equal(map.count, MEMMAP_MAX);
	assert_false(map.truncated);
}

static void ram_that_does_not_fit_is_left_out(void **)
{
	map_fill(MEMMAP_RAM);
	memmap_add(&map, 0x10000000, 0x1000, MEMMAP_RAM);
	assert_true(map.truncated);
	memmap_normalise(&map);
	assert_false(memmap_is_ram(&map, 0x10000000, 0x1000));
}

static void reserved_range_that_does_not_fit_still_takes_ram_away(void **)
{
	map_fill(MEMMAP_RAM);
	memmap_add(&map, 0x2400, 0x100, MEMMAP_RESERVED);
	memmap_normalise(&map);
	assert_true(map.truncated);
	assert_false(memmap_is_ram(&map, 0x2400, 1));
	assert_false(memmap_is_ram(&map, 0x24ff, 1));
	assert_true(memmap_is_ram(&map, 0x2500, 0xb00));
	memmap_add(&map, 0x1000, 0x1000, MEMMAP_RESERVED);
	memmap_add(&map, 0x2000, 0x1000, MEMMAP_RAM);
	memmap_normalise(&map);
	assert_false(memmap_is_ram(&map, 0x2400, 1));
}

static void split_without_room_loses_ram_and_nothing_else(void **)
{
	for (unsigned int i = 1; i < MEMMAP_MAX; i++)
		memmap_add(&map, i * 0x2000, 0x1000, MEMMAP_RESERVED);
	memmap_add(&map, 0, 0x10000000, MEMMAP_RAM);
	memmap_normalise(&map);
	assert_true(map.truncated);
	assert_true(memmap_is_normal(&map));
	for (unsigned int i = 1; i < MEMMAP_MAX; i++)
		assert_false(memmap_is_ram(&map, i * 0x2000, 0x1000));
}

static void full_map_that_can_merge_takes_more(void **)
{
	for (unsigned int i = 0; i < 3 * MEMMAP_MAX; i++)
		memmap_add(&map, i * 0x1000, 0x1000, MEMMAP_RAM);
	memmap_normalise(&map);
	assert_false(map.truncated);
	MAP_IS({0, 3 * MEMMAP_MAX * 0x1000, MEMMAP_RAM});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(usual_map_stays_as_it_is, map_clear),
		cmocka_unit_test_setup(unsorted_entries_get_sorted_and_neighbours_merged, map_clear),
		cmocka_unit_test_setup(duplicates_become_one, map_clear),
		cmocka_unit_test_setup(empty_entries_are_dropped, map_clear),
		cmocka_unit_test_setup(reserved_range_inside_ram_splits_it, map_clear),
		cmocka_unit_test_setup(ram_inside_a_reserved_range_is_reserved, map_clear),
		cmocka_unit_test_setup(stricter_type_wins_in_either_order, map_clear),
		cmocka_unit_test_setup(split_piece_merges_with_the_entry_before, map_clear),
		cmocka_unit_test_setup(entry_that_overflows_is_cut_at_the_limit, map_clear),
		cmocka_unit_test_setup(normalising_twice_changes_nothing, map_clear),
		cmocka_unit_test_setup(reserve_takes_ram_away, map_clear),
		cmocka_unit_test_setup(limit_takes_ram_above_it_and_nothing_else, map_clear),
		cmocka_unit_test_setup(limit_of_pieces_that_touch_unusable_ones_takes_all, map_clear),
		cmocka_unit_test_setup(limit_above_all_ram_changes_nothing, map_clear),
		cmocka_unit_test_setup(range_is_ram_only_if_all_of_it_is, map_clear),
		cmocka_unit_test_setup(ram_is_found_lowest_first_or_highest_first, map_clear),
		cmocka_unit_test_setup(search_without_a_fitting_place_is_refused, map_clear),
		cmocka_unit_test_setup(search_with_bad_alignment_or_no_size_is_refused, map_clear),
		cmocka_unit_test_setup(ram_that_does_not_fit_is_left_out, map_clear),
		cmocka_unit_test_setup(reserved_range_that_does_not_fit_still_takes_ram_away, map_clear),
		cmocka_unit_test_setup(split_without_room_loses_ram_and_nothing_else, map_clear),
		cmocka_unit_test_setup(full_map_that_can_merge_takes_more, map_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
