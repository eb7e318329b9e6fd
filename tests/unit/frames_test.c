/* The frame allocator: blocks, zones, scrubbing, TLBs, claims. */
#include "fakes/mm_fake.h"

static struct domain one, two;

static int setup(void **state)
{
	mm_domain_init(&one, 1, UINT64_MAX);
	mm_domain_init(&two, 2, UINT64_MAX);
	one.control.has_run = two.control.has_run = true;
	return mm_setup(state);
}

static void block_is_aligned_scrubbed_and_unreferenced(void **state)
{
	(void)state;
	for (unsigned int order = 0; order <= 10; order++) {
		struct page *p = frames_alloc(order, 0);

		assert_non_null(p);
		assert_int_equal(page_to_mfn(p).v & (BIT(order) - 1), 0);
		for (uint64_t i = 0; i < BIT(order); i++) {
			assert_int_equal(p[i].count, 0);
			assert_int_equal(p[i].type, 0);
			assert_int_equal(p[i].owner, DOMID_XEN);
			assert_true(frame_is_zero(page_to_mfn(&p[i])));
		}
	}
}

static void every_frame_of_the_machine_is_given_out_once(void **state)
{
	static bool seen[FAKE_HIGH_END];
	uint64_t count = 0;
	struct page *p;

	(void)state;
	memset(seen, 0, sizeof(seen));
	while ((p = frames_alloc(0, 0))) {
		assert_true(fake_memory_has(page_to_mfn(p)));
		assert_false(seen[page_to_mfn(p).v]);
		seen[page_to_mfn(p).v] = true;
		count++;
	}
	assert_int_equal(count, FAKE_FRAMES);
	assert_int_equal(frames_free_count(), 0);
}

static void ranges_of_any_alignment_are_added_whole(void **state)
{
	(void)state;
	fake_memory_init_empty(FAKE_FRAMES);
	frames_add(mfn(0x103), mfn(0x107));
	frames_add(mfn(0x109), mfn(0x10a));
	assert_int_equal(frames_total_count(), 5);
	assert_int_equal(frames_free_count(), 5);
	assert_null(frames_alloc(2, 0));
	for (unsigned int i = 0; i < 5; i++)
		assert_non_null(frames_alloc(0, 0));
	assert_null(frames_alloc(0, 0));
}

static void frame_zero_is_never_memory(void **state)
{
	(void)state;
	fake_memory_init_empty(FAKE_FRAMES);
	frames_add(mfn(0), mfn(4));
	assert_int_equal(frames_free_count(), 3);
}

static void freed_frames_merge_into_the_largest_block(void **state)
{
	struct page *block, *pages[4];

	(void)state;
	fake_memory_init_empty(FAKE_FRAMES);
	frames_add(mfn(0x400), mfn(0x404));
	for (unsigned int i = 0; i < 4; i++)
		pages[i] = frames_alloc(0, 0);
	assert_null(frames_alloc(0, 0));
	for (unsigned int i = 0; i < 4; i++)
		frames_free(pages[(i * 3) % 4], 0, i & 1);
	block = frames_alloc(2, 0);
	assert_non_null(block);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(frame_is_zero(page_to_mfn(&block[i])));
}

static void order_beyond_the_largest_is_refused(void **state)
{
	(void)state;
	assert_null(frames_alloc(PAGE_ORDER_MAX + 1, 0));
	assert_null(frames_alloc(63, 0));
	assert_null(frames_alloc(64, 0));
}

static void block_lies_below_the_address_that_is_asked_for(void **state)
{
	(void)state;
	for (unsigned int bits = 14; bits <= 44; bits++) {
		struct page *p = frames_alloc(1, bits);

		assert_non_null(p);
		assert_true(page_to_mfn(p).v + 2 <= BIT(bits - PAGE_SHIFT));
	}
	assert_null(frames_alloc(0, 12));
	assert_null(frames_alloc(0, 1));
	assert_non_null(frames_alloc(0, 255));
}

static void low_memory_is_kept_for_last(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3072; i++)
		assert_true(page_to_mfn(frames_alloc(0, 0)).v >= 0x100000);
	assert_true(page_to_mfn(frames_alloc(0, 0)).v < 0x100000);
}

static void what_was_written_is_gone_when_a_frame_is_given_out_again(void **state)
{
	struct page *p = frames_alloc(3, 0);

	(void)state;
	memset(arch_frame_map(page_to_mfn(p + 5)), 0x77, PAGE_BYTES);
	frames_free(p, 3, true);
	fake_memory_leave(0);
	assert_true(frame_is_zero(page_to_mfn(p + 5)));
}

static void who_takes_frames_as_found_finds_what_was_written(void **state)
{
	struct page *p = frames_alloc(3, 0), *found;
	bool seen = false;

	(void)state;
	memset(arch_frame_map(page_to_mfn(p + 5)), 0x77, PAGE_BYTES);
	frames_free(p, 3, true);
	while ((found = frames_alloc_as_found(&one, 0))) {
		assert_int_equal(found->count, 0);
		assert_int_equal(found->owner, DOMID_XEN);
		if (found == p + 5)
			seen = ((uint8_t *)arch_frame_map(page_to_mfn(found)))[PAGE_BYTES - 1] == 0x77;
	}
	assert_true(seen);
	/* What is left is the reserve, and as dirty as it was; what was taken no longer counts. */
	assert_int_equal(frames_dirty_count(), frames_free_count());
}

static void idle_cpus_leave_nothing_dirty(void **state)
{
	unsigned int steps = 0;

	(void)state;
	assert_int_equal(frames_dirty_count(), FAKE_FRAMES);
	while (frames_scrub_some()) {
		assert_int_equal(frames_free_count(), FAKE_FRAMES);
		assert_true(++steps <= FAKE_FRAMES + 64);
		assert_true(frames_dirty_count() >= FAKE_FRAMES - steps);
	}
	assert_int_equal(frames_dirty_count(), 0);
	for (uint64_t m = FAKE_HIGH_START; m < FAKE_HIGH_END; m++)
		assert_int_equal(frame_table[m].count & PAGE_COUNT_DIRTY, 0);
	assert_non_null(frames_alloc(11, 0));
}

/* Blocks stay whole, and whoever takes one gets zeroes, however far an idle CPU has come in it. */
static void a_block_can_be_taken_while_it_is_scrubbed(void **state)
{
	struct page *p = frames_alloc(8, 0);

	(void)state;
	fake_memory_leave(0);
	for (unsigned int done = 0; done <= 256; done += 64) {
		for (unsigned int i = 0; i < 256; i++)
			memset(arch_frame_map(page_to_mfn(p + i)), 0x77, PAGE_BYTES);
		frames_free(p, 8, true);
		for (unsigned int i = 0; i < done; i++)
			assert_true(frames_scrub_some());
		assert_int_equal(frames_dirty_count(), 256 - done);
		assert_ptr_equal(frames_alloc(8, 0), p);
		assert_int_equal(frames_dirty_count(), 0);
		for (unsigned int i = 0; i < 256; i++)
			assert_true(frame_is_zero(page_to_mfn(p + i)));
	}
}

static void a_dirty_frame_in_the_middle_is_found_by_idle_cpus(void **state)
{
	struct page *p;

	(void)state;
	while (frames_scrub_some())
		;
	p = frames_alloc(8, 0);
	memset(arch_frame_map(page_to_mfn(p + 77)), 1, PAGE_BYTES);
	for (unsigned int i = 0; i < 256; i++)
		frames_free(p + i, 0, i == 77);
	assert_int_equal(frames_dirty_count(), 1);
	/* It waits for a flush, and comes into its place when the memory is needed. */
	fake_memory_leave(FAKE_FRAMES - 1);
	while (frames_scrub_some())
		;
	fake_memory_leave(0);
	assert_int_equal(frames_dirty_count(), 0);
	for (unsigned int i = 0; i < 256; i++)
		assert_true(frame_is_zero(page_to_mfn(p + i)));
}

static void stale_translation_is_flushed_before_the_next_owner_gets_the_frame(void **state)
{
	struct page *p = frames_alloc(0, 0);
	mfn_t m = page_to_mfn(p);

	(void)state;
	fake_tlb_load(2, m);
	frames_free(p, 0, true);
	assert_true(fake_tlb_has(2, m));
	fake_memory_leave(0);
	assert_false(fake_tlb_has(2, m));
}

static void writes_through_a_stale_translation_hurt_nothing(void **state)
{
	struct page *p[64];

	(void)state;
	while (frames_scrub_some())
		;
	for (unsigned int i = 0; i < 64; i++)
		p[i] = frames_alloc(0, 0);
	for (unsigned int i = 0; i < 64; i++) {
		fake_tlb_load(1, page_to_mfn(p[i]));
		frames_free(p[i], 0, true);
		memset(arch_frame_map(page_to_mfn(p[i])), 0xff, PAGE_BYTES);
	}
	/* Whoever still has a translation writes; what is not under one any more is the allocator's. */
	fake_memory_leave(32);
	for (unsigned int i = 0; i < 64; i++)
		if (fake_tlb_has(1, page_to_mfn(p[i])))
			memset(arch_frame_map(page_to_mfn(p[i])), 0xff, PAGE_BYTES);
	fake_memory_leave(0);
	assert_int_equal(frames_free_count(), 0);
	for (unsigned int i = 0; i < 64; i++) {
		assert_false(fake_tlb_has(1, page_to_mfn(p[i])));
		assert_true(frame_is_zero(page_to_mfn(p[i])));
	}
}

static void no_more_than_a_few_frames_wait_for_a_flush(void **state)
{
	struct page *p[300];

	(void)state;
	for (unsigned int i = 0; i < 300; i++)
		p[i] = frames_alloc(0, 0);
	fake_tlb_flush_calls = 0;
	for (unsigned int i = 0; i < 255; i++)
		frames_free(p[i], 0, true);
	assert_int_equal(fake_tlb_flush_calls, 0);
	for (unsigned int i = 255; i < 300; i++)
		frames_free(p[i], 0, true);
	assert_int_equal(fake_tlb_flush_calls, 1);
}

static void stale_translation_is_flushed_before_idle_scrubbing(void **state)
{
	struct page *p;

	(void)state;
	while (frames_scrub_some())
		;
	p = frames_alloc(4, 0);
	fake_tlb_load(3, page_to_mfn(p));
	frames_free(p, 4, true);
	assert_true(frames_scrub_some());
	assert_false(fake_tlb_has(3, page_to_mfn(p)));
}

static void idle_cpus_do_not_interrupt_others_for_a_frame(void **state)
{
	struct page *p;

	(void)state;
	while (frames_scrub_some())
		;
	p = frames_alloc(0, 0);
	fake_tlb_load(3, page_to_mfn(p));
	fake_tlb_flush_calls = 0;
	frames_free(p, 0, true);
	assert_false(frames_scrub_some());
	assert_int_equal(fake_tlb_flush_calls, 0);
	assert_int_equal(frames_dirty_count(), 1);
}

static void cpus_that_have_flushed_meanwhile_are_not_flushed_again(void **state)
{
	struct page *p;

	(void)state;
	fake_memory_init_empty(FAKE_FRAMES);
	frames_add(mfn(0x100), mfn(0x101));
	p = frames_alloc(0, 0);
	frames_free(p, 0, true);
	for (unsigned int cpu = 0; cpu < 3; cpu++)
		fake_tlb_flush_own(cpu);
	fake_tlb_flush_calls = 0;
	assert_ptr_equal(frames_alloc(0, 0), p);
	assert_int_equal(fake_tlb_flush_calls, 1);
	assert_int_equal(cpuset_count(&fake_tlb_flush_last), 1);
	assert_true(cpuset_has(&fake_tlb_flush_last, 3));
}

static void a_block_is_flushed_for_once_not_once_per_part(void **state)
{
	(void)state;
	assert_non_null(frames_alloc(0, 0));
	fake_tlb_flush_calls = 0;
	for (unsigned int i = 0; i < 100; i++)
		assert_non_null(frames_alloc(0, 0));
	assert_int_equal(fake_tlb_flush_calls, 0);
}

static void freeing_twice_stops_the_machine(void **state)
{
	struct page *p = frames_alloc(1, 0);

	(void)state;
	frames_free(p, 1, true);
	expect_panic(frames_free(p, 1, true));
	expect_panic(frames_free(p + 1, 0, true));
}

static void freeing_a_referenced_frame_stops_the_machine(void **state)
{
	struct page *p = frames_alloc(0, 0);

	(void)state;
	p->count = 1;
	expect_panic(frames_free(p, 0, true));
}

static void reserve_is_kept_from_domains_but_not_from_the_hypervisor(void **state)
{
	(void)state;
	fake_memory_leave(frames_total_count() / 128 + 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_non_null(frames_alloc_for(&one, 0, 0));
	assert_null(frames_alloc_for(&one, 0, 0));
	assert_int_equal(frames_available_count(), 0);
	assert_non_null(frames_alloc(0, 0));
}

/* As the tools add up what is free and what a new domain needs. */
static void who_builds_a_domain_can_have_all_that_is_free(void **state)
{
	(void)state;
	two.control.has_run = false;
	fake_memory_leave(150);
	assert_int_equal(frames_claim(&two, 100), OK);
	for (unsigned int i = 0; i < 150; i++)
		assert_non_null(frames_alloc_for(&two, 0, 0));
	assert_null(frames_alloc_for(&two, 0, 0));
}

static void claimed_frames_can_be_had_when_the_hypervisor_has_taken_all_others(void **state)
{
	(void)state;
	assert_int_equal(frames_claim(&one, frames_available_count()), OK);
	fake_memory_leave(0);
	while (one.pages_claimed)
		assert_non_null(frames_alloc_for(&one, 0, 0));
	assert_null(frames_alloc_for(&one, 0, 0));
}

static void claimed_frames_are_for_the_claimer(void **state)
{
	uint64_t free = frames_available_count();

	(void)state;
	assert_int_equal(frames_claim(&one, 100), OK);
	assert_int_equal(frames_claimed_count(), 100);
	assert_int_equal(frames_available_count(), free - 100);
	fake_memory_leave(frames_total_count() / 128 + 100);
	assert_null(frames_alloc_for(&two, 0, 0));
	for (unsigned int i = 0; i < 100; i++)
		assert_non_null(frames_alloc_for(&one, 0, 0));
	assert_int_equal(frames_claimed_count(), 0);
	assert_null(frames_alloc_for(&one, 0, 0));
}

static void hypervisor_does_not_take_claimed_frames(void **state)
{
	(void)state;
	assert_int_equal(frames_claim(&one, 100), OK);
	fake_memory_leave(0);
	assert_int_equal(frames_free_count(), 100);
}

static void claim_counts_what_the_domain_has_already(void **state)
{
	(void)state;
	one.pages = 40;
	assert_int_equal(frames_claim(&one, 100), OK);
	assert_int_equal(one.pages_claimed, 60);
}

static void claim_is_dropped_by_claiming_nothing(void **state)
{
	(void)state;
	assert_int_equal(frames_claim(&one, 0), OK);
	assert_int_equal(frames_claim(&one, 100), OK);
	assert_int_equal(frames_claim(&one, 0), OK);
	assert_int_equal(frames_claimed_count(), 0);
	assert_int_equal(frames_claim(&one, 50), OK);
}

static void second_claim_is_refused(void **state)
{
	(void)state;
	assert_int_equal(frames_claim(&one, 100), OK);
	assert_int_equal(frames_claim(&one, 200), E_INVAL);
	assert_int_equal(one.pages_claimed, 100);
}

static void claim_beyond_the_limit_or_of_nothing_new_is_refused(void **state)
{
	(void)state;
	one.pages_max = 50;
	one.pages = 20;
	assert_int_equal(frames_claim(&one, 51), E_INVAL);
	assert_int_equal(frames_claim(&one, 20), E_INVAL);
	assert_int_equal(frames_claim(&one, 10), E_INVAL);
	assert_int_equal(frames_claim(&one, 50), OK);
}

static void claim_of_more_than_there_is_is_refused(void **state)
{
	(void)state;
	assert_int_equal(frames_claim(&one, frames_available_count() + 1), E_NOMEM);
	assert_int_equal(frames_claim(&one, UINT64_MAX), E_NOMEM);
	assert_int_equal(frames_claim(&one, frames_available_count()), OK);
	assert_int_equal(frames_claim(&two, 1), E_NOMEM);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(block_is_aligned_scrubbed_and_unreferenced),
		test(every_frame_of_the_machine_is_given_out_once),
		test(ranges_of_any_alignment_are_added_whole),
		test(frame_zero_is_never_memory),
		test(freed_frames_merge_into_the_largest_block),
		test(order_beyond_the_largest_is_refused),
		test(block_lies_below_the_address_that_is_asked_for),
		test(low_memory_is_kept_for_last),
		test(what_was_written_is_gone_when_a_frame_is_given_out_again),
		test(who_takes_frames_as_found_finds_what_was_written),
		test(idle_cpus_leave_nothing_dirty),
		test(a_block_can_be_taken_while_it_is_scrubbed),
		test(a_dirty_frame_in_the_middle_is_found_by_idle_cpus),
		test(stale_translation_is_flushed_before_the_next_owner_gets_the_frame),
		test(writes_through_a_stale_translation_hurt_nothing),
		test(no_more_than_a_few_frames_wait_for_a_flush),
		test(stale_translation_is_flushed_before_idle_scrubbing),
		test(idle_cpus_do_not_interrupt_others_for_a_frame),
		test(cpus_that_have_flushed_meanwhile_are_not_flushed_again),
		test(a_block_is_flushed_for_once_not_once_per_part),
		test(freeing_twice_stops_the_machine),
		test(freeing_a_referenced_frame_stops_the_machine),
		test(reserve_is_kept_from_domains_but_not_from_the_hypervisor),
		test(who_builds_a_domain_can_have_all_that_is_free),
		test(claimed_frames_can_be_had_when_the_hypervisor_has_taken_all_others),
		test(claimed_frames_are_for_the_claimer),
		test(hypervisor_does_not_take_claimed_frames),
		test(claim_counts_what_the_domain_has_already),
		test(claim_is_dropped_by_claiming_nothing),
		test(second_claim_is_refused),
		test(claim_beyond_the_limit_or_of_nothing_new_is_refused),
		test(claim_of_more_than_there_is_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
