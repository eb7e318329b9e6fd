/* Mapping and unmapping granted frames, by their hypercall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/grant_call.h"
#include "core/grant/grant_internal.h"

#define HOST UINT64_C(0x7000)
#define FULL (GNTMAP_host_map | GNTMAP_device_map)

static mfn_t frame; /* of domain 1, who grants it to domain 2 as entry 8 */

static grant_entry_v1_t *entry(unsigned int d, grant_ref_t ref)
{
	return (grant_entry_v1_t *)dom[d]->grant.shared[ref / GRANT_ENTRIES_PER_FRAME] + ref % GRANT_ENTRIES_PER_FRAME;
}

static void grant(unsigned int d, grant_ref_t ref, domid_t to, mfn_t what, uint16_t flags)
{
	*entry(d, ref) = (grant_entry_v1_t){.flags = flags, .domid = to, .frame = (uint32_t)what.v};
}

static int setup(void **state)
{
	(void)state;
	three_domains_start();
	must(domain_frames_alloc(dom[1], 0, 0, &frame));
	grant(1, 8, 2, frame, GTF_permit_access);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	three_domains_end();
	return 0;
}

static struct gnttab_map_grant_ref map_op(domid_t from, grant_ref_t ref, uint64_t host, uint32_t flags)
{
	return (struct gnttab_map_grant_ref){.host_addr = host, .flags = flags, .ref = ref, .dom = from};
}

/* The status; *handle if it is okay. */
static int16_t map(unsigned int d, domid_t from, grant_ref_t ref, uint64_t host, uint32_t flags, grant_handle_t *handle)
{
	struct gnttab_map_grant_ref op = map_op(from, ref, host, flags);

	assert_int_equal(OP(cpu[d][0], map_grant_ref, op, 1), OK);
	*handle = op.handle;
	return op.status;
}

static int16_t unmap(unsigned int d, grant_handle_t handle, uint64_t host, uint64_t bus)
{
	struct gnttab_unmap_grant_ref op = {.host_addr = host, .dev_bus_addr = bus, .handle = handle};

	assert_int_equal(OP(cpu[d][0], unmap_grant_ref, op, 1), OK);
	return op.status;
}

static uint32_t references(mfn_t m) { return mfn_to_page(m)->count & PAGE_COUNT_MASK; }
static uint32_t writers(mfn_t m) { return mfn_to_page(m)->type & PAGE_TYPE_COUNT_MASK; }

/* Records of entries are its domain's memory: only whom it grants something makes it keep any. */
static void naming_an_entry_that_is_not_for_oneself_costs_its_domain_nothing(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(0, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_general_error);
	assert_int_equal(map(0, 1, 9, HOST, GNTMAP_host_map, &h), GNTST_general_error);
	assert_null(grant_active_find(dom[1], 8));
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_okay);
	assert_non_null(grant_active_find(dom[1], 8));
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_okay);
}

static void mapped_frame_is_referenced_writable_and_marked(void **state)
{
	struct gnttab_map_grant_ref op = map_op(1, 8, HOST, GNTMAP_host_map);

	(void)state;
	assert_int_equal(OP(cpu[2][0], map_grant_ref, op, 1), OK);
	assert_int_equal(op.status, GNTST_okay);
	assert_true(op.dev_bus_addr == mfn_to_paddr(frame));
	assert_true(fake_grant_is_mapped(dom[2], HOST, frame, true));
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access | GTF_reading | GTF_writing);
	/* The owner's, the entry's and the mapping's own. */
	assert_int_equal(references(frame), 3);
	assert_int_equal(writers(frame), 2);
	assert_int_equal(unmap(2, op.handle, HOST, 0), GNTST_okay);
	assert_int_equal(fake_grant_count(dom[2]), 0);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	assert_int_equal(references(frame), 1);
	assert_int_equal(writers(frame), 0);
}

static void read_only_mapping_takes_no_writable_type(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map | GNTMAP_readonly, &h), GNTST_okay);
	assert_true(fake_grant_is_mapped(dom[2], HOST, frame, false));
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access | GTF_reading);
	assert_int_equal(writers(frame), 0);
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_okay);
}

static void marks_go_with_the_last_use_of_each_kind(void **state)
{
	grant_handle_t r, w;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map | GNTMAP_readonly, &r), GNTST_okay);
	assert_int_equal(map(2, 1, 8, HOST + 8, GNTMAP_host_map, &w), GNTST_okay);
	assert_int_not_equal(r, w);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access | GTF_reading | GTF_writing);
	assert_int_equal(unmap(2, w, HOST + 8, 0), GNTST_okay);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access | GTF_reading);
	assert_int_equal(unmap(2, r, HOST, 0), GNTST_okay);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
}

/* XSA-224: each part has its own references. */
static void host_and_device_parts_are_unmapped_one_by_one(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, FULL, &h), GNTST_okay);
	assert_int_equal(references(frame), 4);
	assert_int_equal(unmap(2, h, 0, mfn_to_paddr(frame)), GNTST_okay);
	assert_int_equal(references(frame), 3);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access | GTF_reading | GTF_writing);
	/* Again: the part is gone, the other stays. */
	assert_int_equal(unmap(2, h, 0, mfn_to_paddr(frame)), GNTST_okay);
	assert_int_equal(references(frame), 3);
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_okay);
	assert_int_equal(references(frame), 1);
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_bad_handle);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
}

static void both_parts_can_be_unmapped_in_one_batch_by_two_elements(void **state)
{
	struct gnttab_unmap_grant_ref ops[3] = {{.host_addr = HOST}, {.dev_bus_addr = mfn_to_paddr(frame)}};

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, FULL, &ops[0].handle), GNTST_okay);
	ops[2].handle = ops[1].handle = ops[0].handle;
	ops[2].host_addr = HOST;
	assert_int_equal(OP(cpu[2][0], unmap_grant_ref, ops, 3), OK);
	assert_int_equal(ops[0].status, GNTST_okay);
	assert_int_equal(ops[1].status, GNTST_okay);
	assert_int_equal(ops[2].status, GNTST_bad_handle);
	assert_int_equal(references(frame), 1);
	assert_int_equal(fake_grant_flushes, 1);
	/* The handle became free once. */
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &ops[0].handle), GNTST_okay);
	assert_int_equal(map(2, 1, 8, HOST + 8, GNTMAP_host_map, &ops[1].handle), GNTST_okay);
	assert_int_not_equal(ops[0].handle, ops[1].handle);
}

static void map_of_nothing_is_refused(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, 0, &h), GNTST_bad_gntref);
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_readonly | GNTMAP_contains_pte, &h), GNTST_bad_gntref);
}

static void map_from_no_domain_or_a_dying_one_is_refused(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(2, 77, 8, HOST, GNTMAP_host_map, &h), GNTST_bad_domain);
	assert_int_equal(map(2, DOMID_SELF, 8, HOST, GNTMAP_host_map, &h), GNTST_bad_domain);
	dom[1]->state = DOMAIN_DYING;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_bad_domain);
	dom[1]->state = DOMAIN_ALIVE;
}

static void map_of_an_entry_outside_the_table_is_refused(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(2, 1, GRANT_ENTRIES_PER_FRAME, HOST, GNTMAP_host_map, &h), GNTST_bad_gntref);
	assert_int_equal(map(2, 1, UINT32_MAX, HOST, GNTMAP_host_map, &h), GNTST_bad_gntref);
	must(grant_table_grow(dom[1], 2));
	grant(1, GRANT_ENTRIES_PER_FRAME, 2, frame, GTF_permit_access);
	assert_int_equal(map(2, 1, GRANT_ENTRIES_PER_FRAME, HOST, GNTMAP_host_map, &h), GNTST_okay);
}

static void entry_for_another_domain_or_for_none_is_refused(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(0, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_general_error);
	assert_int_equal(map(1, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_general_error);
	assert_int_equal(map(2, 1, 9, HOST, GNTMAP_host_map, &h), GNTST_general_error);
	grant(1, 8, 2, frame, GTF_invalid);
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_general_error);
}

/* XSA-226, 500: transitive and sub-page grants belong to version 2. */
static void entry_of_another_form_is_refused(void **state)
{
	static const uint16_t forms[] = {GTF_accept_transfer, GTF_transitive, GTF_permit_access | GTF_sub_page,
					 GTF_permit_access | GTF_PWT, GTF_permit_access | GTF_PCD,
					 GTF_permit_access | GTF_PAT};
	grant_handle_t h;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(forms); i++) {
		grant(1, 8, 2, frame, forms[i]);
		assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_general_error);
		assert_int_equal(entry(1, 8)->flags, forms[i]);
	}
	assert_int_equal(references(frame), 1);
}

static void writing_what_is_granted_for_reading_is_refused(void **state)
{
	grant_handle_t h;

	(void)state;
	grant(1, 8, 2, frame, GTF_permit_access | GTF_readonly);
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_general_error);
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map | GNTMAP_readonly, &h), GNTST_okay);
	/* Also while it is in use. */
	assert_int_equal(map(2, 1, 8, HOST + 8, GNTMAP_host_map, &h), GNTST_general_error);
	assert_int_equal(map(2, 1, 8, 0, GNTMAP_device_map, &h), GNTST_general_error);
	assert_int_equal(writers(frame), 0);
}

static void map_after_revoke_is_refused(void **state)
{
	grant_handle_t h, h2;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_okay);
	/* The granter breaks the rules and takes the entry away while it is in use. */
	entry(1, 8)->flags = 0;
	assert_int_equal(map(2, 1, 8, HOST + 8, GNTMAP_host_map, &h2), GNTST_general_error);
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_okay);
	assert_int_equal(entry(1, 8)->flags, 0);
	assert_int_equal(references(frame), 1);
}

static void entry_in_use_keeps_its_frame_and_its_user(void **state)
{
	grant_handle_t h, h2;
	mfn_t other;

	(void)state;
	must(domain_frames_alloc(dom[1], 0, 0, &other));
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_okay);
	grant(1, 8, 2, other, GTF_permit_access);
	assert_int_equal(map(2, 1, 8, HOST + 8, GNTMAP_host_map, &h2), GNTST_okay);
	assert_true(fake_grant_is_mapped(dom[2], HOST + 8, frame, true));
	grant(1, 8, 0, other, GTF_permit_access);
	assert_int_equal(map(0, 1, 8, HOST, GNTMAP_host_map, &h2), GNTST_general_error);
	assert_int_equal(references(other), 1);
}

static void frame_that_is_not_the_granters_own_memory_is_refused(void **state)
{
	grant_handle_t h;
	mfn_t foreign, bad[8];
	unsigned int count = 0;

	(void)state;
	must(domain_frames_alloc(dom[0], 0, 0, &foreign));
	bad[count++] = foreign;
	bad[count++] = arch_virt_to_mfn(dom[1]->shared_info);
	bad[count++] = arch_virt_to_mfn(dom[1]->grant.shared[0]);
	bad[count++] = arch_virt_to_mfn(dom[1]->grant.active);
	bad[count++] = mfn(0);
	bad[count++] = mfn(FAKE_LOW_END); /* a hole */
	bad[count++] = mfn(FAKE_HIGH_END);
	bad[count++] = mfn(UINT32_MAX);
	for (unsigned int i = 0; i < count; i++) {
		grant(1, 8, 2, bad[i], GTF_permit_access);
		assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_bad_page);
		assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map | GNTMAP_readonly, &h), GNTST_bad_page);
		assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	}
	assert_int_equal(references(foreign), 1);
}

static void frame_mapped_from_another_domain_cannot_be_granted_on(void **state)
{
	grant_handle_t h, h2;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_okay);
	grant(2, 3, 0, frame, GTF_permit_access);
	assert_int_equal(map(0, 2, 3, HOST, GNTMAP_host_map, &h2), GNTST_bad_page);
}

static void page_table_frame_is_mapped_for_reading_only(void **state)
{
	struct page *p = mfn_to_page(frame);
	grant_handle_t h;

	(void)state;
	p->type = PAGE_TYPE_L1 | 1;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_general_error);
	assert_int_equal(map(2, 1, 8, 0, GNTMAP_device_map, &h), GNTST_general_error);
	assert_int_equal(references(frame), 1);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map | GNTMAP_readonly, &h), GNTST_okay);
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_okay);
	p->type = PAGE_TYPE_NONE;
}

/* XSA-227, 316: an address that the architecture refuses leaves nothing behind. */
static void host_address_that_is_refused_leaves_nothing(void **state)
{
	grant_handle_t h, first;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &first), GNTST_okay);
	assert_int_equal(unmap(2, first, HOST, 0), GNTST_okay);
	assert_int_equal(map(2, 1, 8, HOST + 3, FULL, &h), GNTST_general_error);
	assert_int_equal(references(frame), 1);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	/* The handle is free again. */
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_okay);
	assert_int_equal(h, first);
}

static void map_without_a_free_handle_is_refused(void **state)
{
	grant_handle_t h;

	(void)state;
	for (unsigned int i = 0; i < GRANT_HANDLES_PER_PAGE * TEST_MAPTRACK_FRAMES; i++)
		assert_int_equal(map(2, 1, 8, 0, GNTMAP_device_map, &h), GNTST_okay);
	assert_int_equal(map(2, 1, 8, 0, GNTMAP_device_map, &h), GNTST_no_space);
	assert_int_equal(unmap(2, 17, 0, mfn_to_paddr(frame)), GNTST_okay);
	assert_int_equal(map(2, 1, 8, 0, GNTMAP_device_map, &h), GNTST_okay);
	assert_int_equal(h, 17);
	assert_int_equal(references(frame), 1 + GRANT_HANDLES_PER_PAGE);
}

static void guessed_handle_is_refused(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(unmap(2, 0, HOST, 0), GNTST_bad_handle);
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_okay);
	assert_int_equal(unmap(2, h + 1, HOST, 0), GNTST_bad_handle);
	assert_int_equal(unmap(2, GRANT_HANDLES_PER_PAGE, HOST, 0), GNTST_bad_handle);
	assert_int_equal(unmap(2, GRANT_HANDLE_NONE, HOST, 0), GNTST_bad_handle);
	/* Another domain's handle is nothing to this one. */
	assert_int_equal(unmap(0, h, HOST, 0), GNTST_bad_handle);
	assert_int_equal(unmap(1, h, HOST, 0), GNTST_bad_handle);
	assert_true(fake_grant_is_mapped(dom[2], HOST, frame, true));
}

/* XSA-234: what is in the entry decides, not what the handle's owner says. */
static void unmap_of_an_entry_that_does_not_hold_the_mapping_is_refused(void **state)
{
	grant_handle_t h, r;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_okay);
	assert_int_equal(map(2, 1, 8, HOST + 8, GNTMAP_host_map | GNTMAP_readonly, &r), GNTST_okay);
	assert_int_equal(unmap(2, h, HOST + 16, 0), GNTST_general_error);
	assert_int_equal(unmap(2, h, HOST + 8, 0), GNTST_general_error);
	assert_int_equal(unmap(2, r, HOST, 0), GNTST_general_error);
	assert_int_equal(references(frame), 5);
	/* Refusals leave the handles good. */
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_okay);
	assert_int_equal(unmap(2, r, HOST + 8, 0), GNTST_okay);
	assert_int_equal(references(frame), 1);
}

static void unmap_with_another_device_address_is_refused_and_undone(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, FULL, &h), GNTST_okay);
	assert_int_equal(unmap(2, h, HOST, mfn_to_paddr(frame) + PAGE_BYTES), GNTST_general_error);
	assert_true(fake_grant_is_mapped(dom[2], HOST, frame, true));
	assert_int_equal(unmap(2, h, HOST, mfn_to_paddr(frame)), GNTST_okay);
	assert_int_equal(references(frame), 1);
}

static void unmap_of_no_part_changes_nothing(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_okay);
	assert_int_equal(unmap(2, h, 0, 0), GNTST_okay);
	assert_true(fake_grant_is_mapped(dom[2], HOST, frame, true));
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_okay);
}

static uint32_t references_at_flush;
static void look_at_flush(struct domain *mapper)
{
	assert_ptr_equal(mapper, dom[2]);
	references_at_flush = references(frame);
	assert_int_not_equal(entry(1, 8)->flags & GTF_writing, 0);
}

static void batch_is_flushed_once_before_its_references_go(void **state)
{
	struct gnttab_unmap_grant_ref ops[10] = {0};

	(void)state;
	for (unsigned int i = 0; i < 10; i++) {
		ops[i].host_addr = HOST + 8 * i;
		assert_int_equal(map(2, 1, 8, ops[i].host_addr, GNTMAP_host_map, &ops[i].handle), GNTST_okay);
	}
	fake_grant_on_flush = look_at_flush;
	assert_int_equal(OP(cpu[2][0], unmap_grant_ref, ops, 10), OK);
	assert_int_equal(fake_grant_flushes, 1);
	assert_int_equal(references_at_flush, 1 + 10);
	assert_int_equal(references(frame), 1);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(ops[i].status, GNTST_okay);
}

static void batch_that_ends_in_bad_memory_gives_back_what_it_took_out(void **state)
{
	struct gnttab_unmap_grant_ref ops[3] = {0};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		ops[i].host_addr = HOST + 8 * i;
		assert_int_equal(map(2, 1, 8, ops[i].host_addr, GNTMAP_host_map, &ops[i].handle), GNTST_okay);
	}
	fake_guest_fail_at(4); /* the second element's status */
	assert_int_equal(OP(cpu[2][0], unmap_grant_ref, ops, 3), E_FAULT);
	assert_int_equal(references(frame), 3);
	assert_int_equal(fake_grant_count(dom[2]), 1);
	assert_int_equal(unmap(2, ops[2].handle, HOST + 16, 0), GNTST_okay);
}

/* XSA-318: no element's status is lost, and none is done twice. */
static void batch_that_is_interrupted_goes_on_with_the_rest(void **state)
{
	struct gnttab_map_grant_ref *ops = fake_guest(FAKE_GUEST_START);
	struct hypercall call = {.arg = {GNTTABOP_map_grant_ref, FAKE_GUEST_START, 100}};
	unsigned int rounds = 1;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		ops[i] = map_op(1, i == 50 ? 9 : 8, HOST + 8 * i, GNTMAP_host_map);
	for (fake_preempt_in = 7; hypercall_grant_table_op(cpu[2][0], &call) == E_RESTART; fake_preempt_in = 7)
		assert_int_equal(call.arg[2], 100 - 7 * rounds++);
	assert_int_equal(rounds, 15);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(ops[i].status, i == 50 ? GNTST_general_error : GNTST_okay);
	assert_int_equal(references(frame), 1 + 2 * 99);
}

static void unmap_batch_that_is_interrupted_goes_on_with_the_rest(void **state)
{
	struct gnttab_unmap_grant_ref *ops = fake_guest(FAKE_GUEST_START + 0x8000);
	struct hypercall call = {.arg = {GNTTABOP_unmap_grant_ref, FAKE_GUEST_START + 0x8000, 100}};

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		ops[i] = (struct gnttab_unmap_grant_ref){.host_addr = HOST + 8 * i};
		assert_int_equal(map(2, 1, 8, ops[i].host_addr, GNTMAP_host_map, &ops[i].handle), GNTST_okay);
	}
	fake_preempt_in = 1;
	assert_int_equal(hypercall_grant_table_op(cpu[2][0], &call), E_RESTART);
	assert_int_equal(call.arg[2], 100 - 32);
	assert_int_equal(references(frame), 1 + 2 * 68);
	assert_int_equal(hypercall_grant_table_op(cpu[2][0], &call), OK);
	assert_int_equal(references(frame), 1);
	assert_int_equal(fake_grant_flushes, 4);
}

/* The page tables have interrupted work that comes first. */
static void map_that_must_wait_is_tried_again_and_leaves_nothing_meanwhile(void **state)
{
	struct gnttab_map_grant_ref *ops = fake_guest(FAKE_GUEST_START);
	struct hypercall call = {.arg = {GNTTABOP_map_grant_ref, FAKE_GUEST_START, 2}};

	(void)state;
	ops[0] = map_op(1, 8, 0, GNTMAP_device_map);
	ops[1] = map_op(1, 8, HOST, FULL);
	ops[1].status = 77;
	fake_grant_install_status = E_RESTART;
	assert_int_equal(hypercall_grant_table_op(cpu[2][0], &call), E_RESTART);
	assert_int_equal(call.arg[2], 1);
	assert_int_equal(ops[0].status, GNTST_okay);
	assert_int_equal(ops[1].status, 77);
	assert_int_equal(references(frame), 2);
	fake_grant_install_status = OK;
	assert_int_equal(hypercall_grant_table_op(cpu[2][0], &call), OK);
	assert_int_equal(ops[1].status, GNTST_okay);
	assert_int_equal(references(frame), 2 + 3);
}

static void unmap_that_must_wait_is_tried_again_and_keeps_the_mapping_meanwhile(void **state)
{
	struct gnttab_unmap_grant_ref *ops = fake_guest(FAKE_GUEST_START + 0x8000);
	struct hypercall call = {.arg = {GNTTABOP_unmap_grant_ref, FAKE_GUEST_START + 0x8000, 2}};

	(void)state;
	ops[0] = (struct gnttab_unmap_grant_ref){.dev_bus_addr = mfn_to_paddr(frame)};
	ops[1] = (struct gnttab_unmap_grant_ref){.host_addr = HOST, .status = 77};
	assert_int_equal(map(2, 1, 8, 0, GNTMAP_device_map, &ops[0].handle), GNTST_okay);
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &ops[1].handle), GNTST_okay);
	fake_grant_remove_status = E_RESTART;
	assert_int_equal(hypercall_grant_table_op(cpu[2][0], &call), E_RESTART);
	assert_int_equal(call.arg[2], 1);
	assert_int_equal(ops[0].status, GNTST_okay);
	assert_int_equal(ops[1].status, 77);
	assert_int_equal(references(frame), 3);
	fake_grant_remove_status = OK;
	assert_int_equal(hypercall_grant_table_op(cpu[2][0], &call), OK);
	assert_int_equal(ops[1].status, GNTST_okay);
	assert_int_equal(references(frame), 1);
}

static void flags_are_remembered_for_each_mapping(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_application_map, &h), GNTST_okay);
	assert_int_equal(dom[2]->grant.maptrack[0][h].flags,
			 GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_application_map);
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_okay);
}

static void entry_removed_by_other_means_leaves_the_mapping_to_the_domains_end(void **state)
{
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_okay);
	fake_grant_clear(dom[2], HOST);
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_general_error);
	assert_int_equal(references(frame), 2);
	domain_end(2);
	assert_int_equal(references(frame), 1);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
}

static void death_of_the_mapper_gives_everything_back_in_steps(void **state)
{
	struct domain *mapper = dom[2];
	grant_handle_t h;

	(void)state;
	for (unsigned int i = 0; i < 50; i++)
		assert_int_equal(map(2, 1, 8, HOST + 8 * i, i % 2 ? FULL : GNTMAP_host_map, &h), GNTST_okay);
	assert_int_equal(unmap(2, 20, HOST + 8 * 20, 0), GNTST_okay);
	mapper->state = DOMAIN_DYING;
	for (fake_preempt_in = 10; grant_domain_unmap_all(mapper) == E_RESTART; fake_preempt_in = 10)
		;
	mapper->state = DOMAIN_ALIVE;
	/* What is left are the entries' references, which go with the page tables. */
	assert_int_equal(references(frame), 1 + 49);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	assert_int_equal(dom[1]->references, 1 + 1); /* existence, and its memory */
}

static void dying_domain_maps_nothing(void **state)
{
	grant_handle_t h;

	(void)state;
	dom[2]->state = DOMAIN_DYING;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_no_space);
	dom[2]->state = DOMAIN_ALIVE;
}

static void granter_that_dies_waits_for_its_mapper(void **state)
{
	struct domain *found;
	grant_handle_t h;

	(void)state;
	assert_int_equal(map(2, 1, 8, HOST, GNTMAP_host_map, &h), GNTST_okay);
	domain_end(1);
	found = domain_find(1);
	assert_non_null(found);
	assert_int_equal(found->state, DOMAIN_DEAD);
	domain_put(found);
	assert_int_equal(mfn_to_page(frame)->owner, 1);
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_okay);
	assert_null(domain_find(1));
	assert_int_equal(references(frame), 0);
}

static void map_without_memory_for_its_records_is_refused_and_undone(void **state)
{
	unsigned int frames = 0;
	grant_handle_t h;
	int16_t s;

	(void)state;
	for (;; frames++) {
		fake_memory_leave(frames);
		s = map(2, 1, 8, HOST, GNTMAP_host_map, &h);
		fake_memory_unleave();
		if (s == GNTST_okay)
			break;
		assert_int_equal(s, GNTST_no_space);
		assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
		assert_int_equal(references(frame), 1);
		assert_int_equal(fake_grant_count(dom[2]), 0);
		assert_true(frames < 16);
	}
	assert_true(frames > 0);
	assert_int_equal(unmap(2, h, HOST, 0), GNTST_okay);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(naming_an_entry_that_is_not_for_oneself_costs_its_domain_nothing),
		T(mapped_frame_is_referenced_writable_and_marked),
		T(read_only_mapping_takes_no_writable_type),
		T(marks_go_with_the_last_use_of_each_kind),
		T(host_and_device_parts_are_unmapped_one_by_one),
		T(both_parts_can_be_unmapped_in_one_batch_by_two_elements),
		T(map_of_nothing_is_refused),
		T(map_from_no_domain_or_a_dying_one_is_refused),
		T(map_of_an_entry_outside_the_table_is_refused),
		T(entry_for_another_domain_or_for_none_is_refused),
		T(entry_of_another_form_is_refused),
		T(writing_what_is_granted_for_reading_is_refused),
		T(map_after_revoke_is_refused),
		T(entry_in_use_keeps_its_frame_and_its_user),
		T(frame_that_is_not_the_granters_own_memory_is_refused),
		T(frame_mapped_from_another_domain_cannot_be_granted_on),
		T(page_table_frame_is_mapped_for_reading_only),
		T(host_address_that_is_refused_leaves_nothing),
		T(map_without_a_free_handle_is_refused),
		T(guessed_handle_is_refused),
		T(unmap_of_an_entry_that_does_not_hold_the_mapping_is_refused),
		T(unmap_with_another_device_address_is_refused_and_undone),
		T(unmap_of_no_part_changes_nothing),
		T(batch_is_flushed_once_before_its_references_go),
		T(batch_that_ends_in_bad_memory_gives_back_what_it_took_out),
		T(batch_that_is_interrupted_goes_on_with_the_rest),
		T(unmap_batch_that_is_interrupted_goes_on_with_the_rest),
		T(map_that_must_wait_is_tried_again_and_leaves_nothing_meanwhile),
		T(unmap_that_must_wait_is_tried_again_and_keeps_the_mapping_meanwhile),
		T(flags_are_remembered_for_each_mapping),
		T(entry_removed_by_other_means_leaves_the_mapping_to_the_domains_end),
		T(death_of_the_mapper_gives_everything_back_in_steps),
		T(dying_domain_maps_nothing),
		T(granter_that_dies_waits_for_its_mapper),
		T(map_without_memory_for_its_records_is_refused_and_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
