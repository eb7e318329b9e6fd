/* Tests of domctl on the state of vCPUs, and on what there is to know of them and their domains. */
#include <fakes/control_call.h>

static void context_at_buffer(uint64_t flags)
{
	struct vcpu_guest_context c;

	memset(&c, 0, sizeof(c));
	c.flags = flags;
	c.user_regs.rip = 0x1234;
	memcpy(fake_guest(BUFFER), &c, sizeof(c));
	op.u.vcpucontext.vcpu = 0;
	fake_guest_handle(op.u.vcpucontext.ctxt, BUFFER);
}

static void a_context_is_set_and_starts_its_vcpu(void **state)
{
	(void)state;
	context_at_buffer(VGCF_in_kernel | VGCF_online);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), 0);
	assert_int_equal(fake_context_sets, 1);
	assert_int_equal(fake_context.user_regs.rip, 0x1234);
	assert_true(cpu[1][0]->initialised);
	assert_int_equal(cpu[1][0]->stop, 0);
	assert_int_equal(dom[1]->pause_count, 1);
}

static void the_first_vcpu_gets_the_time_of_day_with_its_state(void **state)
{
	(void)state;
	context_at_buffer(VGCF_online);
	op.u.vcpucontext.vcpu = 1;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), 0);
	assert_int_equal(fake_wallclock_updates, 0);
	op.u.vcpucontext.vcpu = 0;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), 0);
	assert_int_equal(fake_wallclock_updates, 1);
}

/* As a restorer of a guest with many vCPUs does: its kernel finds them up, and registers where they see their events. */
static void a_vcpu_that_cannot_see_its_events_is_up_but_waits(void **state)
{
	(void)state;
	context_at_buffer(VGCF_online);
	cpu[1][0]->info = NULL;
	cpu[1][0]->stop |= VCPU_NO_INFO;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), 0);
	assert_int_equal(fake_context_sets, 1);
	assert_int_equal(cpu[1][0]->stop, VCPU_NO_INFO);
}

static void a_context_that_is_not_online_takes_its_vcpu_down(void **state)
{
	(void)state;
	context_at_buffer(VGCF_online);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), 0);
	context_at_buffer(0);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), 0);
	assert_int_equal(cpu[1][0]->stop, VCPU_DOWN);
}

static void setting_a_context_may_be_interrupted(void **state)
{
	(void)state;
	context_at_buffer(VGCF_online);
	fake_context_restarts = 3;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), E_RESTART);
		assert_int_equal(dom[1]->pause_count, 2);
	}
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), 0);
	assert_int_equal(dom[1]->pause_count, 1);
	assert_int_equal(fake_context_sets, 1);
}

static void a_context_that_is_refused_changes_nothing(void **state)
{
	(void)state;
	context_at_buffer(VGCF_online);
	fake_context_status = E_INVAL;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), E_INVAL);
	assert_int_equal(cpu[1][0]->stop, VCPU_DOWN);
	assert_int_equal(dom[1]->pause_count, 1);
}

static void contexts_need_a_vcpu_and_a_buffer(void **state)
{
	(void)state;
	context_at_buffer(VGCF_online);
	op.u.vcpucontext.vcpu = VCPUS; /* allowed, but not made */
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), E_INVAL);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext), E_INVAL);
	op.u.vcpucontext.vcpu = UINT32_MAX;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), E_INVAL);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext), E_INVAL);
	op.u.vcpucontext.vcpu = 0;
	fake_guest_handle(op.u.vcpucontext.ctxt, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), E_FAULT);
	cpu[1][0]->initialised = true;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext), E_FAULT);
	assert_int_equal(dom[1]->pause_count, 1);
}

static void a_null_context_makes_the_vcpu_new(void **state)
{
	(void)state;
	context_at_buffer(VGCF_online);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), 0);
	(void)__atomic_fetch_or(&cpu[1][0]->stop, VCPU_BLOCKED, __ATOMIC_SEQ_CST);
	fake_guest_handle(op.u.vcpucontext.ctxt, 0);
	fake_context_restarts = 1;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), E_RESTART);
	/* Part of its state is gone: nobody may start it, nor read it. */
	assert_false(cpu[1][0]->initialised);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext), E_NODATA);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext), 0);
	assert_int_equal(fake_context_resets, 1);
	assert_false(cpu[1][0]->initialised);
	assert_int_equal(cpu[1][0]->stop, VCPU_DOWN);
	assert_int_equal(dom[1]->pause_count, 1);
}

static void a_context_is_read_back(void **state)
{
	struct vcpu_guest_context c;

	(void)state;
	op.u.vcpucontext.vcpu = 0;
	fake_guest_handle(op.u.vcpucontext.ctxt, BUFFER);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext), E_NODATA);
	cpu[1][0]->initialised = true;
	fake_context.user_regs.rsp = 77;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext), 0);
	memcpy(&c, fake_guest(BUFFER), sizeof(c));
	assert_int_equal(c.user_regs.rsp, 77);
	assert_int_equal(dom[1]->pause_count, 1);
}

static void an_extended_context_has_a_minimal_size(void **state)
{
	const uint32_t least = offsetof(struct xen_domctl_ext_vcpucontext, vmce);

	(void)state;
	op.u.ext_vcpucontext = (struct xen_domctl_ext_vcpucontext){.size = least - 1, .syscall32_callback_eip = 5};
	assert_int_equal(domctl(XEN_DOMCTL_set_ext_vcpucontext), E_INVAL);
	op.u.ext_vcpucontext.size = least;
	assert_int_equal(domctl(XEN_DOMCTL_set_ext_vcpucontext), 0);
	op.u.ext_vcpucontext.vcpu = VCPUS;
	assert_int_equal(domctl(XEN_DOMCTL_set_ext_vcpucontext), E_SRCH);
	assert_int_equal(domctl(XEN_DOMCTL_get_ext_vcpucontext), E_SRCH);
	memset(&op.u, 0xff, sizeof(op.u));
	op.u.ext_vcpucontext.vcpu = 1;
	assert_int_equal(domctl(XEN_DOMCTL_get_ext_vcpucontext), 0);
	assert_int_equal(op.u.ext_vcpucontext.vcpu, 1);
	assert_int_equal(op.u.ext_vcpucontext.size, 64);
	assert_int_equal(op.u.ext_vcpucontext.syscall32_callback_eip, 5);
	assert_int_equal(op.u.ext_vcpucontext.vmce.mci_ctl2_bank1, 0);
}

static void xstate_without_a_buffer_asks_for_the_size(void **state)
{
	(void)state;
	memset(&op.u, 0, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate), 0);
	assert_int_equal(op.u.vcpuextstate.size, FAKE_XSTATE_BYTES_MAX);
	assert_int_equal(op.u.vcpuextstate.xfeature_mask, FAKE_XSTATE_FEATURES);
	/* With a buffer, but no size and no features: the same question. */
	memset(&op.u, 0, sizeof(op.u));
	fake_guest_handle(op.u.vcpuextstate.buffer, BUFFER);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate), 0);
	assert_int_equal(op.u.vcpuextstate.size, FAKE_XSTATE_BYTES_MAX);
}

static void xstate_is_written_with_its_size(void **state)
{
	(void)state;
	fake_xstate[FAKE_XSTATE_BYTES - 1] = 0xee;
	memset(&op.u, 0, sizeof(op.u));
	op.u.vcpuextstate.xfeature_mask = FAKE_XSTATE_FEATURES;
	op.u.vcpuextstate.size = FAKE_XSTATE_BYTES_MAX;
	fake_guest_handle(op.u.vcpuextstate.buffer, BUFFER);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate), 0);
	assert_int_equal(op.u.vcpuextstate.size, FAKE_XSTATE_BYTES);
	assert_int_equal(*(uint8_t *)fake_guest(BUFFER + FAKE_XSTATE_BYTES - 1), 0xee);
	op.u.vcpuextstate.size = FAKE_XSTATE_BYTES - 1;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate), E_INVAL);
	op.u.vcpuextstate.size = FAKE_XSTATE_BYTES;
	op.u.vcpuextstate.xfeature_mask = 3;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate), E_INVAL);
	op.u.vcpuextstate.xfeature_mask = FAKE_XSTATE_FEATURES;
	fake_guest_handle(op.u.vcpuextstate.buffer, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate), E_FAULT);
	op.u.vcpuextstate.vcpu = VCPUS;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate), E_SRCH);
}

static void without_xsave_there_is_no_xstate(void **state)
{
	(void)state;
	fake_xstate_is_missing = true;
	memset(&op.u, 0, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate), 0);
	assert_int_equal(op.u.vcpuextstate.size, 0);
	assert_int_equal(op.u.vcpuextstate.xfeature_mask, 0);
	op.u.vcpuextstate.size = 1024;
	fake_guest_handle(op.u.vcpuextstate.buffer, BUFFER);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate), E_INVAL);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuextstate), E_INVAL);
}

static void xstate_of_a_possible_size_is_set(void **state)
{
	(void)state;
	memset(&op.u, 0, sizeof(op.u));
	fake_guest_handle(op.u.vcpuextstate.buffer, BUFFER);
	op.u.vcpuextstate.size = 15;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuextstate), E_INVAL);
	op.u.vcpuextstate.size = FAKE_XSTATE_BYTES_MAX + 1;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuextstate), E_INVAL);
	op.u.vcpuextstate.size = UINT64_MAX;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuextstate), E_INVAL);
	op.u.vcpuextstate.size = FAKE_XSTATE_BYTES;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuextstate), 0);
	assert_int_equal(fake_xstate_bytes, FAKE_XSTATE_BYTES);
	fake_guest_handle(op.u.vcpuextstate.buffer, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuextstate), E_FAULT);
	op.u.vcpuextstate.vcpu = VCPUS;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuextstate), E_SRCH);
}

static void msrs_are_counted_and_those_that_are_zero_stay(void **state)
{
	struct xen_domctl_vcpu_msr msr;

	(void)state;
	memset(&op.u, 0, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_get_vcpu_msrs), 0);
	assert_int_equal(op.u.vcpu_msrs.msr_count, 2);
	fake_guest_handle(op.u.vcpu_msrs.msrs, BUFFER);
	assert_int_equal(domctl(XEN_DOMCTL_get_vcpu_msrs), 0);
	assert_int_equal(op.u.vcpu_msrs.msr_count, 0);
	fake_msrs[1] = 9;
	op.u.vcpu_msrs.msr_count = 1;
	assert_int_equal(domctl(XEN_DOMCTL_get_vcpu_msrs), 0);
	assert_int_equal(op.u.vcpu_msrs.msr_count, 1);
	memcpy(&msr, fake_guest(BUFFER), sizeof(msr));
	assert_int_equal(msr.index, FAKE_MSR_FIRST + 1);
	assert_int_equal(msr.value, 9);
	assert_int_equal(msr.reserved, 0);
}

static void too_little_room_for_msrs_tells_how_many_there_are(void **state)
{
	(void)state;
	fake_msrs[0] = fake_msrs[1] = 1;
	memset(&op.u, 0, sizeof(op.u));
	op.u.vcpu_msrs.msr_count = 1;
	fake_guest_handle(op.u.vcpu_msrs.msrs, BUFFER);
	memset(fake_guest(BUFFER), 0xcc, 64);
	assert_int_equal(domctl(XEN_DOMCTL_get_vcpu_msrs), E_NOBUFS);
	assert_int_equal(op.u.vcpu_msrs.msr_count, 2);
	assert_int_equal(*(uint8_t *)fake_guest(BUFFER + sizeof(struct xen_domctl_vcpu_msr)), 0xcc);
	op.u.vcpu_msrs.vcpu = VCPUS;
	assert_int_equal(domctl(XEN_DOMCTL_get_vcpu_msrs), E_SRCH);
	assert_int_equal(domctl(XEN_DOMCTL_set_vcpu_msrs), E_SRCH);
}

static void an_msr_that_is_refused_is_named(void **state)
{
	struct xen_domctl_vcpu_msr msrs[3] = {{FAKE_MSR_FIRST, 0, 5}, {FAKE_MSR_FIRST + 1, 0, 6}, {1, 0, 1}};

	(void)state;
	memset(&op.u, 0, sizeof(op.u));
	memcpy(fake_guest(BUFFER), msrs, sizeof(msrs));
	fake_guest_handle(op.u.vcpu_msrs.msrs, BUFFER);
	op.u.vcpu_msrs.msr_count = 2;
	assert_int_equal(domctl(XEN_DOMCTL_set_vcpu_msrs), 0);
	assert_int_equal(op.u.vcpu_msrs.msr_count, 2);
	assert_int_equal(fake_msrs[1], 6);
	op.u.vcpu_msrs.msr_count = 3;
	assert_int_equal(domctl(XEN_DOMCTL_set_vcpu_msrs), E_INVAL);
	assert_int_equal(op.u.vcpu_msrs.msr_count, 2);
	msrs[1].reserved = 1;
	memcpy(fake_guest(BUFFER), msrs, sizeof(msrs));
	op.u.vcpu_msrs.msr_count = 2;
	assert_int_equal(domctl(XEN_DOMCTL_set_vcpu_msrs), E_INVAL);
	assert_int_equal(op.u.vcpu_msrs.msr_count, 1);
	op.u.vcpu_msrs.msr_count = VCPU_MSRS_MAX + 1;
	assert_int_equal(domctl(XEN_DOMCTL_set_vcpu_msrs), E_INVAL);
	op.u.vcpu_msrs.msr_count = 1;
	fake_guest_handle(op.u.vcpu_msrs.msrs, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_set_vcpu_msrs), E_FAULT);
}

static void only_an_nmi_can_be_triggered(void **state)
{
	(void)state;
	op.u.sendtrigger = (struct xen_domctl_sendtrigger){.trigger = XEN_DOMCTL_SENDTRIGGER_NMI, .vcpu = 1};
	assert_int_equal(domctl(XEN_DOMCTL_sendtrigger), 0);
	assert_int_equal(fake_nmis, 1);
	op.u.sendtrigger.vcpu = VCPUS;
	assert_int_equal(domctl(XEN_DOMCTL_sendtrigger), E_SRCH);
	op.u.sendtrigger = (struct xen_domctl_sendtrigger){.trigger = XEN_DOMCTL_SENDTRIGGER_POWER};
	assert_int_equal(domctl(XEN_DOMCTL_sendtrigger), E_INVAL);
	op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_SLEEP;
	assert_int_equal(domctl(XEN_DOMCTL_sendtrigger), E_INVAL);
	op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_RESET;
	assert_int_equal(domctl(XEN_DOMCTL_sendtrigger), E_NOSYS);
	op.u.sendtrigger.trigger = 99;
	assert_int_equal(domctl(XEN_DOMCTL_sendtrigger), E_NOSYS);
	assert_int_equal(fake_nmis, 1);
}

static void domain_info_walks_upwards(void **state)
{
	(void)state;
	domain_end(1);
	assert_int_equal(domctl_as(0, XEN_DOMCTL_getdomaininfo, 0), 0);
	assert_int_equal(op.domain, 0);
	assert_int_equal(domctl_as(0, XEN_DOMCTL_getdomaininfo, 1), 0);
	assert_int_equal(op.domain, 2);
	assert_int_equal(op.u.getdomaininfo.domain, 2);
	assert_int_equal(domctl_as(0, XEN_DOMCTL_getdomaininfo, 3), E_SRCH);
	assert_int_equal(domctl_as(0, XEN_DOMCTL_getdomaininfo, DOMID_FIRST_RESERVED), E_INVAL);
}

static void domain_info_says_all(void **state)
{
	struct xen_domctl_getdomaininfo *info = &op.u.getdomaininfo;

	(void)state;
	dom[1]->handle[3] = 0x33;
	dom[1]->pages_max = 4711;
	dom[1]->pages = 17;
	dom[1]->pages_claimed = 3;
	memset(&op.u, 0xff, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo), 0);
	assert_int_equal(info->flags, XEN_DOMINF_paused | 0xff << XEN_DOMINF_shutdownshift);
	assert_int_equal(info->tot_pages, 17);
	assert_int_equal(info->max_pages, 4711);
	assert_int_equal(info->outstanding_pages, 3);
	assert_int_equal(info->shr_pages, 0);
	assert_int_equal(info->paged_pages, 0);
	assert_int_equal(info->shared_info_frame, arch_virt_to_mfn(dom[1]->shared_info).v);
	assert_int_equal(info->cpu_time, 0);
	assert_int_equal(info->nr_online_vcpus, 0);
	assert_int_equal(info->max_vcpu_id, 1);
	assert_int_equal(info->ssidref, 0);
	assert_int_equal(info->handle[3], 0x33);
	assert_int_equal(info->cpupool, 0);
	assert_int_equal(info->gpaddr_bits, 40);
	assert_int_equal(info->pad1, 0);
	assert_int_equal(info->pad2[6], 0);
	assert_int_equal(info->arch_config.emulation_flags, 0);
	assert_int_equal(info->arch_config.misc_flags, 0);
	dom[1]->pages = dom[1]->pages_claimed = 0;
}

static void running_and_blocked_are_told(void **state)
{
	const uint32_t state_flags = XEN_DOMINF_running | XEN_DOMINF_blocked | XEN_DOMINF_paused;

	(void)state;
	run_on_cpu1(cpu[1][0]);
	fake_now_ns += 500;
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo), 0);
	assert_int_equal(op.u.getdomaininfo.flags & state_flags, XEN_DOMINF_running);
	assert_int_equal(op.u.getdomaininfo.cpu_time, 500);
	assert_int_equal(op.u.getdomaininfo.nr_online_vcpus, 1);
	memset(&op.u, 0xff, sizeof(op.u));
	op.u.getvcpuinfo.vcpu = 0;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuinfo), 0);
	assert_true(op.u.getvcpuinfo.online && op.u.getvcpuinfo.running && !op.u.getvcpuinfo.blocked);
	assert_int_equal(op.u.getvcpuinfo.cpu_time, 500);
	assert_int_equal(op.u.getvcpuinfo.cpu, 1);

	vcpu_stop_for(cpu[1][0], VCPU_POLLING);
	let_go(cpu[1][0]);
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo), 0);
	assert_int_equal(op.u.getdomaininfo.flags & state_flags, XEN_DOMINF_blocked);
	op.u.getvcpuinfo.vcpu = 0;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuinfo), 0);
	assert_true(op.u.getvcpuinfo.online && !op.u.getvcpuinfo.running && op.u.getvcpuinfo.blocked);

	/* One that is not blocked, and the domain is not. */
	vcpu_up(cpu[1][1]);
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo), 0);
	assert_int_equal(op.u.getdomaininfo.flags & state_flags, 0);
	assert_int_equal(op.u.getdomaininfo.nr_online_vcpus, 2);
}

static void a_shutdown_is_told_with_its_reason(void **state)
{
	(void)state;
	domain_shutdown(dom[1], SHUTDOWN_suspend);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain), 0);
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo), 0);
	assert_int_equal(op.u.getdomaininfo.flags, 0x20004);
}

static void a_domain_that_is_dead_but_held_shows_as_dying(void **state)
{
	struct domain *d = dom[1];

	(void)state;
	domain_get(d);
	domain_end(1);
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo), 0);
	assert_true(op.u.getdomaininfo.flags & XEN_DOMINF_dying);
	domain_put(d);
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo), 0);
	assert_int_equal(op.domain, 2);
}

static void vcpu_info_is_of_vcpus_that_are_there(void **state)
{
	(void)state;
	op.u.getvcpuinfo.vcpu = VCPUS;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuinfo), E_SRCH);
	op.u.getvcpuinfo.vcpu = VCPUS + 1;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuinfo), E_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		control_test(a_context_is_set_and_starts_its_vcpu),
		control_test(the_first_vcpu_gets_the_time_of_day_with_its_state),
		control_test(a_vcpu_that_cannot_see_its_events_is_up_but_waits),
		control_test(a_context_that_is_not_online_takes_its_vcpu_down),
		control_test(setting_a_context_may_be_interrupted),
		control_test(a_context_that_is_refused_changes_nothing),
		control_test(contexts_need_a_vcpu_and_a_buffer),
		control_test(a_null_context_makes_the_vcpu_new),
		control_test(a_context_is_read_back),
		control_test(an_extended_context_has_a_minimal_size),
		control_test(xstate_without_a_buffer_asks_for_the_size),
		control_test(xstate_is_written_with_its_size),
		control_test(without_xsave_there_is_no_xstate),
		control_test(xstate_of_a_possible_size_is_set),
		control_test(msrs_are_counted_and_those_that_are_zero_stay),
		control_test(too_little_room_for_msrs_tells_how_many_there_are),
		control_test(an_msr_that_is_refused_is_named),
		control_test(only_an_nmi_can_be_triggered),
		control_test(domain_info_walks_upwards),
		control_test(domain_info_says_all),
		control_test(running_and_blocked_are_told),
		control_test(a_shutdown_is_told_with_its_reason),
		control_test(a_domain_that_is_dead_but_held_shows_as_dying),
		control_test(vcpu_info_is_of_vcpus_that_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
