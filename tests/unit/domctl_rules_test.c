/* Tests of what is the same for all domctl commands: who may, which version, which domain, and how one waits. */
#include <fakes/control_call.h>

static const struct {
	uint32_t cmd;
	long answer;
} refused[] = {
	{XEN_DOMCTL_gethvmcontext, E_INVAL},	       {XEN_DOMCTL_sethvmcontext, E_INVAL},
	{XEN_DOMCTL_gethvmcontext_partial, E_INVAL},   {XEN_DOMCTL_assign_device, E_OPNOTSUPP},
	{XEN_DOMCTL_test_assign_device, E_OPNOTSUPP},  {XEN_DOMCTL_deassign_device, E_OPNOTSUPP},
	{XEN_DOMCTL_get_device_group, E_OPNOTSUPP},    {XEN_DOMCTL_bind_pt_irq, E_INVAL},
	{XEN_DOMCTL_unbind_pt_irq, E_INVAL},	       {XEN_DOMCTL_ioport_mapping, E_OPNOTSUPP},
	{XEN_DOMCTL_set_target, E_OPNOTSUPP},	       {XEN_DOMCTL_debug_op, E_INVAL},
	{XEN_DOMCTL_vm_event_op, E_OPNOTSUPP},	       {XEN_DOMCTL_mem_sharing_op, E_OPNOTSUPP},
	{XEN_DOMCTL_set_access_required, E_OPNOTSUPP}, {XEN_DOMCTL_audit_p2m, E_NOSYS},
	{XEN_DOMCTL_set_broken_page_p2m, E_OPNOTSUPP}, {XEN_DOMCTL_setvnumainfo, E_OPNOTSUPP},
	{XEN_DOMCTL_psr_cmt_op, E_NODEV},	       {XEN_DOMCTL_psr_alloc, E_NODEV},
	{XEN_DOMCTL_monitor_op, E_OPNOTSUPP},	       {XEN_DOMCTL_soft_reset, E_INVAL},
	{XEN_DOMCTL_vmtrace_op, E_INVAL},	       {XEN_DOMCTL_get_paging_mempool_size, E_OPNOTSUPP},
	{XEN_DOMCTL_set_paging_mempool_size, E_OPNOTSUPP},
};

static const uint32_t unknown[] = {
	0, 6, 7, 8, 23, XEN_DOMCTL_real_mode_area, 41, XEN_DOMCTL_set_opt_feature, 49, 51, 53, 58, 70,
	XEN_DOMCTL_cacheflush, 76, 80, XEN_DOMCTL_vuart_op, 87, XEN_DOMCTL_gdbsx_guestmemio,
	XEN_DOMCTL_gdbsx_pausevcpu, XEN_DOMCTL_gdbsx_unpausevcpu, XEN_DOMCTL_gdbsx_domstatus, UINT32_MAX,
};

/* Not to oneself. */
static const uint32_t on_others[] = {
	XEN_DOMCTL_destroydomain, XEN_DOMCTL_pausedomain, XEN_DOMCTL_shadow_op, XEN_DOMCTL_setvcpucontext,
	XEN_DOMCTL_getvcpucontext, XEN_DOMCTL_max_vcpus, XEN_DOMCTL_setdebugging, XEN_DOMCTL_resumedomain,
	XEN_DOMCTL_set_ext_vcpucontext, XEN_DOMCTL_gettscinfo, XEN_DOMCTL_settscinfo,
	XEN_DOMCTL_get_ext_vcpucontext, XEN_DOMCTL_setvcpuextstate, XEN_DOMCTL_getvcpuextstate,
	XEN_DOMCTL_get_vcpu_msrs, XEN_DOMCTL_set_vcpu_msrs, XEN_DOMCTL_set_cpu_policy,
};

/* Not to one who dies. */
static const uint32_t on_living[] = {
	XEN_DOMCTL_setvcpuaffinity, XEN_DOMCTL_max_mem, XEN_DOMCTL_setvcpucontext,
	XEN_DOMCTL_getvcpucontext, XEN_DOMCTL_max_vcpus, XEN_DOMCTL_setdomainhandle,
	XEN_DOMCTL_irq_permission, XEN_DOMCTL_iomem_permission, XEN_DOMCTL_hypercall_init,
	XEN_DOMCTL_settimeoffset, XEN_DOMCTL_resumedomain, XEN_DOMCTL_sendtrigger, XEN_DOMCTL_subscribe,
	XEN_DOMCTL_set_address_size, XEN_DOMCTL_settscinfo, XEN_DOMCTL_gettscinfo,
	XEN_DOMCTL_getpageframeinfo3, XEN_DOMCTL_set_cpu_policy, XEN_DOMCTL_get_cpu_policy,
	XEN_DOMCTL_getvcpuextstate, XEN_DOMCTL_set_vcpu_msrs,
};

static void nobody_but_a_control_domain_may_do_anything(void **state)
{
	(void)state;
	for (uint32_t cmd = 0; cmd < 1010; cmd++)
		assert_int_equal(domctl_as(1, cmd, 2), E_PERM);
	assert_int_equal(domctl_as(1, XEN_DOMCTL_getdomaininfo, 1), E_PERM);
	assert_int_equal(domctl_as(1, XEN_DOMCTL_createdomain, 1000), E_PERM);
}

static void another_interface_version_is_refused_before_anything_else(void **state)
{
	struct hypercall call = {.arg = {FAKE_GUEST_START}};

	(void)state;
	for (uint32_t version = 0; version < 0x20; version++) {
		if (version == XEN_DOMCTL_INTERFACE_VERSION)
			continue;
		op = (struct xen_domctl){.cmd = XEN_DOMCTL_pausedomain, .interface_version = version, .domain = 7000};
		memcpy(fake_guest(FAKE_GUEST_START), &op, sizeof(op));
		assert_int_equal(hypercall_domctl(cpu[0][0], &call), E_ACCES);
		assert_int_equal(hypercall_domctl(cpu[1][0], &call), E_ACCES);
	}
}

static void a_struct_that_cannot_be_read_is_refused(void **state)
{
	struct hypercall call = {.arg = {FAKE_GUEST_END - sizeof(op) + 1}};

	(void)state;
	assert_int_equal(hypercall_domctl(cpu[0][0], &call), E_FAULT);
}

static void a_reply_that_cannot_be_written_is_a_fault(void **state)
{
	(void)state;
	fake_guest_fail_at(2);
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo), E_FAULT);
}

static void commands_that_are_not_there_are_unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(unknown); i++)
		assert_int_equal(domctl(unknown[i]), E_NOSYS);
}

static void commands_that_are_not_offered_say_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
		assert_int_equal(domctl(refused[i].cmd), refused[i].answer);
}

static void commands_that_are_not_offered_want_a_domain_all_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
		assert_int_equal(domctl_as(0, refused[i].cmd, 9), E_SRCH);
		assert_int_equal(domctl_as(0, refused[i].cmd, DOMID_INVALID), refused[i].answer);
	}
}

static void a_domain_that_is_not_there_is_not_found(void **state)
{
	(void)state;
	assert_int_equal(domctl_as(0, XEN_DOMCTL_pausedomain, 9), E_SRCH);
	assert_int_equal(domctl_as(0, XEN_DOMCTL_max_mem, DOMID_SELF), E_SRCH);
	assert_int_equal(domctl_as(0, XEN_DOMCTL_max_mem, DOMID_INVALID), E_SRCH);
}

static void a_domain_does_not_do_it_to_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(on_others); i++) {
		memset(&op.u, 0, sizeof(op.u));
		assert_int_equal(domctl_as(0, on_others[i], 0), E_INVAL);
	}
	assert_false(dom[0]->control.holds_stop);
	assert_int_equal(dom[0]->pause_count, 1);
}

static void a_dying_domain_is_given_nothing(void **state)
{
	(void)state;
	dom[1]->arch.relinquish_steps = 1;
	assert_int_equal(domctl(XEN_DOMCTL_destroydomain), E_RESTART);
	for (size_t i = 0; i < ARRAY_COUNT(on_living); i++) {
		memset(&op.u, 0, sizeof(op.u));
		assert_int_equal(domctl(on_living[i]), E_SRCH);
	}
	/* Its end may be looked at. */
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo), 0);
	assert_int_equal(op.domain, 1);
	op.u.getvcpuinfo.vcpu = 0;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuinfo), 0);
	/* Lists of all domains ask each for these, and end at the first error. */
	memset(&op.u, 0, sizeof(op.u));
	op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
	fake_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, BUFFER);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity), 0);
	memset(&op.u, 0, sizeof(op.u));
	op.u.nodeaffinity.nodemap.nr_bits = 8;
	fake_guest_handle(op.u.nodeaffinity.nodemap.bitmap, BUFFER);
	assert_int_equal(domctl(XEN_DOMCTL_getnodeaffinity), 0);
	memset(&op.u, 0, sizeof(op.u));
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	assert_int_equal(domctl(XEN_DOMCTL_scheduler_op), 0);
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	assert_int_equal(domctl(XEN_DOMCTL_scheduler_op), E_SRCH);
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain), 0);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain), 0);
}

static void only_the_part_that_is_the_reply_is_written(void **state)
{
	struct hypercall call = {.arg = {FAKE_GUEST_START}};
	struct xen_domctl before;

	(void)state;
	memset(&op, 0xa5, sizeof(op));
	op.cmd = XEN_DOMCTL_setdomainhandle;
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op.domain = 1;
	before = op;
	memcpy(fake_guest(FAKE_GUEST_START), &op, sizeof(op));
	assert_int_equal(hypercall_domctl(cpu[0][0], &call), 0);
	assert_memory_equal(fake_guest(FAKE_GUEST_START), &before, sizeof(before));

	op.cmd = XEN_DOMCTL_getvcpuinfo;
	op.u.getvcpuinfo.vcpu = 1;
	memcpy(fake_guest(FAKE_GUEST_START), &op, sizeof(op));
	assert_int_equal(hypercall_domctl(cpu[0][0], &call), 0);
	memcpy(&op, fake_guest(FAKE_GUEST_START), sizeof(op));
	for (size_t i = sizeof(op.u.getvcpuinfo); i < sizeof(op.u); i++)
		assert_int_equal(op.u.pad[i], 0xa5);
}

static void a_command_waits_until_the_domain_has_stopped(void **state)
{
	(void)state;
	run_on_cpu1(cpu[1][0]);
	memset(&op.u, 0, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), E_RESTART);
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), E_RESTART);
	assert_int_equal(dom[1]->pause_count, 1);
	assert_true(sched_is_due(1));
	let_go(cpu[1][0]);
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), 0);
	assert_int_equal(dom[1]->pause_count, 0);
	assert_false(dom[1]->control.holds_stop);
}

static void a_command_that_is_refused_gives_its_pause_back(void **state)
{
	(void)state;
	run_on_cpu1(cpu[1][0]);
	op.u.tsc_info.tsc_mode = 99;
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), E_RESTART);
	let_go(cpu[1][0]);
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), E_INVAL);
	assert_int_equal(dom[1]->pause_count, 0);
}

static void pauses_stay_balanced_when_callers_take_turns(void **state)
{
	(void)state;
	run_on_cpu1(cpu[1][0]);
	memset(&op.u, 0, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), E_RESTART);
	let_go(cpu[1][0]);
	/* Another caller's command ends first. */
	memset(&op.u, 0, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_gettscinfo), 0);
	assert_int_equal(dom[1]->pause_count, 0);
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), 0);
	assert_int_equal(dom[1]->pause_count, 0);
}

/* A program changes what it asks for between two attempts. */
static void unpausing_gives_back_the_pause_of_a_command_that_does_not_come_again(void **state)
{
	(void)state;
	run_on_cpu1(cpu[1][0]);
	memset(&op.u, 0, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), E_RESTART);
	let_go(cpu[1][0]);
	assert_int_equal(dom[1]->pause_count, 1);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain), E_INVAL);
	assert_int_equal(dom[1]->pause_count, 0);
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), 0);
	assert_int_equal(dom[1]->pause_count, 0);
}

static void pausing_returns_when_the_domain_has_stopped(void **state)
{
	(void)state;
	run_on_cpu1(cpu[1][0]);
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain), E_RESTART);
	assert_int_equal(dom[1]->control_pause_count, 0);
	let_go(cpu[1][0]);
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain), 0);
	assert_int_equal(dom[1]->control_pause_count, 1);
	assert_int_equal(dom[1]->pause_count, 1);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain), 0);
	assert_int_equal(dom[1]->pause_count, 0);
}

static void a_domain_that_is_destroyed_while_one_waits_for_it_does_not_run_again(void **state)
{
	(void)state;
	run_on_cpu1(cpu[1][0]);
	memset(&op.u, 0, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), E_RESTART);
	assert_int_equal(domctl(XEN_DOMCTL_destroydomain), E_RESTART);
	let_go(cpu[1][0]);
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo), E_SRCH);
	assert_false(vcpu_is_runnable(cpu[1][0]));
	while (domctl(XEN_DOMCTL_destroydomain) == E_RESTART)
		;
	dom[1] = NULL;
	assert_int_equal(domctl(XEN_DOMCTL_destroydomain), E_SRCH);
}

/* What a second caller gets while the first one is at work. */
static long second_locked, second_unlocked;

static void second_caller(void)
{
	struct xen_domctl second = {
		.cmd = XEN_DOMCTL_max_mem, .interface_version = XEN_DOMCTL_INTERFACE_VERSION, .domain = 2,
	};

	second_locked = control_call(hypercall_domctl, 0, &second, sizeof(second));
	second.cmd = XEN_DOMCTL_getdomaininfo;
	second_unlocked = control_call(hypercall_domctl, 0, &second, sizeof(second));
}

static void a_second_caller_comes_again_and_one_that_only_looks_does_not_wait(void **state)
{
	uint64_t limit = dom[2]->pages_max;

	(void)state;
	memset(&op.u, 0, sizeof(op.u));
	fake_guest_handle(op.u.vcpucontext.ctxt, BUFFER);
	fake_context_meanwhile = second_caller;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), 0);
	assert_int_equal(second_locked, E_RESTART);
	assert_int_equal(second_unlocked, 0);
	assert_int_equal(dom[2]->pages_max, limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		control_test(nobody_but_a_control_domain_may_do_anything),
		control_test(another_interface_version_is_refused_before_anything_else),
		control_test(a_struct_that_cannot_be_read_is_refused),
		control_test(a_reply_that_cannot_be_written_is_a_fault),
		control_test(commands_that_are_not_there_are_unknown),
		control_test(commands_that_are_not_offered_say_so),
		control_test(commands_that_are_not_offered_want_a_domain_all_the_same),
		control_test(a_domain_that_is_not_there_is_not_found),
		control_test(a_domain_does_not_do_it_to_itself),
		control_test(a_dying_domain_is_given_nothing),
		control_test(only_the_part_that_is_the_reply_is_written),
		control_test(a_command_waits_until_the_domain_has_stopped),
		control_test(a_command_that_is_refused_gives_its_pause_back),
		control_test(pauses_stay_balanced_when_callers_take_turns),
		control_test(unpausing_gives_back_the_pause_of_a_command_that_does_not_come_again),
		control_test(pausing_returns_when_the_domain_has_stopped),
		control_test(a_domain_that_is_destroyed_while_one_waits_for_it_does_not_run_again),
		control_test(a_second_caller_comes_again_and_one_that_only_looks_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
