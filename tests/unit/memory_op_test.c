/* memory_op: each operation but exchange, each refusal, interruption at each extent, guest memory that fails. */
#include <hyp/grant.h>

#include "fakes/memory_calls.h"

/* The table */

static void unknown_operation_is_enosys(void **state)
{
	(void)state;
	for (uint64_t op = 29; op < 64; op++)
		assert_int_equal(call_from(v0, op, ARG), E_NOSYS);
	assert_int_equal(call_from(v0, 8, ARG), E_NOSYS);
	assert_int_equal(call_from(v0, XENMEM_get_pod_target, ARG), E_NOSYS);
}

static void operations_of_the_control_domain_are_refused_to_others(void **state)
{
	static const unsigned int ops[] = {XENMEM_machphys_mfn_list, XENMEM_machine_memory_map, XENMEM_exchange,
					   XENMEM_set_memory_map, XENMEM_claim_pages, XENMEM_acquire_resource};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ops); i++)
		assert_int_equal(call_from(vu, ops[i], ARG), E_PERM);
}

static void start_extent_is_refused_where_nothing_is_restartable(void **state)
{
	(void)state;
	assert_int_equal(call_from(v0, XENMEM_maximum_ram_page | 1 << 6, 0), E_INVAL);
	assert_int_equal(call_from(v0, XENMEM_exchange | 1 << 6, ARG), E_INVAL);
}

static void argument_in_bad_memory_is_efault(void **state)
{
	static const unsigned int ops[] = {0, 1, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 24, 27, 28};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ops); i++) {
		assert_int_equal(call_from(v0, ops[i], BAD), E_FAULT);
		assert_int_equal(call_from(v0, ops[i], UINT64_MAX - 4), E_FAULT);
		assert_int_equal(call_from(v0, ops[i], 0), E_FAULT);
	}
}

static void constant_answers_are_those_that_tools_expect(void **state)
{
	(void)state;
	assert_int_equal(call_from(v0, XENMEM_get_sharing_freed_pages, 0), 0);
	assert_int_equal(call_from(v0, XENMEM_get_sharing_shared_pages, 0), 0);
	assert_int_equal(call_from(v0, XENMEM_get_vnumainfo, ARG), E_OPNOTSUPP);
	assert_int_equal(call_from(v0, XENMEM_add_to_physmap, ARG), E_ACCES);
	assert_int_equal(call_from(v0, XENMEM_add_to_physmap_batch, ARG), E_ACCES);
	assert_int_equal(call_from(v0, XENMEM_remove_from_physmap, ARG), E_ACCES);
	assert_int_equal(call_from(v0, XENMEM_maximum_ram_page, 0), FAKE_HIGH_END - 1);
}

/* Reservations */

static void populate_gives_frames_and_names_them(void **state)
{
	(void)state;
	assert_int_equal(populate(vu, DOMID_SELF, 5, 2), 5);
	assert_int_equal(domu->pages, 20);
	for (unsigned int i = 0; i < 5; i++)
		for (unsigned int j = 0; j < 4; j++) {
			mfn_t m = mfn(*list(i) + j);

			assert_int_equal(arch_m2p_get(m), 1000 + i * 4 + j);
			assert_int_equal(mfn_to_page(m)->owner, domu->id);
			assert_true(frame_is_zero(m));
		}
}

static void populate_for_another_domain_is_for_the_control_domain(void **state)
{
	(void)state;
	assert_int_equal(populate(v0, domu->id, 3, 0), 3);
	assert_int_equal(domu->pages, 3);
	assert_int_equal(populate(vu, 0, 3, 0), 0);
	assert_int_equal(populate(vu, 99, 3, 0), 0);
	assert_int_equal(populate(v0, 99, 3, 0), 0);
	assert_int_equal(dom0->pages, 0);
}

static void populate_stops_at_the_limit_with_the_exact_count(void **state)
{
	(void)state;
	domu->pages_max = 7;
	assert_int_equal(populate(vu, DOMID_SELF, 4, 1), 3);
	assert_int_equal(domu->pages, 6);
	assert_int_equal(*list(3), 1006);
}

static void populate_stops_when_memory_ends_with_the_exact_count(void **state)
{
	(void)state;
	domu->control.has_run = true;
	assert_int_equal(populate(vu, DOMID_SELF, 1, 0), 1);
	fake_memory_leave(frames_total_count() / 128 + 2);
	assert_int_equal(populate(vu, DOMID_SELF, 5, 0), 2);
	assert_int_equal(domu->pages, 3);
}

static void populate_respects_the_address_width(void **state)
{
	struct xen_memory_reservation r = reservation(domu->id, 4, 0);

	(void)state;
	r.mem_flags = XENMEMF_address_bits(20);
	assert_int_equal(reserve(v0, XENMEM_populate_physmap, r), 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(*list(i) < 0x100);
	r.mem_flags = XENMEMF_address_bits(12);
	assert_int_equal(reserve(v0, XENMEM_populate_physmap, r), 0);
}

/* It could keep what devices need. */
static void a_guest_does_not_choose_low_memory(void **state)
{
	struct xen_memory_reservation r = reservation(DOMID_SELF, 1, 0);

	(void)state;
	r.mem_flags = XENMEMF_address_bits(20);
	assert_int_equal(reserve(vu, XENMEM_populate_physmap, r), 0);
	assert_int_equal(reserve(vu, XENMEM_increase_reservation, r), 0);
	r.mem_flags = XENMEMF_address_bits(arch_physical_address_bits() - 1);
	assert_int_equal(reserve(vu, XENMEM_populate_physmap, r), 0);
	r.mem_flags = XENMEMF_address_bits(arch_physical_address_bits());
	assert_int_equal(reserve(vu, XENMEM_populate_physmap, r), 1);
}

static void orders_beyond_two_mebibytes_are_refused(void **state)
{
	(void)state;
	for (unsigned int order = 10; order < 80; order++) {
		assert_int_equal(reserve(v0, XENMEM_populate_physmap, reservation(DOMID_SELF, 1, order)), 0);
		assert_int_equal(reserve(v0, XENMEM_increase_reservation, reservation(DOMID_SELF, 1, order)), 0);
		assert_int_equal(reserve(v0, XENMEM_decrease_reservation, reservation(DOMID_SELF, 1, order)), 0);
	}
	assert_int_equal(populate(vu, DOMID_SELF, 1, 9), 1);
}

static void counts_that_overflow_are_refused(void **state)
{
	static const uint64_t counts[] = {UINT64_MAX, UINT64_MAX >> 6, UINT64_MAX / 8, INT64_MAX, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
		struct xen_memory_reservation r = reservation(DOMID_SELF, counts[i], 0);

		fake_guest_handle(r.extent_start, UINT64_MAX - 15);
		assert_int_equal(reserve(vu, XENMEM_populate_physmap, r), 0);
		assert_int_equal(reserve(vu, XENMEM_decrease_reservation, r), 0);
	}
	assert_int_equal(domu->pages, 0);
}

static void flags_for_what_there_is_not_are_refused(void **state)
{
	static const unsigned int flags[] = {XENMEMF_populate_on_demand, XENMEMF_vnode, XENMEMF_exact_node(1),
					     XENMEMF_exact_node(254)};
	struct xen_memory_reservation r = reservation(DOMID_SELF, 1, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
		r.mem_flags = flags[i];
		assert_int_equal(reserve(vu, XENMEM_populate_physmap, r), 0);
	}
	r.mem_flags = XENMEMF_exact_node(0);
	assert_int_equal(reserve(vu, XENMEM_populate_physmap, r), 1);
	r.mem_flags = XENMEMF_node(3);
	assert_int_equal(reserve(vu, XENMEM_populate_physmap, r), 1);
}

static void extent_that_cannot_be_reported_is_taken_back(void **state)
{
	(void)state;
	/* The accesses: the argument, then for each extent its number in and out. */
	for (unsigned int fail = 2; fail <= 7; fail++) {
		uint64_t pages = domu->pages;
		unsigned int whole = (fail - 2) / 2;

		fake_guest_fail_at(fail);
		assert_int_equal(populate(vu, DOMID_SELF, 3, 1), whole);
		assert_int_equal(domu->pages, pages + whole * 2);
	}
}

static void slots_are_checked_where_they_are_accessed(void **state)
{
	struct xen_memory_reservation r = reservation(DOMID_SELF, 10, 0);

	(void)state;
	fake_guest_handle(r.extent_start, FAKE_GUEST_END - 3 * 8);
	assert_int_equal(reserve(vu, XENMEM_populate_physmap, r), 3);
	assert_int_equal(domu->pages, 3);
}

static void interrupted_call_keeps_the_next_extent_above_the_operation(void **state)
{
	struct xen_memory_reservation r = reservation(DOMID_SELF, 6, 0);
	struct hypercall h = {.arg = {XENMEM_populate_physmap, ARG}};

	(void)state;
	memcpy(fake_guest(ARG), &r, sizeof(r));
	for (uint64_t i = 1; i < 6; i++) {
		fake_preempt_in = 1;
		assert_int_equal(hypercall_memory_op(vu, &h), E_RESTART);
		assert_int_equal(h.arg[0], XENMEM_populate_physmap | i << 6);
		assert_int_equal(domu->pages, i);
	}
	fake_preempt_in = 1;
	assert_int_equal(hypercall_memory_op(vu, &h), 6);
	assert_int_equal(domu->pages, 6);
}

static void start_beyond_the_list_does_nothing(void **state)
{
	struct xen_memory_reservation r = reservation(DOMID_SELF, 6, 0);

	(void)state;
	assert_int_equal(call(vu, XENMEM_populate_physmap | 6 << 6, &r, sizeof(r)), 6);
	assert_int_equal(call(vu, XENMEM_populate_physmap | 100 << 6, &r, sizeof(r)), 100);
	assert_int_equal(domu->pages, 0);
}

static void increase_reports_frames_only_if_asked(void **state)
{
	struct xen_memory_reservation r = reservation(DOMID_SELF, 2, 0);

	(void)state;
	assert_int_equal(reserve(vu, XENMEM_increase_reservation, r), 2);
	assert_int_equal(mfn_to_page(mfn(*list(1)))->owner, domu->id);
	assert_int_equal(arch_m2p_get(mfn(*list(1))), M2P_INVALID);
	fake_guest_handle(r.extent_start, 0);
	assert_int_equal(reserve(vu, XENMEM_increase_reservation, r), 2);
	assert_int_equal(domu->pages, 4);
}

static void balloon_gives_back_what_nothing_refers_to(void **state)
{
	(void)state;
	assert_int_equal(populate(vu, DOMID_SELF, 6, 0), 6);
	assert_int_equal(reserve(vu, XENMEM_decrease_reservation, reservation(DOMID_SELF, 6, 0)), 6);
	assert_int_equal(domu->pages, 0);
	assert_int_equal(arch_m2p_get(mfn(*list(0))), M2P_INVALID);
}

static void balloon_stops_at_a_frame_that_is_referred_to(void **state)
{
	struct page *p;

	(void)state;
	assert_int_equal(populate(vu, DOMID_SELF, 6, 0), 6);
	p = mfn_to_page(mfn(*list(2)));
	assert_int_equal(page_get_with_writable(p, domu), OK);
	assert_int_equal(reserve(vu, XENMEM_decrease_reservation, reservation(DOMID_SELF, 6, 0)), 2);
	assert_int_equal(domu->pages, 4);
	page_put_with_writable(p);
	assert_int_equal(call(vu, XENMEM_decrease_reservation | 2 << 6,
			      &(struct xen_memory_reservation){.extent_start.p = (void *)(uintptr_t)LIST,
							       .nr_extents = 6, .domid = DOMID_SELF},
			      sizeof(struct xen_memory_reservation)), 6);
	assert_int_equal(domu->pages, 0);
}

static void frames_of_others_and_no_frames_cannot_be_given_back(void **state)
{
	(void)state;
	assert_int_equal(populate(v0, DOMID_SELF, 1, 0), 1);
	assert_int_equal(reserve(vu, XENMEM_decrease_reservation, reservation(DOMID_SELF, 1, 0)), 0);
	*list(0) = UINT64_MAX;
	assert_int_equal(reserve(vu, XENMEM_decrease_reservation, reservation(DOMID_SELF, 1, 9)), 0);
	*list(0) = frame_count;
	assert_int_equal(reserve(vu, XENMEM_decrease_reservation, reservation(DOMID_SELF, 1, 0)), 0);
	*list(0) = arch_virt_to_mfn(domu->shared_info).v;
	assert_int_equal(reserve(vu, XENMEM_decrease_reservation, reservation(DOMID_SELF, 1, 0)), 0);
	assert_int_equal(dom0->pages, 1);
}

static void reservations_are_told_to_the_domain_and_to_its_controller(void **state)
{
	struct xen_memory_domain self = {DOMID_SELF}, other = {7}, none = {99}, zero = {0};

	(void)state;
	assert_int_equal(populate(vu, DOMID_SELF, 6, 0), 6);
	assert_int_equal(call(vu, XENMEM_current_reservation, &self, sizeof(self)), 6);
	assert_int_equal(call(v0, XENMEM_current_reservation, &other, sizeof(other)), 6);
	assert_int_equal(call(v0, XENMEM_maximum_reservation, &other, sizeof(other)), 3000);
	assert_int_equal(call(v0, XENMEM_maximum_reservation, &none, sizeof(none)), E_SRCH);
	assert_int_equal(call(vu, XENMEM_maximum_reservation, &zero, sizeof(zero)), E_PERM);
	dom0->pages_max = UINT64_MAX;
	assert_int_equal(call(v0, XENMEM_maximum_reservation, &self, sizeof(self)), UINT32_MAX);
	assert_int_equal(call(v0, XENMEM_maximum_gpfn, &other, sizeof(other)), 0);
	domu->shared_info->arch.max_pfn = 4096;
	assert_int_equal(call(v0, XENMEM_maximum_gpfn, &other, sizeof(other)), 4095);
	domu->shared_info->arch.max_pfn = UINT64_MAX;
	assert_true(call(v0, XENMEM_maximum_gpfn, &other, sizeof(other)) >= 0);
}

static void claim_is_staked_and_dropped(void **state)
{
	struct xen_memory_reservation r = {.nr_extents = 500, .domid = 7};

	(void)state;
	assert_int_equal(reserve(v0, XENMEM_claim_pages, r), 0);
	assert_int_equal(domu->pages_claimed, 500);
	r.nr_extents = 0;
	assert_int_equal(reserve(v0, XENMEM_claim_pages, r), 0);
	assert_int_equal(frames_claimed_count(), 0);
	r.nr_extents = 4000;
	assert_int_equal(reserve(v0, XENMEM_claim_pages, r), E_INVAL);
	r.nr_extents = 5;
	r.domid = 99;
	assert_int_equal(reserve(v0, XENMEM_claim_pages, r), E_SRCH);
	r.domid = 7;
	r.extent_order = 1;
	assert_int_equal(reserve(v0, XENMEM_claim_pages, r), E_INVAL);
	r.extent_order = 0;
	r.mem_flags = 1;
	assert_int_equal(reserve(v0, XENMEM_claim_pages, r), E_INVAL);
	assert_int_equal(reserve(v0, XENMEM_claim_pages, reservation(7, 5, 0)), E_INVAL);
}

/* Maps */

static void memory_map_is_what_the_builder_set(void **state)
{
	struct memory_map_entry entries[2] = {{0, 0x1000, 1}, {0x2000, 0x3000, 2}}, *read;
	struct xen_foreign_memory_map set = {.domid = 7, .map.nr_entries = 2};
	struct xen_memory_map map = {.nr_entries = 10};

	(void)state;
	fake_guest_handle(set.map.buffer, LIST);
	fake_guest_handle(map.buffer, OUT);
	assert_int_equal(call(vu, XENMEM_memory_map, &map, sizeof(map)), E_NOSYS);
	memcpy(fake_guest(LIST), entries, sizeof(entries));
	assert_int_equal(call(v0, XENMEM_set_memory_map, &set, sizeof(set)), OK);
	assert_int_equal(call(v0, XENMEM_set_memory_map, &set, sizeof(set)), OK);
	assert_int_equal(call(vu, XENMEM_memory_map, &map, sizeof(map)), OK);
	assert_int_equal(((struct xen_memory_map *)fake_guest(ARG))->nr_entries, 2);
	read = fake_guest(OUT);
	assert_memory_equal(read, entries, sizeof(entries));
	map.nr_entries = 1;
	assert_int_equal(call(vu, XENMEM_memory_map, &map, sizeof(map)), OK);
	assert_int_equal(((struct xen_memory_map *)fake_guest(ARG))->nr_entries, 1);
}

static void bad_memory_map_is_refused_and_the_old_one_kept(void **state)
{
	struct xen_foreign_memory_map set = {.domid = 7, .map.nr_entries = 1};

	(void)state;
	fake_guest_handle(set.map.buffer, LIST);
	assert_int_equal(call(v0, XENMEM_set_memory_map, &set, sizeof(set)), OK);
	set.map.nr_entries = 0;
	assert_int_equal(call(v0, XENMEM_set_memory_map, &set, sizeof(set)), E_INVAL);
	set.map.nr_entries = MEMORY_MAP_ENTRIES_MAX + 1;
	assert_int_equal(call(v0, XENMEM_set_memory_map, &set, sizeof(set)), E_INVAL);
	set.map.nr_entries = 2;
	set.domid = 99;
	assert_int_equal(call(v0, XENMEM_set_memory_map, &set, sizeof(set)), E_SRCH);
	set.domid = 7;
	fake_guest_handle(set.map.buffer, BAD);
	assert_int_equal(call(v0, XENMEM_set_memory_map, &set, sizeof(set)), E_FAULT);
	assert_int_equal(domu->memory_map_count, 1);
	fake_memory_leave(0);
	fake_guest_handle(set.map.buffer, LIST);
	set.map.nr_entries = 128;
	assert_int_equal(call(v0, XENMEM_set_memory_map, &set, sizeof(set)), E_NOMEM);
}

static void machine_map_is_told_whole_or_not_at_all(void **state)
{
	struct xen_memory_map map = {.nr_entries = 2};

	(void)state;
	assert_int_equal(call(v0, XENMEM_machine_memory_map, &map, sizeof(map)), OK);
	assert_int_equal(((struct xen_memory_map *)fake_guest(ARG))->nr_entries, 3);
	fake_guest_handle(map.buffer, OUT);
	assert_int_equal(call(v0, XENMEM_machine_memory_map, &map, sizeof(map)), E_INVAL);
	map.nr_entries = 3;
	assert_int_equal(call(v0, XENMEM_machine_memory_map, &map, sizeof(map)), OK);
	assert_int_equal(((struct memory_map_entry *)fake_guest(OUT))[1].start, FAKE_MAIN_START << PAGE_SHIFT);
	fake_guest_handle(map.buffer, FAKE_GUEST_END - 30);
	assert_int_equal(call(v0, XENMEM_machine_memory_map, &map, sizeof(map)), E_FAULT);
}

static void machine_to_physical_table_ends_at_the_machine_only_for_the_control_domain(void **state)
{
	const struct xen_machphys_mapping *mapping = fake_guest(ARG);

	(void)state;
	assert_int_equal(call_from(v0, XENMEM_machphys_mapping, ARG), OK);
	assert_int_equal(mapping->max_mfn, FAKE_HIGH_END - 1);
	assert_int_equal(call_from(vu, XENMEM_machphys_mapping, ARG), OK);
	assert_int_equal(mapping->v_start, 0xffff800000000000);
	assert_int_equal(mapping->v_end, 0xffff804000000000);
	assert_int_equal(mapping->max_mfn, 0x7ffffffff);
}

static void frames_of_the_table_are_listed_without_gaps(void **state)
{
	struct xen_machphys_mfn_list l = {.max_extents = 3};

	(void)state;
	fake_guest_handle(l.extent_start, LIST);
	assert_int_equal(call(v0, XENMEM_machphys_mfn_list, &l, sizeof(l)), OK);
	assert_int_equal(((struct xen_machphys_mfn_list *)fake_guest(ARG))->nr_extents, 3);
	assert_int_equal(*list(0), 0x200000);
	assert_int_equal(*list(1), 0x200000);
	assert_int_equal(*list(2), 0x200000 + 2 * 512);
	l.max_extents = UINT32_MAX;
	assert_int_equal(call(v0, XENMEM_machphys_mfn_list, &l, sizeof(l)), OK);
	assert_int_equal(((struct xen_machphys_mfn_list *)fake_guest(ARG))->nr_extents, 5);
	fake_guest_handle(l.extent_start, FAKE_GUEST_END - 8);
	assert_int_equal(call(v0, XENMEM_machphys_mfn_list, &l, sizeof(l)), E_FAULT);
}

static void no_device_memory_is_reserved(void **state)
{
	struct xen_reserved_device_memory_map map = {.flags = XENMEM_RDM_ALL, .nr_entries = 7};

	(void)state;
	assert_int_equal(call(v0, XENMEM_reserved_device_memory_map, &map, sizeof(map)), OK);
	assert_int_equal(((struct xen_reserved_device_memory_map *)fake_guest(ARG))->nr_entries, 0);
	map.flags = 2;
	assert_int_equal(call(v0, XENMEM_reserved_device_memory_map, &map, sizeof(map)), E_INVAL);
}

/* Resources */

static struct xen_mem_acquire_resource resource(uint64_t frame, uint32_t count)
{
	struct xen_mem_acquire_resource r = {.domid = 7, .type = XENMEM_resource_grant_table, .nr_frames = count,
					     .frame = frame};

	fake_guest_handle(r.frame_list, OUT);
	return r;
}

static long acquire(struct xen_mem_acquire_resource r) { return call(v0, XENMEM_acquire_resource, &r, sizeof(r)); }

static void grant_table_frames_are_listed(void **state)
{
	mfn_t frame;

	(void)state;
	fake_preempt_in = 1;
	assert_int_equal(acquire(resource(0, 3)), OK);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(grant_table_frame(domu, i, &frame), OK);
		assert_int_equal(*out(i), frame.v);
	}
	assert_int_equal(acquire(resource(2, 1)), OK);
	assert_int_equal(*out(0), frame.v);
}

static void size_of_the_grant_table_is_told(void **state)
{
	struct xen_mem_acquire_resource r = resource(0, 0);

	(void)state;
	fake_guest_handle(r.frame_list, 0);
	assert_int_equal(acquire(r), OK);
	assert_int_equal(((struct xen_mem_acquire_resource *)fake_guest(ARG))->nr_frames, 4);
	r.nr_frames = 1;
	assert_int_equal(acquire(r), E_INVAL);
}

static void resources_that_do_not_exist_are_refused(void **state)
{
	struct xen_mem_acquire_resource r = resource(0, 1);

	(void)state;
	r.type = XENMEM_resource_ioreq_server;
	assert_int_equal(acquire(r), E_OPNOTSUPP);
	r = resource(0, 1);
	r.id = XENMEM_resource_grant_table_id_status;
	assert_int_equal(acquire(r), E_INVAL);
	r = resource(0, 1);
	r.pad = 1;
	assert_int_equal(acquire(r), E_INVAL);
	r = resource(0, 1);
	r.domid = 99;
	assert_int_equal(acquire(r), E_SRCH);
	r.domid = 0;
	assert_int_equal(acquire(r), E_PERM);
	r.domid = DOMID_SELF;
	assert_int_equal(acquire(r), E_PERM);
	assert_int_equal(acquire(resource(4, 1)), E_INVAL);
	assert_int_equal(acquire(resource(3, 2)), E_INVAL);
	assert_int_equal(acquire(resource(UINT64_MAX, 2)), E_INVAL);
	assert_int_equal(acquire(resource(0, UINT32_MAX)), E_INVAL);
	r = resource(0, 1);
	fake_guest_handle(r.frame_list, BAD);
	assert_int_equal(acquire(r), E_FAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(unknown_operation_is_enosys),
		test(operations_of_the_control_domain_are_refused_to_others),
		test(start_extent_is_refused_where_nothing_is_restartable),
		test(argument_in_bad_memory_is_efault),
		test(constant_answers_are_those_that_tools_expect),
		test(populate_gives_frames_and_names_them),
		test(populate_for_another_domain_is_for_the_control_domain),
		test(populate_stops_at_the_limit_with_the_exact_count),
		test(populate_stops_when_memory_ends_with_the_exact_count),
		test(populate_respects_the_address_width),
		test(a_guest_does_not_choose_low_memory),
		test(orders_beyond_two_mebibytes_are_refused),
		test(counts_that_overflow_are_refused),
		test(flags_for_what_there_is_not_are_refused),
		test(extent_that_cannot_be_reported_is_taken_back),
		test(slots_are_checked_where_they_are_accessed),
		test(interrupted_call_keeps_the_next_extent_above_the_operation),
		test(start_beyond_the_list_does_nothing),
		test(increase_reports_frames_only_if_asked),
		test(balloon_gives_back_what_nothing_refers_to),
		test(balloon_stops_at_a_frame_that_is_referred_to),
		test(frames_of_others_and_no_frames_cannot_be_given_back),
		test(reservations_are_told_to_the_domain_and_to_its_controller),
		test(claim_is_staked_and_dropped),
		test(memory_map_is_what_the_builder_set),
		test(bad_memory_map_is_refused_and_the_old_one_kept),
		test(machine_map_is_told_whole_or_not_at_all),
		test(machine_to_physical_table_ends_at_the_machine_only_for_the_control_domain),
		test(frames_of_the_table_are_listed_without_gaps),
		test(no_device_memory_is_reserved),
		test(grant_table_frames_are_listed),
		test(size_of_the_grant_table_is_told),
		test(resources_that_do_not_exist_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
