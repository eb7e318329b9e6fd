/* Tests of domctl on what a domain sees of the CPU, and of its time-stamp counter. */
#include <fakes/control_call.h>

#include <hyp/pv/cpu_policy.h>

static struct xen_cpuid_leaf leaves[CPU_POLICY_LIST_MAX];

static void ask(uint32_t nr_leaves, uint32_t nr_msrs)
{
	memset(&op.u, 0, sizeof(op.u));
	op.u.cpu_policy.nr_leaves = nr_leaves;
	op.u.cpu_policy.nr_msrs = nr_msrs;
	fake_guest_handle(op.u.cpu_policy.leaves, BUFFER);
	fake_guest_handle(op.u.cpu_policy.msrs, BUFFER2);
}

/* The domain's policy, as its builder gets it. Returns the number of leaves. */
static uint32_t read_policy(void)
{
	ask(CPU_POLICY_LIST_MAX, CPU_POLICY_MSRS);
	assert_int_equal(domctl(XEN_DOMCTL_get_cpu_policy), 0);
	memcpy(leaves, fake_guest(BUFFER), sizeof(leaves));
	return op.u.cpu_policy.nr_leaves;
}

static struct xen_cpuid_leaf *leaf_find(uint32_t count, uint32_t leaf)
{
	for (uint32_t i = 0; i < count; i++)
		if (leaves[i].leaf == leaf)
			return &leaves[i];
	fail();
	return NULL;
}

static long write_policy(uint32_t count)
{
	ask(count, 0);
	memcpy(fake_guest(BUFFER), leaves, sizeof(leaves));
	return domctl(XEN_DOMCTL_set_cpu_policy);
}

static void the_sizes_of_the_lists_are_told(void **state)
{
	(void)state;
	memset(&op.u, 0, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_get_cpu_policy), 0);
	assert_int_equal(op.u.cpu_policy.nr_leaves, CPU_POLICY_LIST_MAX);
	assert_int_equal(op.u.cpu_policy.nr_msrs, CPU_POLICY_MSRS);
}

static void a_policy_is_read_and_set_again(void **state)
{
	uint32_t count;

	(void)state;
	count = read_policy();
	assert_true(count > 3 && count < CPU_POLICY_LIST_MAX);
	assert_int_equal(op.u.cpu_policy.nr_msrs, CPU_POLICY_MSRS);
	assert_int_equal(write_policy(count), 0);
	assert_int_equal(op.u.cpu_policy.err_leaf, UINT32_MAX);
	assert_int_equal(op.u.cpu_policy.err_subleaf, UINT32_MAX);
	assert_int_equal(op.u.cpu_policy.err_msr, UINT32_MAX);
	assert_int_equal(read_policy(), count);
}

static void too_little_room_tells_what_is_needed(void **state)
{
	uint32_t count;

	(void)state;
	count = read_policy();
	ask(count - 1, 2);
	assert_int_equal(domctl(XEN_DOMCTL_get_cpu_policy), E_NOBUFS);
	assert_int_equal(op.u.cpu_policy.nr_leaves, count);
	ask(count, 1);
	memset(fake_guest(BUFFER2), 0xcc, 64);
	assert_int_equal(domctl(XEN_DOMCTL_get_cpu_policy), E_NOBUFS);
	assert_int_equal(op.u.cpu_policy.nr_msrs, 2);
	assert_int_equal(*(uint8_t *)fake_guest(BUFFER2 + sizeof(struct xen_msr_entry)), 0xcc);
}

static void a_feature_is_taken_away(void **state)
{
	uint32_t count;

	(void)state;
	count = read_policy();
	assert_true(leaf_find(count, 1)->c & 1);
	leaf_find(count, 1)->c &= ~1u;
	assert_int_equal(write_policy(count), 0);
	count = read_policy();
	assert_false(leaf_find(count, 1)->c & 1);
}

static void more_than_there_is_is_refused_by_name(void **state)
{
	uint32_t count;

	(void)state;
	count = read_policy();
	leaf_find(count, 0)->a = 0x7fffffff;
	assert_int_equal(write_policy(count), E_INVAL);
	assert_int_equal(op.u.cpu_policy.err_leaf, 0);
	leaves[0] = (struct xen_cpuid_leaf){.leaf = 0x1234, .subleaf = XEN_CPUID_NO_SUBLEAF};
	assert_int_equal(write_policy(1), E_RANGE);
	assert_int_equal(op.u.cpu_policy.err_leaf, 0x1234);
	assert_int_equal(op.u.cpu_policy.err_subleaf, XEN_CPUID_NO_SUBLEAF);
}

static void an_msr_that_is_not_there_is_refused_by_name(void **state)
{
	const struct xen_msr_entry msr = {.idx = 0x77};

	(void)state;
	ask(0, 1);
	memcpy(fake_guest(BUFFER2), &msr, sizeof(msr));
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy), E_RANGE);
	assert_int_equal(op.u.cpu_policy.err_msr, 0x77);
}

static void lists_have_limits_and_places(void **state)
{
	(void)state;
	ask(CPU_POLICY_LIST_MAX + 1, 0);
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy), E_TOOBIG);
	ask(0, CPU_POLICY_MSRS + 1);
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy), E_TOOBIG);
	ask(1, 0);
	fake_guest_handle(op.u.cpu_policy.leaves, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy), E_FAULT);
	ask(1, 0);
	fake_guest_handle(op.u.cpu_policy.leaves, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_get_cpu_policy), E_FAULT);
	ask(0, 1);
	fake_guest_handle(op.u.cpu_policy.msrs, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy), E_FAULT);
	ask(200, 1);
	fake_guest_handle(op.u.cpu_policy.msrs, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_get_cpu_policy), E_FAULT);
}

static void a_domain_that_has_run_keeps_its_policy(void **state)
{
	(void)state;
	/* Another tool's look at it in between. */
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain), 0);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain), 0);
	ask(0, 0);
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy), 0);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain), 0);
	ask(0, 0);
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy), E_EXIST);
	assert_int_equal(dom[1]->pause_count, 0);
}

static void the_time_stamp_counters_mode_is_kept(void **state)
{
	(void)state;
	memset(&op.u, 0, sizeof(op.u));
	op.u.tsc_info = (struct xen_domctl_tsc_info){.tsc_mode = 2, .gtsc_khz = 5, .incarnation = 1, .elapsed_nsec = 9};
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), 0);
	memset(&op.u, 0xff, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_gettscinfo), 0);
	assert_int_equal(op.u.tsc_info.tsc_mode, 2);
	assert_int_equal(op.u.tsc_info.elapsed_nsec, 9);
	assert_int_equal(op.u.tsc_info.pad, 0);
	op.u.tsc_info.tsc_mode = 9;
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), E_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		control_test(the_sizes_of_the_lists_are_told),
		control_test(a_policy_is_read_and_set_again),
		control_test(too_little_room_tells_what_is_needed),
		control_test(a_feature_is_taken_away),
		control_test(more_than_there_is_is_refused_by_name),
		control_test(an_msr_that_is_not_there_is_refused_by_name),
		control_test(lists_have_limits_and_places),
		control_test(a_domain_that_has_run_keeps_its_policy),
		control_test(the_time_stamp_counters_mode_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
