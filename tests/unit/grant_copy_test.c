/* Copying by grants and by frame numbers, and swapping entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/three_domains.h"
#include "core/grant/grant_internal.h"

static mfn_t theirs, mine; /* of domain 1, granted to domain 2 as entry 8; of domain 2 */

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
	must(domain_frames_alloc(dom[1], 0, 0, &theirs));
	must(domain_frames_alloc(dom[2], 0, 0, &mine));
	grant(1, 8, 2, theirs, GTF_permit_access);
	memset(arch_frame_map(theirs), 'T', PAGE_BYTES);
	memset(arch_frame_map(mine), 'm', PAGE_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	three_domains_end();
	return 0;
}

#define OP(v, op, args, count) call_once(hypercall_grant_table_op, (v), GNTTABOP_##op, &(args), sizeof(args), (count))

static struct gnttab_copy_ptr by_frame(mfn_t m, uint16_t offset)
{
	return (struct gnttab_copy_ptr){.u.gmfn = m.v, .domid = DOMID_SELF, .offset = offset};
}

static struct gnttab_copy_ptr by_ref(domid_t d, grant_ref_t ref, uint16_t offset)
{
	return (struct gnttab_copy_ptr){.u.ref = ref, .domid = d, .offset = offset};
}

static int16_t copy(unsigned int d, struct gnttab_copy_ptr from, struct gnttab_copy_ptr to, uint16_t len, uint16_t flags)
{
	struct gnttab_copy op = {.source = from, .dest = to, .len = len, .flags = flags};

	assert_int_equal(OP(cpu[d][0], copy, op, 1), OK);
	return op.status;
}

static char byte(mfn_t m, unsigned int at) { return ((char *)arch_frame_map(m))[at]; }
static uint32_t references(mfn_t m) { return mfn_to_page(m)->count & PAGE_COUNT_MASK; }

static void nothing_is_held(void)
{
	assert_int_equal(references(theirs), 1);
	assert_int_equal(references(mine), 1);
	assert_int_equal(mfn_to_page(theirs)->type & PAGE_TYPE_COUNT_MASK, 0);
	assert_int_equal(mfn_to_page(mine)->type & PAGE_TYPE_COUNT_MASK, 0);
	assert_int_equal(entry(1, 8)->flags & (GTF_reading | GTF_writing), 0);
}

static void copy_moves_exactly_the_bytes_from_a_grant(void **state)
{
	(void)state;
	assert_int_equal(copy(2, by_ref(1, 8, 10), by_frame(mine, 100), 5, GNTCOPY_source_gref), GNTST_okay);
	assert_int_equal(byte(mine, 99), 'm');
	for (unsigned int i = 100; i < 105; i++)
		assert_int_equal(byte(mine, i), 'T');
	assert_int_equal(byte(mine, 105), 'm');
	nothing_is_held();
}

static void copy_moves_bytes_to_a_grant(void **state)
{
	(void)state;
	assert_int_equal(copy(2, by_frame(mine, 0), by_ref(1, 8, 4000), 96, GNTCOPY_dest_gref), GNTST_okay);
	assert_int_equal(byte(theirs, 3999), 'T');
	assert_int_equal(byte(theirs, 4000), 'm');
	assert_int_equal(byte(theirs, 4095), 'm');
	nothing_is_held();
}

static void copy_between_two_grants_of_two_domains(void **state)
{
	mfn_t third;

	(void)state;
	must(domain_frames_alloc(dom[0], 0, 0, &third));
	grant(0, 3, 2, third, GTF_permit_access);
	assert_int_equal(copy(2, by_ref(1, 8, 0), by_ref(0, 3, 0), PAGE_BYTES, GNTCOPY_source_gref | GNTCOPY_dest_gref),
			 GNTST_okay);
	assert_int_equal(byte(third, 4095), 'T');
	assert_int_equal(references(third), 1);
	nothing_is_held();
}

static void copy_within_one_frame_may_overlap(void **state)
{
	char *p = arch_frame_map(mine);

	(void)state;
	for (unsigned int i = 0; i < 64; i++)
		p[i] = (char)i;
	assert_int_equal(copy(2, by_frame(mine, 0), by_frame(mine, 1), 63, 0), GNTST_okay);
	for (unsigned int i = 1; i < 64; i++)
		assert_int_equal(p[i], (char)(i - 1));
	assert_int_equal(copy(2, by_ref(1, 8, 0), by_ref(1, 8, 7), 100, GNTCOPY_source_gref | GNTCOPY_dest_gref), GNTST_okay);
	nothing_is_held();
}

static void copy_by_ones_own_grant_wants_it_granted_to_oneself(void **state)
{
	(void)state;
	grant(2, 4, 2, mine, GTF_permit_access);
	assert_int_equal(copy(2, by_ref(DOMID_SELF, 4, 0), by_ref(1, 8, 0), 8, GNTCOPY_source_gref | GNTCOPY_dest_gref),
			 GNTST_okay);
	grant(2, 4, 1, mine, GTF_permit_access);
	assert_int_equal(copy(2, by_ref(DOMID_SELF, 4, 0), by_ref(1, 8, 0), 8, GNTCOPY_source_gref | GNTCOPY_dest_gref),
			 GNTST_general_error);
	nothing_is_held();
}

/* XSA-523: every combination of sides and every offset, against what may be read and written. */
static void copy_across_a_frames_end_is_refused(void **state)
{
	static const struct { uint16_t offset, len; } bad[] = {
		{4096, 1}, {4095, 2}, {1, 4096}, {0, 4097}, {0xffff, 1}, {0xffff, 0xffff}, {0, 0xffff}, {4097, 0}};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(copy(2, by_ref(1, 8, bad[i].offset), by_frame(mine, 0), bad[i].len, GNTCOPY_source_gref),
				 GNTST_bad_copy_arg);
		assert_int_equal(copy(2, by_frame(mine, 0), by_ref(1, 8, bad[i].offset), bad[i].len, GNTCOPY_dest_gref),
				 GNTST_bad_copy_arg);
	}
	assert_int_equal(byte(theirs, 0), 'T');
	assert_int_equal(byte(mine, 0), 'm');
	assert_int_equal(copy(2, by_frame(mine, 4096), by_ref(1, 8, 4096), 0, GNTCOPY_dest_gref), GNTST_okay);
	nothing_is_held();
}

static void frame_number_of_another_domain_is_refused(void **state)
{
	struct gnttab_copy_ptr other = by_frame(theirs, 0);

	(void)state;
	assert_int_equal(copy(2, other, by_frame(mine, 0), 8, 0), GNTST_bad_page);
	assert_int_equal(copy(2, by_frame(mine, 0), other, 8, 0), GNTST_bad_page);
	other.domid = 1;
	assert_int_equal(copy(2, other, by_frame(mine, 0), 8, 0), GNTST_permission_denied);
	assert_int_equal(copy(2, by_frame(mine, 0), other, 8, 0), GNTST_permission_denied);
	/* Not for domain 0 either: it has other ways. */
	assert_int_equal(copy(0, other, other, 8, 0), GNTST_permission_denied);
	assert_int_equal(byte(theirs, 0), 'T');
	nothing_is_held();
}

static void frame_number_that_is_not_own_memory_is_refused(void **state)
{
	mfn_t bad[6];

	(void)state;
	bad[0] = mfn(UINT64_MAX);
	bad[1] = mfn(FAKE_HIGH_END);
	bad[2] = mfn(FAKE_LOW_END);
	bad[3] = arch_virt_to_mfn(dom[2]->shared_info);
	bad[4] = arch_virt_to_mfn(dom[2]->grant.shared[0]);
	bad[5] = arch_virt_to_mfn(dom[2]->grant.active);
	for (unsigned int i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(copy(2, by_frame(bad[i], 0), by_frame(mine, 0), 8, 0), GNTST_bad_page);
		assert_int_equal(copy(2, by_frame(mine, 0), by_frame(bad[i], 0), 8, 0), GNTST_bad_page);
	}
	nothing_is_held();
}

static void granted_frame_that_is_the_hypervisors_is_refused(void **state)
{
	(void)state;
	grant(1, 8, 2, arch_virt_to_mfn(dom[1]->grant.shared[0]), GTF_permit_access);
	assert_int_equal(copy(2, by_frame(mine, 0), by_ref(1, 8, 0), 8, GNTCOPY_dest_gref), GNTST_bad_page);
	assert_int_equal(copy(2, by_ref(1, 8, 0), by_frame(mine, 0), 8, GNTCOPY_source_gref), GNTST_bad_page);
	nothing_is_held();
}

static void copy_into_a_page_table_is_refused(void **state)
{
	struct page *p = mfn_to_page(theirs), *q = mfn_to_page(mine);

	(void)state;
	p->type = PAGE_TYPE_L1 | 1;
	assert_int_equal(copy(2, by_frame(mine, 0), by_ref(1, 8, 0), 8, GNTCOPY_dest_gref), GNTST_general_error);
	assert_int_equal(copy(2, by_ref(1, 8, 0), by_frame(mine, 0), 8, GNTCOPY_source_gref), GNTST_okay);
	p->type = PAGE_TYPE_NONE;
	q->type = PAGE_TYPE_SEGMENT | 1;
	assert_int_equal(copy(2, by_ref(1, 8, 0), by_frame(mine, 0), 8, GNTCOPY_source_gref), GNTST_general_error);
	q->type = PAGE_TYPE_NONE;
	nothing_is_held();
}

static void copy_to_a_grant_for_reading_is_refused(void **state)
{
	(void)state;
	grant(1, 8, 2, theirs, GTF_permit_access | GTF_readonly);
	assert_int_equal(copy(2, by_frame(mine, 0), by_ref(1, 8, 0), 8, GNTCOPY_dest_gref), GNTST_general_error);
	assert_int_equal(copy(2, by_ref(1, 8, 0), by_frame(mine, 0), 8, GNTCOPY_source_gref), GNTST_okay);
	assert_int_equal(byte(theirs, 0), 'T');
	nothing_is_held();
}

/* XSA-500 */
static void copy_by_an_entry_of_another_form_or_domain_is_refused(void **state)
{
	static const uint16_t forms[] = {GTF_invalid, GTF_accept_transfer, GTF_transitive, GTF_permit_access | GTF_sub_page};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(forms); i++) {
		grant(1, 8, 2, theirs, forms[i]);
		assert_int_equal(copy(2, by_ref(1, 8, 0), by_frame(mine, 0), 8, GNTCOPY_source_gref), GNTST_general_error);
		assert_int_equal(copy(2, by_frame(mine, 0), by_ref(1, 8, 0), 8, GNTCOPY_dest_gref), GNTST_general_error);
	}
	grant(1, 8, 0, theirs, GTF_permit_access);
	assert_int_equal(copy(2, by_ref(1, 8, 0), by_frame(mine, 0), 8, GNTCOPY_source_gref), GNTST_general_error);
	assert_int_equal(copy(2, by_ref(1, 5000, 0), by_frame(mine, 0), 8, GNTCOPY_source_gref), GNTST_bad_gntref);
	assert_int_equal(copy(2, by_ref(77, 8, 0), by_frame(mine, 0), 8, GNTCOPY_source_gref), GNTST_bad_domain);
	assert_int_equal(byte(mine, 0), 'm');
	nothing_is_held();
}

static void failed_target_lets_go_of_the_source(void **state)
{
	(void)state;
	assert_int_equal(copy(2, by_ref(1, 8, 0), by_frame(theirs, 0), 8, GNTCOPY_source_gref), GNTST_bad_page);
	assert_int_equal(copy(2, by_ref(1, 8, 0), by_ref(1, 9, 0), 8, GNTCOPY_source_gref | GNTCOPY_dest_gref),
			 GNTST_general_error);
	nothing_is_held();
}

static void copy_through_a_mapped_entry_keeps_its_marks(void **state)
{
	struct gnttab_map_grant_ref op = {.host_addr = 0x7000, .flags = GNTMAP_host_map | GNTMAP_readonly, .ref = 8, .dom = 1};

	(void)state;
	assert_int_equal(OP(cpu[2][0], map_grant_ref, op, 1), OK);
	assert_int_equal(copy(2, by_frame(mine, 0), by_ref(1, 8, 0), 8, GNTCOPY_dest_gref), GNTST_okay);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access | GTF_reading);
	assert_int_equal(references(theirs), 3);
}

static void batch_of_copies_answers_for_each_and_goes_on_when_interrupted(void **state)
{
	struct gnttab_copy *ops = fake_guest(FAKE_GUEST_START);
	struct hypercall call = {.arg = {GNTTABOP_copy, FAKE_GUEST_START, 20}};

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		ops[i] = (struct gnttab_copy){.source = by_ref(1, i % 3 ? 8 : 9, 0), .dest = by_frame(mine, (uint16_t)(8 * i)),
					      .len = 8, .flags = GNTCOPY_source_gref};
	fake_preempt_in = 5;
	assert_int_equal(hypercall_grant_table_op(cpu[2][0], &call), E_RESTART);
	assert_int_equal(call.arg[2], 15);
	assert_true(call.arg[1] == FAKE_GUEST_START + 5 * sizeof(*ops));
	assert_int_equal(hypercall_grant_table_op(cpu[2][0], &call), OK);
	for (unsigned int i = 0; i < 20; i++) {
		assert_int_equal(ops[i].status, i % 3 ? GNTST_okay : GNTST_general_error);
		assert_int_equal(byte(mine, 8 * i), i % 3 ? 'T' : 'm');
	}
	nothing_is_held();
}

static int16_t swap(unsigned int d, grant_ref_t a, grant_ref_t b)
{
	struct gnttab_swap_grant_ref op = {.ref_a = a, .ref_b = b};

	assert_int_equal(OP(cpu[d][0], swap_grant_ref, op, 1), OK);
	return op.status;
}

static void swap_exchanges_whole_entries(void **state)
{
	grant_entry_v1_t was = *entry(1, 8);

	(void)state;
	entry(1, 9)->domid = 77;
	assert_int_equal(swap(1, 8, 9), GNTST_okay);
	assert_memory_equal(entry(1, 9), &was, sizeof(was));
	assert_int_equal(entry(1, 8)->domid, 77);
	assert_int_equal(entry(1, 8)->flags, 0);
	assert_int_equal(swap(1, 9, 9), GNTST_okay);
	assert_memory_equal(entry(1, 9), &was, sizeof(was));
}

/* XSA-18, 26 */
static void swap_of_entries_that_are_not_there_is_refused(void **state)
{
	(void)state;
	assert_int_equal(swap(1, 8, GRANT_ENTRIES_PER_FRAME), GNTST_bad_gntref);
	assert_int_equal(swap(1, UINT32_MAX, 8), GNTST_bad_gntref);
}

static void swap_of_entries_in_use_is_refused(void **state)
{
	struct gnttab_map_grant_ref op = {.flags = GNTMAP_device_map, .ref = 8, .dom = 1};

	(void)state;
	assert_int_equal(OP(cpu[2][0], map_grant_ref, op, 1), OK);
	assert_int_equal(swap(1, 8, 9), GNTST_eagain);
	assert_int_equal(swap(1, 9, 8), GNTST_eagain);
	assert_int_equal(entry(1, 8)->domid, 2);
}

static struct gnttab_copy list_element(struct gnttab_copy_ptr from, struct gnttab_copy_ptr to, uint16_t flags)
{
	return (struct gnttab_copy){.source = from, .dest = to, .len = 1, .flags = flags, .status = 99};
}

static void elements_of_the_same_frames_pin_them_once_and_leave_nothing(void **state)
{
	struct gnttab_copy list[] = {
		list_element(by_ref(1, 8, 0), by_frame(mine, 1), GNTCOPY_source_gref),
		list_element(by_ref(1, 8, 2), by_frame(mine, 3), GNTCOPY_source_gref),
		list_element(by_frame(mine, 0), by_ref(1, 8, 5), GNTCOPY_dest_gref),
		list_element(by_frame(mine, 0), by_ref(1, 8, 7), GNTCOPY_dest_gref),
	};

	(void)state;
	assert_int_equal(OP(cpu[2][0], copy, list, 4), OK);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(list[i].status, GNTST_okay);
	assert_true(byte(mine, 1) == 'T' && byte(mine, 3) == 'T' && byte(mine, 2) == 'm');
	assert_true(byte(theirs, 5) == 'm' && byte(theirs, 7) == 'm' && byte(theirs, 6) == 'T');
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	nothing_is_held();
}

static void an_element_that_is_refused_does_not_open_its_side_for_the_next(void **state)
{
	struct gnttab_copy list[] = {
		list_element(by_ref(1, 8, 0), by_frame(mine, 1), GNTCOPY_source_gref),
		list_element(by_ref(1, 9, 0), by_frame(mine, 2), GNTCOPY_source_gref),
		list_element(by_ref(1, 9, 0), by_frame(mine, 3), GNTCOPY_source_gref),
		list_element(by_frame(mine, 0), by_frame(theirs, 4), 0),
		list_element(by_frame(mine, 0), by_frame(theirs, 5), 0),
		list_element(by_ref(1, 8, 0), by_frame(mine, 6), GNTCOPY_source_gref),
	};

	(void)state;
	assert_int_equal(OP(cpu[2][0], copy, list, 6), OK);
	assert_int_equal(list[0].status, GNTST_okay);
	assert_int_equal(list[5].status, GNTST_okay);
	for (unsigned int i = 1; i < 5; i++)
		assert_true(list[i].status < 0);
	assert_true(byte(mine, 1) == 'T' && byte(mine, 2) == 'm' && byte(mine, 3) == 'm' && byte(mine, 6) == 'T');
	assert_true(byte(theirs, 4) == 'T' && byte(theirs, 5) == 'T');
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	nothing_is_held();
}

/* The same number as a grant, as another domain's grant, as a frame; and a grant for reading, read and then written. */
static void a_side_is_the_same_only_if_all_words_are(void **state)
{
	struct gnttab_copy list[] = {
		list_element(by_ref(1, 8, 0), by_frame(mine, 1), GNTCOPY_source_gref),
		list_element(by_frame(mfn(8), 0), by_frame(mine, 2), 0),
		list_element(by_ref(2, 8, 0), by_frame(mine, 3), GNTCOPY_source_gref),
		list_element(by_ref(1, 8, 0), by_frame(mine, 4), 0),
		list_element(by_ref(1, 8, 0), by_ref(1, 8, 5), GNTCOPY_source_gref | GNTCOPY_dest_gref),
	};

	(void)state;
	grant(1, 8, 2, theirs, GTF_permit_access | GTF_readonly);
	assert_int_equal(OP(cpu[2][0], copy, list, 5), OK);
	assert_int_equal(list[0].status, GNTST_okay);
	for (unsigned int i = 1; i < 5; i++)
		assert_true(list[i].status < 0);
	assert_true(byte(mine, 1) == 'T' && byte(mine, 2) == 'm' && byte(mine, 3) == 'm' && byte(mine, 4) == 'm');
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access | GTF_readonly);
	nothing_is_held();
}

static void a_list_that_ends_in_bad_memory_gives_its_frames_back(void **state)
{
	struct gnttab_copy element = list_element(by_ref(1, 8, 0), by_frame(mine, 1), GNTCOPY_source_gref);
	struct hypercall call = {.arg = {GNTTABOP_copy, FAKE_GUEST_END - sizeof(element), 2}};

	(void)state;
	memcpy(fake_guest(FAKE_GUEST_END - sizeof(element)), &element, sizeof(element));
	assert_int_equal(hypercall_grant_table_op(cpu[2][0], &call), E_FAULT);
	assert_int_equal(byte(mine, 1), 'T');
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	nothing_is_held();
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(copy_moves_exactly_the_bytes_from_a_grant),
		T(copy_moves_bytes_to_a_grant),
		T(copy_between_two_grants_of_two_domains),
		T(copy_within_one_frame_may_overlap),
		T(copy_by_ones_own_grant_wants_it_granted_to_oneself),
		T(copy_across_a_frames_end_is_refused),
		T(frame_number_of_another_domain_is_refused),
		T(frame_number_that_is_not_own_memory_is_refused),
		T(granted_frame_that_is_the_hypervisors_is_refused),
		T(copy_into_a_page_table_is_refused),
		T(copy_to_a_grant_for_reading_is_refused),
		T(copy_by_an_entry_of_another_form_or_domain_is_refused),
		T(failed_target_lets_go_of_the_source),
		T(copy_through_a_mapped_entry_keeps_its_marks),
		T(batch_of_copies_answers_for_each_and_goes_on_when_interrupted),
		T(swap_exchanges_whole_entries),
		T(swap_of_entries_that_are_not_there_is_refused),
		T(swap_of_entries_in_use_is_refused),
		T(elements_of_the_same_frames_pin_them_once_and_leave_nothing),
		T(an_element_that_is_refused_does_not_open_its_side_for_the_next),
		T(a_side_is_the_same_only_if_all_words_are),
		T(a_list_that_ends_in_bad_memory_gives_its_frames_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
