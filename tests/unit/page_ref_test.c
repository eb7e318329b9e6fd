/* General references to frames, and pages that the hypervisor shares. */
#include "fakes/mm_fake.h"

#include <hyp/page_table.h>

static struct domain one, two;

static int setup(void **state)
{
	mm_domain_init(&one, 1, 100);
	mm_domain_init(&two, 2, 100);
	return mm_setup(state);
}

static struct page *frame_of(struct domain *d)
{
	mfn_t m;

	assert_int_equal(domain_frames_alloc(d, 0, 0, &m), OK);
	return mfn_to_page(m);
}

static void reference_is_for_the_owner_named(void **state)
{
	struct page *p = frame_of(&one);

	(void)state;
	assert_int_equal(page_get(p, &two), E_INVAL);
	assert_int_equal(p->count & PAGE_COUNT_MASK, 1);
	assert_int_equal(page_get(p, &one), OK);
	assert_int_equal(p->count & PAGE_COUNT_MASK, 2);
}

static void frame_without_references_cannot_be_caught_hold_of(void **state)
{
	struct page *p = frames_alloc(0, 0);

	(void)state;
	p->owner = one.id;
	assert_int_equal(page_get(p, &one), E_INVAL);
	assert_int_equal(p->count, 0);
}

static void free_frame_cannot_be_caught_hold_of(void **state)
{
	(void)state;
	one.id = DOMID_INVALID;
	for (uint64_t m = FAKE_MAIN_START; m < FAKE_MAIN_END; m++)
		assert_int_equal(page_get(mfn_to_page(mfn(m)), &one), E_INVAL);
	one.id = 0;
	assert_int_equal(page_get(mfn_to_page(mfn(FAKE_LOW_END)), &one), E_INVAL);
}

static void reference_beyond_the_last_that_can_be_counted_is_refused(void **state)
{
	struct page *p = frame_of(&one);

	(void)state;
	p->count = PAGE_COUNT_ALLOCATED | (PAGE_COUNT_MAX - 1);
	assert_int_equal(page_get(p, &one), OK);
	assert_int_equal(page_get(p, &one), E_BUSY);
	assert_int_equal(p->count, PAGE_COUNT_ALLOCATED | PAGE_COUNT_MAX);
}

/* A guest can map one frame 2^28 times; then the frame goes in and out of use as a page table, interrupted. */
static void table_with_all_references_given_out_goes_in_and_out_of_use(void **state)
{
	struct page *p = frame_of(&one);

	(void)state;
	spin_lock(&one.mm_lock);
	p->count = PAGE_COUNT_ALLOCATED | (PAGE_COUNT_MAX - 1);
	assert_int_equal(page_get(p, &one), OK);
	assert_int_equal(page_table_get(&one, p, 1), OK);
	assert_int_equal(p->count, PAGE_COUNT_ALLOCATED | PAGE_COUNT_MAX);
	page_table_put(&one, p);
	assert_int_equal(p->count & ~PAGE_COUNT_MASK, PAGE_COUNT_ALLOCATED);
	assert_int_equal(page_table_settle(&one, p), E_RESTART);
	assert_int_equal(page_table_undo(&one), OK);
	assert_int_equal(p->count, PAGE_COUNT_ALLOCATED | (PAGE_COUNT_MAX - 1));
	spin_unlock(&one.mm_lock);
}

static void last_reference_gives_the_frame_back(void **state)
{
	struct page *p = frame_of(&one);
	uint64_t free = frames_free_count();

	(void)state;
	arch_m2p_set(page_to_mfn(p), 77);
	assert_int_equal(page_get(p, &one), OK);
	p->count &= ~PAGE_COUNT_ALLOCATED;
	page_put(p);
	assert_int_equal(one.pages, 1);
	page_put(p);
	assert_int_equal(one.pages, 0);
	assert_int_equal(frames_free_count(), free + 1);
	assert_int_equal(arch_m2p_get(page_to_mfn(p)), M2P_INVALID);
	assert_int_equal(page_get(p, &one), E_INVAL);
}

static void dropping_what_nobody_holds_stops_the_machine(void **state)
{
	(void)state;
	expect_panic(page_put(frames_alloc(0, 0)));
}

static void dropping_the_owners_reference_without_its_flag_stops_the_machine(void **state)
{
	struct page *p = frame_of(&one);

	(void)state;
	expect_panic(page_put(p));
}

static void freeing_a_frame_that_is_still_typed_stops_the_machine(void **state)
{
	struct page *p = frame_of(&one);

	(void)state;
	p->type = PAGE_TYPE_WRITABLE | 1;
	p->count = 1;
	expect_panic(page_put(p));
}

static void shared_page_belongs_to_the_domain_but_not_to_its_reservation(void **state)
{
	void *page = shared_page_alloc(&one);
	struct page *p = mfn_to_page(arch_virt_to_mfn(page));

	(void)state;
	assert_true(frame_is_zero(page_to_mfn(p)));
	assert_int_equal(one.shared_pages, 1);
	assert_int_equal(one.pages, 0);
	assert_int_equal(page_get(p, &two), E_INVAL);
	assert_int_equal(page_get(p, &one), OK);
}

static void released_shared_page_goes_with_the_last_mapping(void **state)
{
	void *page = shared_page_alloc(&one);
	struct page *p = mfn_to_page(arch_virt_to_mfn(page));
	uint64_t free = frames_free_count();

	(void)state;
	assert_int_equal(page_get(p, &one), OK);
	shared_page_release(page);
	assert_int_equal(one.shared_pages, 0);
	assert_int_equal(frames_free_count(), free);
	assert_int_equal(page_get(p, &one), E_INVAL);
	page_put(p);
	assert_int_equal(frames_free_count(), free + 1);
}

static void shared_page_is_not_given_back_by_ballooning(void **state)
{
	void *page = shared_page_alloc(&one);

	(void)state;
	assert_int_not_equal(domain_frame_release(&one, arch_virt_to_mfn(page)), OK);
	assert_int_equal(page_get(mfn_to_page(arch_virt_to_mfn(page)), &one), OK);
}

static void page_of_the_hypervisor_has_no_owner_to_be_named_by(void **state)
{
	void *page = hv_page_alloc();

	(void)state;
	one.id = DOMID_XEN;
	assert_int_equal(page_get(mfn_to_page(arch_virt_to_mfn(page)), &one), E_INVAL);
	hv_page_free(page);
	hv_page_free(NULL);
	shared_page_release(NULL);
	assert_int_equal(frames_free_count(), FAKE_FRAMES);
}

static void no_memory_gives_no_page(void **state)
{
	(void)state;
	fake_memory_leave(0);
	assert_null(hv_page_alloc());
	assert_null(shared_page_alloc(&one));
	assert_int_equal(one.shared_pages, 0);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(reference_is_for_the_owner_named),
		test(frame_without_references_cannot_be_caught_hold_of),
		test(free_frame_cannot_be_caught_hold_of),
		test(reference_beyond_the_last_that_can_be_counted_is_refused),
		test(table_with_all_references_given_out_goes_in_and_out_of_use),
		test(last_reference_gives_the_frame_back),
		test(dropping_what_nobody_holds_stops_the_machine),
		test(dropping_the_owners_reference_without_its_flag_stops_the_machine),
		test(freeing_a_frame_that_is_still_typed_stops_the_machine),
		test(shared_page_belongs_to_the_domain_but_not_to_its_reservation),
		test(released_shared_page_goes_with_the_last_mapping),
		test(shared_page_is_not_given_back_by_ballooning),
		test(page_of_the_hypervisor_has_no_owner_to_be_named_by),
		test(no_memory_gives_no_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
