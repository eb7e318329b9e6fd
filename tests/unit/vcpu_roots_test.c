/* What keeps a vCPU's roots in use: references, or pins; and all that sends a switch the long way with nothing done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/page_table_model.h"

static struct pt_model m;
static struct domain *self;
static struct vcpu_roots *roots;
enum { KERNEL, USER, NEXT_KERNEL, NEXT_USER, UNUSED, ROOTS };
static struct page *page[ROOTS];

/* Four pinned roots; references to the first two are the vCPU's. */
static int four_roots(void **state)
{
	(void)state;
	pt_model_start(&m);
	self = &m.dom[0].d;
	roots = &m.dom[0].vcpu.roots;
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
	*roots = (struct vcpu_roots){page_to_mfn(page[KERNEL]), page_to_mfn(page[USER]), false};
	return 0;
}

static bool switch_to(const struct page *kernel, const struct page *user)
{
	return vcpu_roots_switch(self, roots, page_to_mfn(kernel), page_to_mfn(user));
}

static bool switch_to_next(void) { return switch_to(page[NEXT_KERNEL], page[NEXT_USER]); }

/* Uses as a root; each has a general reference, beside the owner's. */
static void expect_uses(const unsigned int uses[4])
{
	for (unsigned int i = KERNEL; i <= NEXT_USER; i++) {
		assert_int_equal(page[i]->type & PAGE_TYPE_COUNT_MASK, uses[i]);
		assert_int_equal((page[i]->count & PAGE_COUNT_MASK) - 1, uses[i]);
	}
}

static void expect_roots(unsigned int kernel, unsigned int user, bool by_pin)
{
	assert_true(mfn_equal(roots->kernel, page_to_mfn(page[kernel])));
	assert_true(mfn_equal(roots->user, page_to_mfn(page[user])));
	assert_int_equal(roots->by_pin, by_pin);
}

static void expect_as_before(void)
{
	expect_roots(KERNEL, USER, false);
	expect_uses((unsigned int[]){2, 2, 1, 1});
}

static void a_switch_to_pinned_roots_gives_references_back_and_takes_none(void **state)
{
	(void)state;
	assert_true(switch_to_next());
	expect_roots(NEXT_KERNEL, NEXT_USER, true);
	expect_uses((unsigned int[]){1, 1, 1, 1});
	assert_true(switch_to(page[KERNEL], page[USER]));
	assert_true(switch_to(page[KERNEL], page[USER]));
	expect_roots(KERNEL, USER, true);
	expect_uses((unsigned int[]){1, 1, 1, 1});
}

static void unpinning_a_root_in_use_leaves_it_held_by_references(void **state)
{
	(void)state;
	assert_true(switch_to_next());
	assert_int_equal(page_table_unpin(self, page[NEXT_USER]), OK);
	expect_roots(NEXT_KERNEL, NEXT_USER, false);
	expect_uses((unsigned int[]){1, 1, 2, 1});
	/* The last use of it: giving it up may leave something to undo. */
	assert_false(switch_to(page[KERNEL], page[USER]));
	expect_roots(NEXT_KERNEL, NEXT_USER, false);
	expect_uses((unsigned int[]){1, 1, 2, 1});
}

static void unpinning_another_table_changes_nothing(void **state)
{
	(void)state;
	assert_true(switch_to_next());
	assert_int_equal(page_table_unpin(self, page[KERNEL]), OK);
	expect_roots(NEXT_KERNEL, NEXT_USER, true);
	assert_int_equal(page_get(page[UNUSED], self), OK);
	assert_int_equal(page_table_pin(self, page[UNUSED], PAGE_LEVELS - 1), OK);
	assert_int_equal(page_table_unpin(self, page[UNUSED]), OK);
	expect_roots(NEXT_KERNEL, NEXT_USER, true);
}

static void one_root_in_both_places_counts_twice(void **state)
{
	(void)state;
	assert_true(switch_to(page[NEXT_USER], page[NEXT_USER]));
	assert_int_equal(vcpu_roots_hold(self, roots), OK);
	expect_uses((unsigned int[]){1, 1, 1, 3});
	/* Two references to one table: each by itself looks as if the other were somebody else's. */
	assert_false(switch_to(page[KERNEL], page[USER]));
	expect_uses((unsigned int[]){1, 1, 1, 3});
}

static void what_cannot_be_held_stays_pinned(void **state)
{
	uint32_t count = page[NEXT_USER]->count, type = page[NEXT_USER]->type;

	(void)state;
	assert_true(switch_to_next());
	page[NEXT_USER]->count = count + PAGE_COUNT_MAX - (count & PAGE_COUNT_MASK);
	assert_int_equal(page_table_unpin(self, page[NEXT_USER]), E_BUSY);
	assert_int_equal(page_table_unpin(self, page[NEXT_KERNEL]), E_BUSY);
	page[NEXT_USER]->count = count;
	page[NEXT_USER]->type = type | PAGE_TYPE_COUNT_MASK;
	assert_int_equal(page_table_unpin(self, page[NEXT_USER]), E_BUSY);
	page[NEXT_USER]->type = type;
	expect_roots(NEXT_KERNEL, NEXT_USER, true);
	expect_uses((unsigned int[]){1, 1, 1, 1});
}

static void a_root_that_nobody_else_holds_is_not_given_up_here(void **state)
{
	(void)state;
	assert_int_equal(page_table_unpin(self, page[USER]), OK);
	assert_false(switch_to_next());
	expect_roots(KERNEL, USER, false);
	expect_uses((unsigned int[]){2, 1, 1, 1});
}

static void a_vcpu_without_both_roots_goes_the_long_way(void **state)
{
	(void)state;
	roots->user = MFN_INVALID;
	assert_false(switch_to_next());
	roots->user = page_to_mfn(page[USER]);
	roots->kernel = MFN_INVALID;
	assert_false(switch_to_next());
	expect_uses((unsigned int[]){2, 2, 1, 1});
}

static void what_is_no_pinned_root_is_not_taken(void **state)
{
	mfn_t good = page_to_mfn(page[NEXT_KERNEL]);
	const mfn_t bad[] = {
		page_to_mfn(page[UNUSED]), page_to_mfn(pt_page(&m.dom[1], 0)), mfn(0), mfn(frame_count), MFN_INVALID,
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_false(vcpu_roots_switch(self, roots, good, bad[i]));
		assert_false(vcpu_roots_switch(self, roots, bad[i], good));
		expect_as_before();
	}
	/* In use as a root, but not pinned. */
	assert_int_equal(page_get(page[UNUSED], self), OK);
	assert_int_equal(page_table_get(self, page[UNUSED], PAGE_LEVELS), OK);
	assert_false(switch_to(page[NEXT_KERNEL], page[UNUSED]));
	page_table_put(self, page[UNUSED]);
	assert_int_equal(page_table_undo(self), OK);
	/* Pinned, but of another level. */
	assert_int_equal(page_get(page[UNUSED], self), OK);
	assert_int_equal(page_table_pin(self, page[UNUSED], PAGE_LEVELS - 1), OK);
	assert_false(switch_to(page[NEXT_KERNEL], page[UNUSED]));
	expect_as_before();
}

static void another_domains_root_is_not_taken(void **state)
{
	struct page *foreign = pt_page(&m.dom[1], 0);

	(void)state;
	assert_int_equal(page_get(foreign, &m.dom[1].d), OK);
	assert_int_equal(page_table_pin(&m.dom[1].d, foreign, PAGE_LEVELS), OK);
	assert_false(switch_to(page[NEXT_KERNEL], foreign));
	assert_false(switch_to(foreign, page[NEXT_USER]));
	expect_as_before();
	assert_int_equal(foreign->type & PAGE_TYPE_COUNT_MASK, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_switch_to_pinned_roots_gives_references_back_and_takes_none, four_roots),
		cmocka_unit_test_setup(unpinning_a_root_in_use_leaves_it_held_by_references, four_roots),
		cmocka_unit_test_setup(unpinning_another_table_changes_nothing, four_roots),
		cmocka_unit_test_setup(one_root_in_both_places_counts_twice, four_roots),
		cmocka_unit_test_setup(what_cannot_be_held_stays_pinned, four_roots),
		cmocka_unit_test_setup(a_root_that_nobody_else_holds_is_not_given_up_here, four_roots),
		cmocka_unit_test_setup(a_vcpu_without_both_roots_goes_the_long_way, four_roots),
		cmocka_unit_test_setup(what_is_no_pinned_root_is_not_taken, four_roots),
		cmocka_unit_test_setup(another_domains_root_is_not_taken, four_roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
