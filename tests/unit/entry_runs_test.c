/* The walk over a table's entries, beside one that looks at every entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mm/entry_runs.h"

enum { ENTRIES = 512 };

static unsigned int first_by_looking(const uint64_t *table, unsigned int from, unsigned int end)
{
	while (from < end && !table[from])
		from++;
	return from;
}

static unsigned int last_by_looking(const uint64_t *table, unsigned int end)
{
	while (end && !table[end - 1])
		end--;
	return end;
}

static void expect_the_same_from_everywhere(const uint64_t *table, unsigned int end)
{
	for (unsigned int i = 0; i <= end; i++) {
		assert_int_equal(run_start(table, i, end), first_by_looking(table, i, end));
		assert_int_equal(run_end(table, i), last_by_looking(table, i));
	}
}

static void every_single_entry_is_found_from_everywhere(void **state)
{
	static uint64_t table[ENTRIES];

	(void)state;
	expect_the_same_from_everywhere(table, ENTRIES);
	for (unsigned int i = 0; i < ENTRIES; i++) {
		/* One bit, each in its turn: none of an entry's is left out. */
		table[i] = BIT(i % 64);
		expect_the_same_from_everywhere(table, ENTRIES);
		table[i] = 0;
	}
}

static void tables_filled_at_random_are_walked_entry_by_entry(void **state)
{
	static uint64_t table[ENTRIES];

	(void)state;
	srand(1);
	for (unsigned int round = 0; round < 300; round++) {
		unsigned int entries = (unsigned int)rand() % 40;

		memset(table, 0, sizeof(table));
		for (unsigned int i = 0; i < entries; i++)
			table[rand() % ENTRIES] = BIT(rand() % 64);
		expect_the_same_from_everywhere(table, ENTRIES);
	}
}

static void what_lies_behind_the_end_is_not_looked_at(void **state)
{
	(void)state;
	for (unsigned int end = 0; end <= 80; end++) {
		/* On the heap, where the sanitizer sees a word too many. */
		uint64_t *table = calloc(end ? end : 1, sizeof(*table));

		assert_non_null(table);
		expect_the_same_from_everywhere(table, end);
		free(table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_single_entry_is_found_from_everywhere),
		cmocka_unit_test(tables_filled_at_random_are_walked_entry_by_entry),
		cmocka_unit_test(what_lies_behind_the_end_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
