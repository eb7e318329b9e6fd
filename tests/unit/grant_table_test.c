/* The table itself: its frames, its version, and what grant_table_op refuses as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/grant_call.h"
#include "core/grant/grant_internal.h"

static int setup(void **state)
{
	(void)state;
	three_domains_start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	three_domains_end();
	return 0;
}

static void setup_table_answers_the_frames_and_grows_to_the_limit(void **state)
{
	struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = 2};
	uint64_t *list = fake_guest(FAKE_GUEST_START + 0x1000);

	(void)state;
	fake_guest_handle(op.frame_list, FAKE_GUEST_START + 0x1000);
	assert_int_equal(OP(cpu[1][0], setup_table, op, 1), OK);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(dom[1]->grant.frames, 2);
	for (unsigned int i = 0; i < 2; i++)
		assert_true(list[i] == arch_virt_to_mfn(dom[1]->grant.shared[i]).v);
	op.nr_frames = TEST_GRANT_FRAMES + 1;
	assert_int_equal(OP(cpu[1][0], setup_table, op, 1), OK);
	assert_int_equal(op.status, GNTST_general_error);
	op.nr_frames = 1;
	fake_guest_handle(op.frame_list, FAKE_GUEST_END);
	assert_int_equal(OP(cpu[1][0], setup_table, op, 1), OK);
	assert_int_equal(op.status, GNTST_bad_virt_addr);
	assert_int_equal(OP(cpu[1][0], setup_table, op, 2), E_INVAL);
}

static void table_of_another_domain_is_for_the_control_domain(void **state)
{
	struct gnttab_setup_table op = {.dom = 2, .nr_frames = 1};
	struct gnttab_query_size q = {.dom = 2};
	struct gnttab_get_version g = {.dom = 2};

	(void)state;
	fake_guest_handle(op.frame_list, FAKE_GUEST_START + 0x1000);
	assert_int_equal(OP(cpu[1][0], setup_table, op, 1), OK);
	assert_int_equal(op.status, GNTST_permission_denied);
	assert_int_equal(OP(cpu[1][0], query_size, q, 1), OK);
	assert_int_equal(q.status, GNTST_permission_denied);
	assert_int_equal(OP(cpu[1][0], get_version, g, 1), E_PERM);
	assert_int_equal(OP(cpu[0][0], setup_table, op, 1), OK);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(OP(cpu[0][0], query_size, q, 1), OK);
	assert_int_equal(q.status, GNTST_okay);
	assert_int_equal(q.nr_frames, 1);
	assert_int_equal(q.max_nr_frames, TEST_GRANT_FRAMES);
	assert_int_equal(OP(cpu[0][0], get_version, g, 1), OK);
	assert_int_equal(g.version, 1);
	op.dom = q.dom = g.dom = 77;
	assert_int_equal(OP(cpu[0][0], setup_table, op, 1), OK);
	assert_int_equal(op.status, GNTST_bad_domain);
	assert_int_equal(OP(cpu[0][0], query_size, q, 1), OK);
	assert_int_equal(q.status, GNTST_bad_domain);
	assert_int_equal(OP(cpu[0][0], query_size, q, 0), E_INVAL);
	assert_int_equal(OP(cpu[0][0], get_version, g, 1), E_SRCH);
}

static void table_of_a_dying_domain_does_not_grow(void **state)
{
	mfn_t m;

	(void)state;
	dom[1]->state = DOMAIN_DYING;
	assert_int_equal(grant_table_frame(dom[1], 0, &m), OK);
	assert_int_equal(grant_table_frame(dom[1], 1, &m), E_INVAL);
	dom[1]->state = DOMAIN_ALIVE;
	assert_int_equal(grant_table_frame(dom[1], 1, &m), OK);
	assert_int_equal(grant_table_frame(dom[1], TEST_GRANT_FRAMES, &m), E_INVAL);
	assert_int_equal(grant_table_frame(dom[1], UINT32_MAX, &m), E_INVAL);
}

static void table_without_memory_to_grow_stays_as_it_is(void **state)
{
	mfn_t m;

	(void)state;
	fake_memory_leave(0);
	assert_int_equal(grant_table_frame(dom[1], 1, &m), E_NOMEM);
	assert_int_equal(dom[1]->grant.frames, 1);
	fake_memory_unleave();
	assert_int_equal(grant_table_frame(dom[1], 1, &m), OK);
}

static void only_version_1_can_be_set(void **state)
{
	struct gnttab_set_version op = {.version = 1};

	(void)state;
	assert_int_equal(OP(cpu[1][0], set_version, op, 1), OK);
	op.version = 2;
	assert_int_equal(OP(cpu[1][0], set_version, op, 1), E_NOSYS);
	assert_int_equal(op.version, 1);
	op.version = 3;
	assert_int_equal(OP(cpu[1][0], set_version, op, 1), E_INVAL);
	assert_int_equal(op.version, 1);
}

/* XSA-232, 520 and design decision 4: what is left out cannot be attacked. */
static void operations_that_are_left_out_are_not_there(void **state)
{
	static const unsigned int absent[] = {GNTTABOP_dump_table, GNTTABOP_transfer, GNTTABOP_unmap_and_replace,
					      GNTTABOP_get_status_frames, 13, 999, UINT32_MAX};
	uint64_t args[8] = {0};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(absent); i++)
		assert_int_equal(call_once(hypercall_grant_table_op, cpu[0][0], absent[i], args, sizeof(args), 1), E_NOSYS);
	assert_int_equal(OP(cpu[0][0], cache_flush, args, 1), E_OPNOTSUPP);
	assert_int_equal(OP(cpu[0][0], map_grant_ref, args, 0x80000000u), E_INVAL);
	assert_int_equal(OP(cpu[0][0], map_grant_ref, args, 0), OK);
}

static void array_outside_guest_memory_is_a_fault(void **state)
{
	static const unsigned int ops[] = {GNTTABOP_map_grant_ref, GNTTABOP_unmap_grant_ref, GNTTABOP_copy,
					   GNTTABOP_swap_grant_ref, GNTTABOP_setup_table, GNTTABOP_query_size,
					   GNTTABOP_set_version, GNTTABOP_get_version};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(ops); i++) {
		struct hypercall call = {.arg = {ops[i], FAKE_GUEST_END - 2, 1}};

		assert_int_equal(hypercall_grant_table_op(cpu[1][0], &call), E_FAULT);
	}
}

static void limits_that_are_impossible_are_refused(void **state)
{
	struct domain d = {.id = 9};

	(void)state;
	assert_int_equal(grant_domain_init(&d, 0, 1), E_INVAL);
	assert_int_equal(grant_domain_init(&d, GRANT_FRAMES_LIMIT + 1, 1), E_INVAL);
	assert_int_equal(grant_domain_init(&d, 1, GRANT_MAPTRACK_FRAMES_LIMIT + 1), E_INVAL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(setup_table_answers_the_frames_and_grows_to_the_limit),
		T(table_of_another_domain_is_for_the_control_domain),
		T(table_of_a_dying_domain_does_not_grow),
		T(table_without_memory_to_grow_stays_as_it_is),
		T(only_version_1_can_be_set),
		T(operations_that_are_left_out_are_not_there),
		T(array_outside_guest_memory_is_a_fault),
		T(limits_that_are_impossible_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
