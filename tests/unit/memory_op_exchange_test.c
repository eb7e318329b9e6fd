/* memory_op exchange: what it gives and takes, each refusal, interruption at each chunk, guest memory that fails. */
#include "fakes/memory_calls.h"

static struct xen_memory_exchange exchange(uint64_t in, unsigned int in_order, uint64_t new, unsigned int out_order)
{
	struct xen_memory_exchange x = {
		.in = reservation(DOMID_SELF, in, in_order), .out = reservation(DOMID_SELF, new, out_order)};

	fake_guest_handle(x.out.extent_start, OUT);
	return x;
}

static long do_exchange(struct xen_memory_exchange x) { return call(v0, XENMEM_exchange, &x, sizeof(x)); }
static uint64_t exchanged(void) { return ((struct xen_memory_exchange *)fake_guest(ARG))->nr_exchanged; }

static void exchange_gives_a_contiguous_block_below_the_address(void **state)
{
	struct xen_memory_exchange x = exchange(64, 0, 1, 6);
	mfn_t old[64];

	(void)state;
	assert_int_equal(populate(v0, DOMID_SELF, 64, 0), 64);
	for (unsigned int i = 0; i < 64; i++)
		old[i] = mfn(*list(i));
	*out(0) = 5000;
	x.out.mem_flags = XENMEMF_address_bits(32);
	assert_int_equal(do_exchange(x), 0);
	assert_int_equal(exchanged(), 64);
	assert_int_equal(dom0->pages, 64);
	assert_true(*out(0) + 64 <= BIT(20));
	for (unsigned int i = 0; i < 64; i++) {
		assert_int_equal(arch_m2p_get(mfn(*out(0) + i)), 5000 + i);
		assert_int_equal(mfn_to_page(mfn(*out(0) + i))->owner, 0);
		assert_int_equal(mfn_to_page(mfn(*out(0) + i))->count, 1 | PAGE_COUNT_ALLOCATED);
		assert_int_equal(page_get(mfn_to_page(old[i]), dom0), E_INVAL);
		assert_int_equal(arch_m2p_get(old[i]), M2P_INVALID);
	}
}

static void exchange_into_smaller_extents_names_each(void **state)
{
	(void)state;
	assert_int_equal(populate(v0, DOMID_SELF, 2, 2), 2);
	for (unsigned int i = 0; i < 4; i++)
		*out(i) = 100 * i;
	assert_int_equal(do_exchange(exchange(2, 2, 4, 1)), 0);
	assert_int_equal(exchanged(), 2);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(arch_m2p_get(mfn(*out(i) + 1)), 100 * i + 1);
}

static void exchange_works_at_the_domains_limit(void **state)
{
	(void)state;
	dom0->pages_max = 4;
	assert_int_equal(populate(v0, DOMID_SELF, 4, 0), 4);
	assert_int_equal(do_exchange(exchange(4, 0, 1, 2)), 0);
	assert_int_equal(dom0->pages, 4);
}

static void exchange_that_finds_no_memory_changes_nothing(void **state)
{
	struct xen_memory_exchange x = exchange(4, 0, 1, 2);

	(void)state;
	assert_int_equal(populate(v0, DOMID_SELF, 4, 0), 4);
	*out(0) = 42;
	x.out.mem_flags = XENMEMF_address_bits(13);
	assert_int_equal(do_exchange(x), E_NOMEM);
	assert_int_equal(exchanged(), 0);
	assert_int_equal(*out(0), 42);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(mfn_to_page(mfn(*list(i)))->count, 1 | PAGE_COUNT_ALLOCATED);
	assert_int_equal(dom0->pages, 4);
}

static void exchange_of_a_frame_in_use_changes_nothing_in_its_chunk(void **state)
{
	uint64_t free;
	struct page *p;

	(void)state;
	assert_int_equal(populate(v0, DOMID_SELF, 8, 0), 8);
	p = mfn_to_page(mfn(*list(6)));
	assert_int_equal(page_get(p, dom0), OK);
	free = frames_free_count();
	assert_int_equal(do_exchange(exchange(8, 0, 2, 2)), E_BUSY);
	assert_int_equal(exchanged(), 4);
	assert_int_equal(dom0->pages, 8);
	assert_int_equal(frames_free_count(), free);
	for (unsigned int i = 4; i < 8; i++)
		assert_int_equal(mfn_to_page(mfn(*list(i)))->count, (i == 6 ? 2 : 1) | PAGE_COUNT_ALLOCATED);
	page_put(p);
}

static void exchange_of_the_same_frame_twice_is_refused(void **state)
{
	(void)state;
	assert_int_equal(populate(v0, DOMID_SELF, 2, 0), 2);
	*list(1) = *list(0);
	assert_int_equal(do_exchange(exchange(2, 0, 1, 1)), E_INVAL);
	assert_int_equal(mfn_to_page(mfn(*list(0)))->count, 1 | PAGE_COUNT_ALLOCATED);
	assert_int_equal(dom0->pages, 2);
}

static void exchange_of_frames_of_another_domain_is_refused(void **state)
{
	(void)state;
	assert_int_equal(populate(v0, 7, 2, 0), 2);
	assert_int_equal(do_exchange(exchange(2, 0, 1, 1)), E_INVAL);
	assert_int_equal(domu->pages, 2);
}

static void exchange_arguments_that_do_not_fit_are_refused(void **state)
{
	struct xen_memory_exchange x;

	(void)state;
	assert_int_equal(do_exchange(exchange(4, 0, 1, 1)), E_INVAL);
	assert_int_equal(do_exchange(exchange(1, 10, 1, 10)), E_PERM);
	assert_int_equal(do_exchange(exchange(1, 0, 1, 64)), E_PERM);
	assert_int_equal(do_exchange(exchange(UINT64_MAX, 1, UINT64_MAX, 1)), E_INVAL);
	assert_int_equal(do_exchange(exchange(BIT(62), 2, 0, 0)), E_INVAL);
	x = exchange(4, 0, 1, 2);
	x.nr_exchanged = 5;
	assert_int_equal(do_exchange(x), E_INVAL);
	x.nr_exchanged = 1;
	assert_int_equal(do_exchange(x), E_INVAL);
	x = exchange(4, 0, 1, 2);
	x.out.domid = 7;
	assert_int_equal(do_exchange(x), E_INVAL);
	x.in.domid = 7;
	assert_int_equal(do_exchange(x), E_PERM);
	x = exchange(3, 0, 1, 2);
	assert_int_equal(do_exchange(x), E_INVAL);
	assert_int_equal(do_exchange(exchange(0, 0, 0, 0)), 0);
}

static void exchange_slots_are_checked_where_they_are_accessed(void **state)
{
	struct xen_memory_exchange x = exchange(1, 0, 1, 0);

	(void)state;
	assert_int_equal(populate(v0, DOMID_SELF, 1, 0), 1);
	fake_guest_handle(x.out.extent_start, BAD);
	assert_int_equal(do_exchange(x), E_FAULT);
	fake_guest_handle(x.out.extent_start, FAKE_GUEST_END - 4);
	assert_int_equal(do_exchange(x), E_FAULT);
	/* The list starts in the guest's memory, and the slot to be written is far beyond its end. */
	x = exchange(UINT64_C(1) << 40, 0, UINT64_C(1) << 40, 0);
	x.nr_exchanged = UINT64_C(1) << 39;
	assert_int_equal(do_exchange(x), E_FAULT);
	assert_int_equal(exchanged(), UINT64_C(1) << 39);
	assert_int_equal(dom0->pages, 1);
	assert_int_equal(mfn_to_page(mfn(*list(0)))->count, 1 | PAGE_COUNT_ALLOCATED);
}

static void exchange_undoes_its_chunk_whichever_access_fails(void **state)
{
	(void)state;
	for (unsigned int fail = 1; fail <= 6; fail++) {
		struct xen_memory_exchange x = exchange(2, 0, 1, 1);
		uint64_t free;

		assert_int_equal(populate(v0, DOMID_SELF, 2, 0), 2);
		free = frames_free_count();
		memcpy(fake_guest(ARG), &x, sizeof(x));
		fake_guest_fail_at(fail);
		assert_int_equal(call_from(v0, XENMEM_exchange, ARG), E_FAULT);
		fake_guest_fail_at(0);
		assert_int_equal(frames_free_count(), free);
		assert_int_equal(dom0->pages, fail * 2);
	}
}

static void interrupted_exchange_goes_on_at_the_next_chunk(void **state)
{
	struct xen_memory_exchange x = exchange(8, 0, 4, 1);
	struct hypercall h = {.arg = {XENMEM_exchange, ARG}};

	(void)state;
	assert_int_equal(populate(v0, DOMID_SELF, 8, 0), 8);
	for (unsigned int i = 0; i < 4; i++)
		*out(i) = 10 * i;
	memcpy(fake_guest(ARG), &x, sizeof(x));
	for (unsigned int i = 1; i < 4; i++) {
		fake_preempt_in = 1;
		assert_int_equal(hypercall_memory_op(v0, &h), E_RESTART);
		assert_int_equal(h.arg[0], XENMEM_exchange);
		assert_int_equal(exchanged(), i * 2);
	}
	assert_int_equal(hypercall_memory_op(v0, &h), 0);
	assert_int_equal(exchanged(), 8);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(arch_m2p_get(mfn(*out(i))), 10 * i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(exchange_gives_a_contiguous_block_below_the_address),
		test(exchange_into_smaller_extents_names_each),
		test(exchange_works_at_the_domains_limit),
		test(exchange_that_finds_no_memory_changes_nothing),
		test(exchange_of_a_frame_in_use_changes_nothing_in_its_chunk),
		test(exchange_of_the_same_frame_twice_is_refused),
		test(exchange_of_frames_of_another_domain_is_refused),
		test(exchange_arguments_that_do_not_fit_are_refused),
		test(exchange_slots_are_checked_where_they_are_accessed),
		test(exchange_undoes_its_chunk_whichever_access_fails),
		test(interrupted_exchange_goes_on_at_the_next_chunk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
