/* The exchange of two roots for two others, and all that sends it the long way with nothing done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/page_table_model.h"

static struct pt_model m;
static struct domain *self;
enum { KERNEL, USER, NEXT_KERNEL, NEXT_USER, UNUSED, ROOTS };
static struct page *page[ROOTS];

/* Four pinned roots; the first two are a vCPU's as well. */
static int four_roots(void **state)
{
	(void)state;
	pt_model_start(&m);
	self = &m.dom[0].d;
	for (unsigned int i = 0; i < ROOTS; i++)
		page[i] = pt_page(&m.dom[0], i);
	for (unsigned int i = KERNEL; i <= NEXT_USER; i++) {
		assert_int_equal(page_get(page[i], self), OK);
		assert_int_equal(page_table_pin(self, page[i], PAGE_LEVELS), OK);
	}
	for (unsigned int i = KERNEL; i <= USER; i++) {
		assert_int_equal(page_get(page[i], self), OK);
		assert_int_equal(page_table_get(self, page[i], PAGE_LEVELS), OK);
	}
	return 0;
}

static struct root_pair pair(const struct page *kernel, const struct page *user)
{
	return (struct root_pair){page_to_mfn(kernel), page_to_mfn(user)};
}

static bool exchange(struct root_pair old, struct root_pair new) { return page_table_roots_exchange(self, &old, &new); }

static bool exchange_usual(void) { return exchange(pair(page[KERNEL], page[USER]), pair(page[NEXT_KERNEL], page[NEXT_USER])); }

/* Uses as a root; each has a general reference, beside the owner's. */
static void expect_uses(const unsigned int uses[4])
{
	for (unsigned int i = KERNEL; i <= NEXT_USER; i++) {
		assert_int_equal(page[i]->type & PAGE_TYPE_COUNT_MASK, uses[i]);
		assert_int_equal((page[i]->count & PAGE_COUNT_MASK) - 1, uses[i]);
	}
}

static void expect_as_before(void) { expect_uses((unsigned int[]){2, 2, 1, 1}); }

static void references_go_from_the_old_to_the_new(void **state)
{
	(void)state;
	assert_true(exchange_usual());
	expect_uses((unsigned int[]){1, 1, 2, 2});
	assert_true(exchange(pair(page[NEXT_KERNEL], page[NEXT_USER]), pair(page[KERNEL], page[USER])));
	expect_as_before();
	assert_true(exchange(pair(page[KERNEL], page[USER]), pair(page[KERNEL], page[USER])));
	expect_as_before();
}

static void a_root_that_nobody_else_holds_is_not_given_up_here(void **state)
{
	(void)state;
	assert_int_equal(page_table_unpin(self, page[USER]), OK);
	assert_false(exchange_usual());
	expect_uses((unsigned int[]){2, 1, 1, 1});
}

static void one_old_root_in_both_places_is_not_counted_twice(void **state)
{
	(void)state;
	assert_false(exchange(pair(page[KERNEL], page[KERNEL]), pair(page[NEXT_KERNEL], page[NEXT_USER])));
	expect_as_before();
}

static void what_is_no_root_in_use_is_not_taken(void **state)
{
	struct root_pair old = pair(page[KERNEL], page[USER]);
	const struct root_pair bad[] = {
		pair(page[NEXT_KERNEL], page[UNUSED]),
		pair(page[UNUSED], page[NEXT_USER]),
		pair(page[NEXT_KERNEL], pt_page(&m.dom[1], 0)),
		{page_to_mfn(page[NEXT_KERNEL]), mfn(0)},
		{page_to_mfn(page[NEXT_KERNEL]), mfn(UINT64_MAX)},
		{mfn(frame_count), page_to_mfn(page[NEXT_USER])},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_false(exchange(old, bad[i]));
		expect_as_before();
	}
	/* A table, but of another level. */
	assert_int_equal(page_get(page[UNUSED], self), OK);
	assert_int_equal(page_table_pin(self, page[UNUSED], PAGE_LEVELS - 1), OK);
	assert_false(exchange(old, pair(page[NEXT_KERNEL], page[UNUSED])));
	expect_as_before();
}

static void another_domains_root_is_not_taken(void **state)
{
	struct page *foreign = pt_page(&m.dom[1], 0);

	(void)state;
	assert_int_equal(page_get(foreign, &m.dom[1].d), OK);
	assert_int_equal(page_table_pin(&m.dom[1].d, foreign, PAGE_LEVELS), OK);
	assert_false(exchange(pair(page[KERNEL], page[USER]), pair(page[NEXT_KERNEL], foreign)));
	assert_false(exchange(pair(page[KERNEL], page[USER]), pair(foreign, page[NEXT_USER])));
	expect_as_before();
	assert_int_equal(foreign->type & PAGE_TYPE_COUNT_MASK, 1);
}

static void a_count_that_is_full_or_a_type_that_changes_is_not_touched(void **state)
{
	uint32_t type = page[NEXT_USER]->type;

	(void)state;
	page[NEXT_USER]->type = type | PAGE_TYPE_COUNT_MASK;
	assert_false(exchange_usual());
	page[NEXT_USER]->type = type | PAGE_TYPE_CHANGING;
	assert_false(exchange_usual());
	page[NEXT_USER]->type = type;
	expect_as_before();
}

static void work_that_was_interrupted_goes_first(void **state)
{
	(void)state;
	self->undo.table[1] = page[UNUSED];
	assert_false(exchange_usual());
	self->undo.table[1] = NULL;
	expect_as_before();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(references_go_from_the_old_to_the_new, four_roots),
		cmocka_unit_test_setup(a_root_that_nobody_else_holds_is_not_given_up_here, four_roots),
		cmocka_unit_test_setup(one_old_root_in_both_places_is_not_counted_twice, four_roots),
		cmocka_unit_test_setup(what_is_no_root_in_use_is_not_taken, four_roots),
		cmocka_unit_test_setup(another_domains_root_is_not_taken, four_roots),
		cmocka_unit_test_setup(a_count_that_is_full_or_a_type_that_changes_is_not_touched, four_roots),
		cmocka_unit_test_setup(work_that_was_interrupted_goes_first, four_roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
