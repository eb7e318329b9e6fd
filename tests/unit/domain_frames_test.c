/* The memory of a domain: getting it, giving it back, losing it. */
#include "fakes/mm_fake.h"
#include <hyp/fake_page_table.h>

static struct domain one, two;

static int setup(void **state)
{
	mm_domain_init(&one, 1, 2000);
	mm_domain_init(&two, 2, 2000);
	return mm_setup(state);
}

static mfn_t frame_of(struct domain *d)
{
	mfn_t m;

	assert_int_equal(domain_frames_alloc(d, 0, 0, &m), OK);
	return m;
}

static void kill_domain(struct domain *d) { d->state = DOMAIN_DYING; }

static void new_frames_are_the_domains_and_counted(void **state)
{
	mfn_t m;

	(void)state;
	assert_int_equal(domain_frames_alloc(&one, 3, 0, &m), OK);
	assert_int_equal(one.pages, 8);
	for (unsigned int i = 0; i < 8; i++) {
		struct page *p = mfn_to_page(mfn(m.v + i));

		assert_int_equal(p->owner, 1);
		assert_int_equal(p->count, 1 | PAGE_COUNT_ALLOCATED);
		assert_int_equal(p->type, PAGE_TYPE_NONE);
		assert_true(frame_is_zero(mfn(m.v + i)));
		assert_int_equal(arch_m2p_get(mfn(m.v + i)), M2P_INVALID);
	}
}

static void frames_over_the_limit_are_refused(void **state)
{
	mfn_t m = MFN_INVALID;

	(void)state;
	one.pages_max = 9;
	assert_int_equal(domain_frames_alloc(&one, 3, 0, &m), OK);
	assert_int_equal(domain_frames_alloc(&one, 1, 0, &m), E_NOSPC);
	assert_int_equal(domain_frames_alloc(&one, 0, 0, &m), OK);
	assert_int_equal(domain_frames_alloc(&one, 0, 0, &m), E_NOSPC);
	one.pages_max = 2;
	assert_int_equal(domain_frames_alloc(&one, 0, 0, &m), E_NOSPC);
	assert_int_equal(one.pages, 9);
}

static void no_memory_is_refused_and_nothing_counted(void **state)
{
	mfn_t m = MFN_INVALID;

	(void)state;
	assert_int_equal(domain_frames_alloc(&one, PAGE_ORDER_MAX + 1, 0, &m), E_NOMEM);
	assert_int_equal(domain_frames_alloc(&one, 64, 0, &m), E_NOMEM);
	fake_memory_leave(0);
	assert_int_equal(domain_frames_alloc(&one, 0, 0, &m), E_NOMEM);
	assert_int_equal(one.pages, 0);
	assert_int_equal(one.references, 1);
	assert_true(mfn_is_invalid(m));
}

static void no_memory_for_the_marks_gives_the_frames_back(void **state)
{
	struct page *p = frames_alloc(1, 0);

	(void)state;
	fake_memory_leave(0);
	assert_int_equal(domain_frames_give(&one, p, 1), E_NOMEM);
	assert_int_equal(frames_free_count(), 2);
	assert_int_equal(one.pages, 0);
	assert_int_equal(one.references, 1);
}

static void dying_domain_gets_no_frames(void **state)
{
	uint64_t free = frames_free_count();
	mfn_t m = MFN_INVALID;

	(void)state;
	kill_domain(&one);
	assert_int_equal(domain_frames_alloc(&one, 2, 0, &m), E_SRCH);
	assert_int_equal(frames_free_count(), free);
	assert_int_equal(one.pages, 0);
	assert_int_equal(one.references, 1);
}

static void owning_frames_holds_one_reference_to_the_domain(void **state)
{
	mfn_t a = frame_of(&one), b = frame_of(&one);

	(void)state;
	assert_int_equal(one.references, 2);
	assert_int_equal(domain_frame_release(&one, a), OK);
	assert_int_equal(one.references, 2);
	assert_int_equal(domain_frame_release(&one, b), OK);
	assert_int_equal(one.references, 1);
}

static void frame_that_nothing_refers_to_can_be_given_back(void **state)
{
	uint64_t free;
	mfn_t m = frame_of(&one);

	(void)state;
	arch_m2p_set(m, 5);
	free = frames_free_count();
	assert_int_equal(domain_frame_release(&one, m), OK);
	assert_int_equal(frames_free_count(), free + 1);
	assert_int_equal(arch_m2p_get(m), M2P_INVALID);
	assert_int_equal(one.pages, 0);
}

static void frame_that_is_referred_to_cannot_be_given_back(void **state)
{
	mfn_t m = frame_of(&one);
	struct page *p = mfn_to_page(m);

	(void)state;
	assert_int_equal(page_get(p, &one), OK);
	assert_int_equal(domain_frame_release(&one, m), E_BUSY);
	assert_int_equal(p->count, 2 | PAGE_COUNT_ALLOCATED);
	assert_int_equal(one.pages, 1);
	page_put(p);
	assert_int_equal(domain_frame_release(&one, m), OK);
}

static void typed_frame_cannot_be_given_back(void **state)
{
	static const uint32_t types[] = {
		PAGE_TYPE_WRITABLE | 1, PAGE_TYPE_L4 | PAGE_TYPE_PINNED | 1, PAGE_TYPE_L2 | PAGE_TYPE_PARTIAL,
		PAGE_TYPE_SEGMENT | 1,
	};
	mfn_t m = frame_of(&one);
	struct page *p = mfn_to_page(m);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		p->type = types[i];
		assert_int_equal(domain_frame_release(&one, m), E_BUSY);
		assert_int_equal(p->type, types[i]);
		assert_int_equal(p->count, 1 | PAGE_COUNT_ALLOCATED);
	}
}

static void frame_of_another_domain_cannot_be_given_back(void **state)
{
	mfn_t m = frame_of(&two);

	(void)state;
	assert_int_equal(domain_frame_release(&one, m), E_INVAL);
	assert_int_equal(mfn_to_page(m)->count, 1 | PAGE_COUNT_ALLOCATED);
}

static void frame_that_is_no_memory_cannot_be_given_back(void **state)
{
	(void)state;
	one.id = 0;
	assert_int_equal(domain_frame_release(&one, mfn(frame_count)), E_INVAL);
	assert_int_equal(domain_frame_release(&one, MFN_INVALID), E_INVAL);
	assert_int_equal(domain_frame_release(&one, mfn(FAKE_LOW_END)), E_INVAL);
	assert_int_equal(domain_frame_release(&one, mfn(FAKE_MAIN_START)), E_INVAL);
}

static void frame_cannot_be_given_back_twice(void **state)
{
	mfn_t m = frame_of(&one);

	(void)state;
	assert_int_equal(domain_frame_release(&one, m), OK);
	assert_int_equal(domain_frame_release(&one, m), E_INVAL);
}

static void taken_frame_is_out_of_reach_until_it_comes_back(void **state)
{
	mfn_t m = frame_of(&one);
	struct page *p = mfn_to_page(m);

	(void)state;
	assert_int_equal(domain_frame_take(&one, m), OK);
	assert_int_equal(page_get(p, &one), E_INVAL);
	assert_int_equal(domain_frame_take(&one, m), E_INVAL);
	assert_int_equal(one.pages, 1);
	domain_frame_untake(m);
	assert_int_equal(page_get(p, &one), OK);
	page_put(p);
	assert_int_equal(domain_frame_take(&one, m), OK);
	domain_frame_drop(m);
	assert_int_equal(one.pages, 0);
}

static void given_frames_may_exceed_the_limit(void **state)
{
	struct page *p = frames_alloc(1, 0);

	(void)state;
	one.pages_max = 0;
	assert_int_equal(domain_frames_give(&one, p, 1), OK);
	assert_int_equal(one.pages, 2);
	assert_int_equal(page_get(p + 1, &one), OK);
}

static void all_memory_of_a_dying_domain_is_taken_away(void **state)
{
	uint64_t free = frames_free_count();
	mfn_t m, others = frame_of(&two);

	(void)state;
	for (unsigned int order = 0; order < 10; order++)
		assert_int_equal(domain_frames_alloc(&one, order, order & 1 ? 0 : 24, &m), OK);
	assert_int_equal(frames_claim(&one, 1500), OK);
	kill_domain(&one);
	assert_int_equal(domain_frames_release_all(&one), OK);
	assert_int_equal(one.pages, 0);
	assert_int_equal(one.references, 1);
	assert_int_equal(frames_claimed_count(), 0);
	assert_int_equal(page_get(mfn_to_page(others), &two), OK);
	assert_int_equal(domain_frames_release_all(&one), OK);

	page_put(mfn_to_page(others));
	kill_domain(&two);
	assert_int_equal(domain_frames_release_all(&two), OK);
	assert_int_equal(frames_free_count(), free);
}

static void teardown_goes_on_where_it_was_interrupted(void **state)
{
	unsigned int calls = 1;
	uint64_t pages;
	mfn_t m;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(domain_frames_alloc(&one, 9, 0, &m), OK);
	kill_domain(&one);
	for (;; calls++) {
		enum status status;

		pages = one.pages;
		fake_preempt_in = 1;
		status = domain_frames_release_all(&one);
		if (!status)
			break;
		assert_int_equal(status, E_RESTART);
		assert_true(one.pages < pages || calls > 1);
	}
	fake_preempt_in = 0;
	assert_true(calls > 3 * 512 / 64);
	assert_int_equal(one.pages, 0);
}

static void teardown_looks_at_the_clock_after_each_table(void **state)
{
	enum status status;
	uint64_t pages;
	mfn_t m;

	(void)state;
	assert_int_equal(domain_frames_alloc(&one, 5, 0, &m), OK);
	spin_lock(&one.mm_lock);
	for (unsigned int i = 0; i < 32; i++) {
		assert_int_equal(page_get(mfn_to_page(mfn(m.v + i)), &one), OK);
		assert_int_equal(page_table_pin(&one, mfn_to_page(mfn(m.v + i)), 1), OK);
	}
	spin_unlock(&one.mm_lock);
	kill_domain(&one);
	do {
		pages = one.pages;
		fake_preempt_in = 1;
		status = domain_frames_release_all(&one);
		assert_true(one.pages + 1 >= pages);
	} while (status == E_RESTART);
	fake_preempt_in = 0;
	assert_int_equal(status, OK);
	assert_int_equal(one.pages, 0);
}

static void frame_that_others_refer_to_outlives_the_domains_death(void **state)
{
	mfn_t m = frame_of(&one), n = frame_of(&one);
	struct page *p = mfn_to_page(m);

	(void)state;
	assert_int_equal(page_get(p, &one), OK);
	kill_domain(&one);
	assert_int_equal(domain_frames_release_all(&one), OK);
	assert_int_equal(mfn_to_page(n)->count & PAGE_COUNT_MASK, 0);
	assert_int_equal(p->count, 1);
	assert_int_equal(one.pages, 1);
	assert_int_equal(one.references, 2);
	assert_true(domain_frames_owner(1) == &one);
	page_put(p);
	assert_int_equal(one.pages, 0);
	assert_int_equal(one.references, 1);
}

/* As if entries of tables held all the references that are left. */
static void references_take_all(mfn_t m)
{
	struct page *p = mfn_to_page(m);

	p->count = (p->count & ~PAGE_COUNT_MASK) | PAGE_COUNT_MAX;
	assert_int_equal(page_get(p, &one), E_BUSY);
}

static void reference_drop_last(mfn_t m)
{
	mfn_to_page(m)->count = 1;
	page_put(mfn_to_page(m));
}

static void frame_with_all_references_given_out_goes_with_the_last_of_them(void **state)
{
	mfn_t m = frame_of(&one), n = frame_of(&one);

	(void)state;
	references_take_all(m);
	kill_domain(&one);
	assert_int_equal(domain_frames_release_all(&one), OK);
	assert_int_equal(mfn_to_page(n)->count & PAGE_COUNT_MASK, 0);
	assert_int_equal(mfn_to_page(m)->count, PAGE_COUNT_MAX - 1);
	reference_drop_last(m);
	assert_int_equal(one.pages, 0);
	assert_int_equal(one.references, 1);
}

static void pinned_table_with_all_references_given_out_lets_go_of_what_is_below_it(void **state)
{
	mfn_t table = frame_of(&one), below = frame_of(&one);
	enum status status;

	(void)state;
	*(uint64_t *)arch_frame_map(below) = fake_pte(frame_of(&one), FAKE_PTE_WRITABLE);
	*(uint64_t *)arch_frame_map(table) = fake_pte(below, 0);
	assert_int_equal(page_get(mfn_to_page(table), &one), OK);
	spin_lock(&one.mm_lock);
	assert_int_equal(page_table_pin(&one, mfn_to_page(table), 2), OK);
	spin_unlock(&one.mm_lock);
	references_take_all(table);
	kill_domain(&one);
	do {
		fake_preempt_in = 1;
		status = domain_frames_release_all(&one);
	} while (status == E_RESTART);
	fake_preempt_in = 0;
	assert_int_equal(status, OK);
	assert_int_equal(one.pages, 1);
	/* The owner's and the pin's are gone. */
	assert_int_equal(mfn_to_page(table)->count, PAGE_COUNT_MAX - 2);
	reference_drop_last(table);
	assert_int_equal(one.pages, 0);
	assert_int_equal(one.references, 1);
}

static void shared_pages_stay_when_memory_is_taken_away(void **state)
{
	void *page = shared_page_alloc(&one);
	mfn_t m;

	(void)state;
	/* In the same part of the machine as frames of its own. */
	assert_int_equal(domain_frames_alloc(&one, 9, 0, &m), OK);
	assert_int_equal(domain_frames_alloc(&one, 9, 0, &m), OK);
	kill_domain(&one);
	assert_int_equal(domain_frames_release_all(&one), OK);
	assert_int_equal(page_get(mfn_to_page(arch_virt_to_mfn(page)), &one), OK);
	page_put(mfn_to_page(arch_virt_to_mfn(page)));
	shared_page_release(page);
}

static void memory_of_a_living_domain_is_not_taken_away(void **state)
{
	(void)state;
	(void)frame_of(&one);
	expect_panic((void)domain_frames_release_all(&one));
}

static void every_frame_lies_in_a_marked_part(void **state)
{
	bool found_low = false, found_high = false;
	uint64_t previous = 0;
	mfn_t low, high;

	(void)state;
	assert_int_equal(domain_frames_alloc(&one, 0, 24, &low), OK);
	assert_int_equal(domain_frames_alloc(&one, 0, 0, &high), OK);
	domain_frames_for_each_region (first, &one) {
		assert_true(first >= previous);
		assert_int_equal(first % DOMAIN_REGION_FRAMES, 0);
		previous = first + 1;
		found_low |= low.v - first < DOMAIN_REGION_FRAMES;
		found_high |= high.v - first < DOMAIN_REGION_FRAMES;
	}
	assert_true(found_low && found_high);
	domain_frames_for_each_region (first, &two)
		fail();
}

static void claim_becomes_memory(void **state)
{
	mfn_t m;

	(void)state;
	assert_int_equal(frames_claim(&one, 16), OK);
	assert_int_equal(domain_frames_alloc(&one, 3, 0, &m), OK);
	assert_int_equal(one.pages_claimed, 8);
	assert_int_equal(domain_frames_alloc(&one, 4, 0, &m), OK);
	assert_int_equal(one.pages_claimed, 0);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(new_frames_are_the_domains_and_counted),
		test(frames_over_the_limit_are_refused),
		test(no_memory_is_refused_and_nothing_counted),
		test(no_memory_for_the_marks_gives_the_frames_back),
		test(dying_domain_gets_no_frames),
		test(owning_frames_holds_one_reference_to_the_domain),
		test(frame_that_nothing_refers_to_can_be_given_back),
		test(frame_that_is_referred_to_cannot_be_given_back),
		test(typed_frame_cannot_be_given_back),
		test(frame_of_another_domain_cannot_be_given_back),
		test(frame_that_is_no_memory_cannot_be_given_back),
		test(frame_cannot_be_given_back_twice),
		test(taken_frame_is_out_of_reach_until_it_comes_back),
		test(given_frames_may_exceed_the_limit),
		test(all_memory_of_a_dying_domain_is_taken_away),
		test(teardown_goes_on_where_it_was_interrupted),
		test(teardown_looks_at_the_clock_after_each_table),
		test(frame_that_others_refer_to_outlives_the_domains_death),
		test(frame_with_all_references_given_out_goes_with_the_last_of_them),
		test(pinned_table_with_all_references_given_out_lets_go_of_what_is_below_it),
		test(shared_pages_stay_when_memory_is_taken_away),
		test(memory_of_a_living_domain_is_not_taken_away),
		test(every_frame_lies_in_a_marked_part),
		test(claim_becomes_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
