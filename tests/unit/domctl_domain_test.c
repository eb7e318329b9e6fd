/* Tests of domctl on the life of domains: creation, vCPUs, pauses, resuming, names, times. */
#include <fakes/control_call.h>

/* What libxl asks for a paravirtual guest. */
static void create_usual(void)
{
	op.u.createdomain = (struct xen_domctl_createdomain){
		.ssidref = 12,
		.handle = {1, 2, 3},
		.max_vcpus = 2,
		.max_evtchn_port = 1023,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = 2,
	};
}

static long create(domid_t id) { return domctl_as(0, XEN_DOMCTL_createdomain, id); }

static void assert_create_refused(long answer)
{
	uint64_t before = frames_free_count();

	assert_int_equal(create(10), answer);
	assert_null(domain_find(10));
	assert_int_equal(frames_free_count(), before);
}

static void a_domain_gets_the_next_free_number(void **state)
{
	static const domid_t any[] = {0, DOMID_INVALID, DOMID_FIRST_RESERVED, DOMID_SELF};
	domid_t last = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(any); i++) {
		create_usual();
		assert_int_equal(create(any[i]), 0);
		assert_true(op.domain >= 3 && op.domain < 20 && op.domain > last);
		last = op.domain;
	}
}

static void a_domain_gets_the_number_it_is_given(void **state)
{
	struct domain *d;

	(void)state;
	create_usual();
	assert_int_equal(create(15), 0);
	assert_int_equal(op.domain, 15);
	d = domain_find(15);
	assert_non_null(d);
	assert_int_equal(d->control_pause_count, 1);
	assert_int_equal(d->vcpu_max, 2);
	assert_int_equal(d->evtchn.port_max, 1023);
	assert_int_equal(d->grant.frames_max, GRANT_FRAMES_DEFAULT);
	assert_int_equal(d->grant.maptrack_frames_max, GRANT_MAPTRACK_FRAMES_DEFAULT);
	assert_int_equal(d->handle[1], 2);
	assert_false(d->privileged);
	domain_put(d);
}

static void a_number_that_is_in_use_is_refused(void **state)
{
	(void)state;
	create_usual();
	assert_int_equal(create(2), E_EXIST);
}

static void the_configuration_comes_back_as_it_was_taken(void **state)
{
	struct xen_domctl_createdomain asked;

	(void)state;
	create_usual();
	asked = op.u.createdomain;
	assert_int_equal(create(10), 0);
	asked.flags |= XEN_DOMCTL_CDF_oos_off;
	assert_memory_equal(&op.u.createdomain, &asked, sizeof(asked));
}

static void domains_of_other_kinds_are_refused(void **state)
{
	static const uint32_t flags[] = {
		XEN_DOMCTL_CDF_hvm,   XEN_DOMCTL_CDF_hap,	  XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
		XEN_DOMCTL_CDF_iommu, XEN_DOMCTL_CDF_nested_virt, XEN_DOMCTL_CDF_vpmu,
		XEN_DOMCTL_CDF_xs_domain, 0x100, 0x80000000,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
		create_usual();
		op.u.createdomain.flags = flags[i];
		assert_create_refused(E_INVAL);
	}
}

static void flags_without_a_meaning_here_are_taken(void **state)
{
	(void)state;
	create_usual();
	op.u.createdomain.flags = XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_s3_integrity;
	assert_int_equal(create(10), 0);
}

static void registers_that_guests_do_not_have_can_be_passed_over(void **state)
{
	struct domain *d;

	(void)state;
	for (unsigned int relaxed = 0; relaxed < 2; relaxed++) {
		create_usual();
		op.u.createdomain.arch.misc_flags = relaxed ? XEN_X86_MSR_RELAXED : 0;
		assert_int_equal(create((domid_t)(12 + relaxed)), 0);
		d = domain_find((domid_t)(12 + relaxed));
		assert_int_equal(d->msr_relaxed, relaxed);
		domain_put(d);
	}
}

static void options_that_are_not_there_are_refused(void **state)
{
	(void)state;
	create_usual();
	op.u.createdomain.iommu_opts = 1;
	assert_create_refused(E_INVAL);
	create_usual();
	op.u.createdomain.vmtrace_size = 4096;
	assert_create_refused(E_INVAL);
	create_usual();
	op.u.createdomain.arch.emulation_flags = XEN_X86_EMU_LAPIC;
	assert_create_refused(E_INVAL);
	create_usual();
	op.u.createdomain.arch.misc_flags = XEN_X86_MSR_RELAXED << 1;
	assert_create_refused(E_INVAL);
	create_usual();
	op.u.createdomain.cpupool_id = 1;
	assert_create_refused(E_SRCH);
}

static void a_number_of_vcpus_must_be_possible(void **state)
{
	(void)state;
	create_usual();
	op.u.createdomain.max_vcpus = 0;
	assert_create_refused(E_INVAL);
	op.u.createdomain.max_vcpus = VCPUS_MAX + 1;
	assert_create_refused(E_INVAL);
	op.u.createdomain.max_vcpus = VCPUS_MAX;
	assert_int_equal(create(10), 0);
}

static void grant_versions_are_one_and_up_to_two(void **state)
{
	static const struct {
		uint32_t opts;
		long answer;
	} cases[] = {{0, E_INVAL}, {3, E_INVAL}, {0x10, E_INVAL}, {0x11, E_INVAL}, {1, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		create_usual();
		op.u.createdomain.grant_opts = cases[i].opts;
		assert_int_equal(create(10), cases[i].answer);
	}
}

static void grant_limits_beyond_the_possible_are_refused(void **state)
{
	(void)state;
	create_usual();
	op.u.createdomain.max_grant_frames = INT32_MAX;
	assert_create_refused(E_INVAL);
	create_usual();
	op.u.createdomain.max_maptrack_frames = INT32_MAX;
	assert_create_refused(E_INVAL);
	create_usual();
	op.u.createdomain.max_grant_frames = 4;
	op.u.createdomain.max_maptrack_frames = 8;
	assert_int_equal(create(10), 0);
}

static void a_creation_without_memory_leaves_nothing(void **state)
{
	(void)state;
	create_usual();
	fake_domain_create_status = E_NOMEM;
	assert_create_refused(E_NOMEM);
}

static void vcpus_are_made_once(void **state)
{
	struct domain *d;

	(void)state;
	create_usual();
	assert_int_equal(create(10), 0);
	op.u.max_vcpus.max = 2;
	assert_int_equal(domctl_as(0, XEN_DOMCTL_max_vcpus, 10), 0);
	d = domain_find(10);
	assert_non_null(d->vcpu[0]);
	assert_non_null(d->vcpu[1]);
	assert_int_equal(fake_vcpus_alive, DOMAINS * VCPUS + 2);
	assert_int_equal(domctl_as(0, XEN_DOMCTL_max_vcpus, 10), 0);
	assert_int_equal(fake_vcpus_alive, DOMAINS * VCPUS + 2);
	domain_put(d);
}

static void another_number_of_vcpus_than_at_creation_is_refused(void **state)
{
	(void)state;
	op.u.max_vcpus.max = VCPUS;
	assert_int_equal(domctl(XEN_DOMCTL_max_vcpus), E_INVAL);
	op.u.max_vcpus.max = VCPUS + 2;
	assert_int_equal(domctl(XEN_DOMCTL_max_vcpus), E_INVAL);
	op.u.max_vcpus.max = 0;
	assert_int_equal(domctl(XEN_DOMCTL_max_vcpus), E_INVAL);
}

static void making_many_vcpus_may_be_interrupted(void **state)
{
	(void)state;
	create_usual();
	assert_int_equal(create(10), 0);
	fake_preempt_in = 1;
	op.u.max_vcpus.max = 2;
	assert_int_equal(domctl_as(0, XEN_DOMCTL_max_vcpus, 10), E_RESTART);
	assert_int_equal(fake_vcpus_alive, DOMAINS * VCPUS + 1);
	assert_int_equal(domctl_as(0, XEN_DOMCTL_max_vcpus, 10), 0);
	assert_int_equal(fake_vcpus_alive, DOMAINS * VCPUS + 2);
}

static void vcpus_without_memory_are_refused(void **state)
{
	(void)state;
	create_usual();
	assert_int_equal(create(10), 0);
	fake_vcpu_create_status = E_NOMEM;
	op.u.max_vcpus.max = 2;
	assert_int_equal(domctl_as(0, XEN_DOMCTL_max_vcpus, 10), E_NOMEM);
}

static void pauses_are_counted(void **state)
{
	(void)state;
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain), 0);
	assert_int_equal(dom[1]->control_pause_count, 2);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain), 0);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain), 0);
	assert_int_equal(dom[1]->pause_count, 0);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain), E_INVAL);
}

static void there_is_an_end_to_pauses(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < 255; i++)
		assert_int_equal(domctl(XEN_DOMCTL_pausedomain), 0);
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain), E_RANGE);
	assert_int_equal(dom[1]->pause_count, 255);
}

static void a_suspended_domain_is_resumed(void **state)
{
	(void)state;
	domain_shutdown(dom[1], SHUTDOWN_suspend);
	assert_int_equal(dom[1]->pause_count, 2);
	assert_int_equal(domctl(XEN_DOMCTL_resumedomain), 0);
	assert_false(dom[1]->is_shutdown);
	assert_int_equal(dom[1]->pause_count, 1);
	assert_int_equal(domctl(XEN_DOMCTL_resumedomain), 0);
	assert_int_equal(dom[1]->pause_count, 1);
}

static void a_subscriber_hears_of_a_suspend_in_place_of_domain_0s_watchers(void **state)
{
	uint32_t port, peer_port, virq_port;

	(void)state;
	must(evtchn_bind_virq(dom[0], VIRQ_DOM_EXC, 0, &virq_port));
	must(evtchn_alloc_unbound(dom[1], 0, &port));
	must(evtchn_bind_interdomain(dom[0], dom[1], port, &peer_port));
	memset(dom[0]->shared_info->evtchn_pending, 0, sizeof(dom[0]->shared_info->evtchn_pending));
	op.u.subscribe.port = port;
	assert_int_equal(domctl(XEN_DOMCTL_subscribe), 0);
	domain_shutdown(dom[1], SHUTDOWN_suspend);
	assert_true(evtchn_is_pending(dom[0], peer_port));
	assert_false(evtchn_is_pending(dom[0], virq_port));
}

static void other_ends_are_told_to_domain_0s_watchers_whoever_subscribed(void **state)
{
	uint32_t virq_port;

	(void)state;
	must(evtchn_bind_virq(dom[0], VIRQ_DOM_EXC, 0, &virq_port));
	/* A port that is not there takes nothing away either. */
	op.u.subscribe.port = 77;
	assert_int_equal(domctl(XEN_DOMCTL_subscribe), 0);
	domain_shutdown(dom[1], SHUTDOWN_suspend);
	assert_true(evtchn_is_pending(dom[0], virq_port));
	memset(dom[0]->shared_info->evtchn_pending, 0, sizeof(dom[0]->shared_info->evtchn_pending));
	op.u.subscribe.port = 77;
	assert_int_equal(domctl_as(0, XEN_DOMCTL_subscribe, 2), 0);
	domain_shutdown(dom[2], SHUTDOWN_crash);
	assert_true(evtchn_is_pending(dom[0], virq_port));
}

static void a_handle_is_kept(void **state)
{
	(void)state;
	memset(op.u.setdomainhandle.handle, 0x5a, sizeof(op.u.setdomainhandle.handle));
	assert_int_equal(domctl(XEN_DOMCTL_setdomainhandle), 0);
	assert_int_equal(dom[1]->handle[15], 0x5a);
}

static void a_time_offset_is_told_to_the_domain(void **state)
{
	(void)state;
	op.u.settimeoffset.time_offset_seconds = -3600;
	assert_int_equal(domctl(XEN_DOMCTL_settimeoffset), 0);
	assert_int_equal(dom[1]->time_offset_ns, -3600 * (int64_t)NANOSECONDS_PER_SECOND);
	assert_int_equal(fake_wallclock_updates, 1);
	op.u.settimeoffset.time_offset_seconds = INT64_MIN;
	assert_int_equal(domctl(XEN_DOMCTL_settimeoffset), E_INVAL);
	op.u.settimeoffset.time_offset_seconds = INT64_MAX;
	assert_int_equal(domctl(XEN_DOMCTL_settimeoffset), E_INVAL);
}

static void domains_have_64_bits(void **state)
{
	(void)state;
	op.u.address_size.size = 64;
	assert_int_equal(domctl(XEN_DOMCTL_set_address_size), 0);
	op.u.address_size.size = 32;
	assert_int_equal(domctl(XEN_DOMCTL_set_address_size), E_INVAL);
	assert_int_equal(domctl(XEN_DOMCTL_get_address_size), 0);
	assert_int_equal(op.u.address_size.size, 64);
}

static void a_debugger_cannot_be_attached(void **state)
{
	(void)state;
	op.u.setdebugging.enable = 1;
	assert_int_equal(domctl(XEN_DOMCTL_setdebugging), E_OPNOTSUPP);
	op.u.setdebugging.enable = 0;
	assert_int_equal(domctl(XEN_DOMCTL_setdebugging), 0);
}

static void global_virqs_stay_with_domain_0(void **state)
{
	static const uint32_t wrong[] = {VIRQ_TIMER, VIRQ_DEBUG, VIRQ_XENOPROF, VIRQ_XENPMU, NR_VIRQS, UINT32_MAX};

	(void)state;
	op.u.set_virq_handler.virq = VIRQ_DOM_EXC;
	assert_int_equal(domctl_as(0, XEN_DOMCTL_set_virq_handler, 0), 0);
	assert_int_equal(domctl(XEN_DOMCTL_set_virq_handler), E_OPNOTSUPP);
	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		op.u.set_virq_handler.virq = wrong[i];
		assert_int_equal(domctl(XEN_DOMCTL_set_virq_handler), E_INVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		control_test(a_domain_gets_the_next_free_number),
		control_test(a_domain_gets_the_number_it_is_given),
		control_test(a_number_that_is_in_use_is_refused),
		control_test(the_configuration_comes_back_as_it_was_taken),
		control_test(domains_of_other_kinds_are_refused),
		control_test(flags_without_a_meaning_here_are_taken),
		control_test(registers_that_guests_do_not_have_can_be_passed_over),
		control_test(options_that_are_not_there_are_refused),
		control_test(a_number_of_vcpus_must_be_possible),
		control_test(grant_versions_are_one_and_up_to_two),
		control_test(grant_limits_beyond_the_possible_are_refused),
		control_test(a_creation_without_memory_leaves_nothing),
		control_test(vcpus_are_made_once),
		control_test(another_number_of_vcpus_than_at_creation_is_refused),
		control_test(making_many_vcpus_may_be_interrupted),
		control_test(vcpus_without_memory_are_refused),
		control_test(pauses_are_counted),
		control_test(there_is_an_end_to_pauses),
		control_test(a_suspended_domain_is_resumed),
		control_test(a_subscriber_hears_of_a_suspend_in_place_of_domain_0s_watchers),
		control_test(other_ends_are_told_to_domain_0s_watchers_whoever_subscribed),
		control_test(a_handle_is_kept),
		control_test(a_time_offset_is_told_to_the_domain),
		control_test(domains_have_64_bits),
		control_test(a_debugger_cannot_be_attached),
		control_test(global_virqs_stay_with_domain_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
