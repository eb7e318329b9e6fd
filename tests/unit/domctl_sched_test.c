/* Tests of domctl on affinities and scheduler parameters. */
#include <fakes/control_call.h>

/* The caller's bitmaps lie at BUFFER and BUFFER2. */
static void affinity(uint32_t flags, uint32_t bits)
{
	op.u.vcpuaffinity = (struct xen_domctl_vcpuaffinity){.vcpu = 0, .flags = flags};
	op.u.vcpuaffinity.cpumap_hard.nr_bits = op.u.vcpuaffinity.cpumap_soft.nr_bits = bits;
	fake_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, BUFFER);
	fake_guest_handle(op.u.vcpuaffinity.cpumap_soft.bitmap, BUFFER2);
}

static uint8_t *hard_byte(unsigned int i) { return (uint8_t *)fake_guest(BUFFER) + i; }
static uint8_t *soft_byte(unsigned int i) { return (uint8_t *)fake_guest(BUFFER2) + i; }

static void hard_affinity_is_set_and_what_is_in_force_comes_back(void **state)
{
	(void)state;
	affinity(XEN_VCPUAFFINITY_HARD, 16);
	*hard_byte(0) = 0xfe;
	*hard_byte(1) = 0xff;
	*soft_byte(0) = 0x77;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), 0);
	assert_int_equal(cpu[1][0]->sched.affinity_hard.word[0], 2);
	assert_int_equal(*hard_byte(0), 2);
	assert_int_equal(*hard_byte(1), 0);
	assert_int_equal(*soft_byte(0), 0x77);
}

static void soft_affinity_comes_back_cut_by_the_hard_one(void **state)
{
	(void)state;
	affinity(XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT, 8);
	*hard_byte(0) = 1;
	*soft_byte(0) = 3;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), 0);
	assert_int_equal(*hard_byte(0), 1);
	assert_int_equal(*soft_byte(0), 1);
	/* What was set is what is read. */
	affinity(XEN_VCPUAFFINITY_SOFT, 8);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity), 0);
	assert_int_equal(*soft_byte(0), 3);
	affinity(XEN_VCPUAFFINITY_SOFT, 8);
	*soft_byte(0) = 2;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), 0);
	assert_int_equal(cpu[1][0]->sched.affinity_hard.word[0], 1);
	assert_int_equal(*soft_byte(0), 0);
}

static void bits_that_the_caller_has_not_are_clear(void **state)
{
	(void)state;
	affinity(XEN_VCPUAFFINITY_HARD, 1);
	*hard_byte(0) = 0xff;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), 0);
	assert_int_equal(cpu[1][0]->sched.affinity_hard.word[0], 1);
}

static void bits_beyond_the_machines_cpus_are_cleared(void **state)
{
	(void)state;
	affinity(XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT, 30);
	memset(fake_guest(BUFFER), 0xff, 8);
	memset(fake_guest(BUFFER2), 0xff, 8);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity), 0);
	assert_int_equal(*hard_byte(0), 3);
	assert_int_equal(*hard_byte(3), 0);
	assert_int_equal(*hard_byte(4), 0xff);
	assert_int_equal(*soft_byte(0), 3);
	assert_int_equal(*soft_byte(3), 0);
}

static void an_affinity_without_an_online_cpu_is_refused(void **state)
{
	(void)state;
	affinity(XEN_VCPUAFFINITY_HARD, 8);
	*hard_byte(0) = 0xfc;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), E_INVAL);
	assert_int_equal(*hard_byte(0), 0xfc);
}

static void affinities_need_flags_and_a_vcpu(void **state)
{
	(void)state;
	affinity(0, 8);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), E_INVAL);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity), E_INVAL);
	affinity(XEN_VCPUAFFINITY_HARD, 8);
	op.u.vcpuaffinity.vcpu = VCPUS;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), E_SRCH);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity), E_SRCH);
	op.u.vcpuaffinity.vcpu = VCPUS + 1;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), E_INVAL);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity), E_INVAL);
}

static void bitmaps_that_cannot_be_reached_or_are_absurd_are_refused(void **state)
{
	(void)state;
	affinity(XEN_VCPUAFFINITY_HARD, 8);
	fake_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), E_FAULT);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity), E_FAULT);
	affinity(XEN_VCPUAFFINITY_SOFT, 8);
	fake_guest_handle(op.u.vcpuaffinity.cpumap_soft.bitmap, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), E_FAULT);
	affinity(XEN_VCPUAFFINITY_HARD, UINT32_MAX);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), E_INVAL);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity), E_INVAL);
}

static void force_undoes_a_pin(void **state)
{
	(void)state;
	must(sched_pin(cpu[1][0], 1));
	affinity(XEN_VCPUAFFINITY_HARD, 8);
	*hard_byte(0) = 3;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), E_BUSY);
	affinity(XEN_VCPUAFFINITY_FORCE, 0);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), 0);
	assert_false(cpu[1][0]->sched.is_pinned);
	/* A new soft affinity keeps the hard one from before the pin. */
	must(sched_pin(cpu[1][0], 1));
	affinity(XEN_VCPUAFFINITY_SOFT | XEN_VCPUAFFINITY_FORCE, 8);
	*soft_byte(0) = 1;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity), 0);
	assert_true(cpuset_has(&cpu[1][0]->sched.affinity_hard, 0));
	assert_int_equal(*soft_byte(0), 1);
}

static void there_is_one_node(void **state)
{
	(void)state;
	op.u.nodeaffinity.nodemap.nr_bits = 64;
	fake_guest_handle(op.u.nodeaffinity.nodemap.bitmap, BUFFER);
	*hard_byte(0) = 0xff;
	assert_int_equal(domctl(XEN_DOMCTL_setnodeaffinity), 0);
	*hard_byte(0) = 0xfe;
	assert_int_equal(domctl(XEN_DOMCTL_setnodeaffinity), E_INVAL);
	memset(fake_guest(BUFFER), 0xff, 8);
	assert_int_equal(domctl(XEN_DOMCTL_getnodeaffinity), 0);
	assert_int_equal(*hard_byte(0), 1);
	assert_int_equal(*hard_byte(7), 0);
	fake_guest_handle(op.u.nodeaffinity.nodemap.bitmap, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_setnodeaffinity), E_FAULT);
	assert_int_equal(domctl(XEN_DOMCTL_getnodeaffinity), E_FAULT);
}

static long scheduler(uint32_t sched_id, uint32_t cmd, uint16_t weight, uint16_t cap)
{
	memset(&op.u, 0, sizeof(op.u));
	op.u.scheduler_op.sched_id = sched_id;
	op.u.scheduler_op.cmd = cmd;
	op.u.scheduler_op.u.credit2 = (struct xen_domctl_sched_credit2){.weight = weight, .cap = cap};
	return domctl(XEN_DOMCTL_scheduler_op);
}

static void weight_and_cap_are_set_and_read(void **state)
{
	(void)state;
	assert_int_equal(scheduler(XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_putinfo, 512, 50), 0);
	assert_int_equal(scheduler(XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_getinfo, 0, 0), 0);
	assert_int_equal(op.u.scheduler_op.u.credit2.weight, 512);
	assert_int_equal(op.u.scheduler_op.u.credit2.cap, 50);
	/* No weight: it stays; no cap: it goes. */
	assert_int_equal(scheduler(XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_putinfo, 0, 0), 0);
	assert_int_equal(dom[1]->sched.weight, 512);
	assert_int_equal(dom[1]->sched.cap, 0);
}

static void other_schedulers_and_commands_are_refused(void **state)
{
	(void)state;
	assert_int_equal(scheduler(XEN_SCHEDULER_CREDIT, XEN_DOMCTL_SCHEDOP_getinfo, 0, 0), E_INVAL);
	assert_int_equal(scheduler(XEN_SCHEDULER_CREDIT, XEN_DOMCTL_SCHEDOP_putinfo, 100, 30), E_INVAL);
	assert_int_equal(scheduler(XEN_SCHEDULER_RTDS, XEN_DOMCTL_SCHEDOP_getinfo, 0, 0), E_INVAL);
	assert_int_equal(scheduler(XEN_SCHEDULER_NULL, XEN_DOMCTL_SCHEDOP_putinfo, 1, 1), E_INVAL);
	assert_int_equal(scheduler(XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_putvcpuinfo, 1, 1), E_INVAL);
	assert_int_equal(scheduler(XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_getvcpuinfo, 1, 1), E_INVAL);
	assert_int_equal(scheduler(XEN_SCHEDULER_CREDIT2, 9, 1, 1), E_INVAL);
	assert_int_equal(scheduler(XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_putinfo, 1, UINT16_MAX), E_INVAL);
	assert_int_equal(dom[1]->sched.weight, SCHED_WEIGHT_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		control_test(hard_affinity_is_set_and_what_is_in_force_comes_back),
		control_test(soft_affinity_comes_back_cut_by_the_hard_one),
		control_test(bits_that_the_caller_has_not_are_clear),
		control_test(bits_beyond_the_machines_cpus_are_cleared),
		control_test(an_affinity_without_an_online_cpu_is_refused),
		control_test(affinities_need_flags_and_a_vcpu),
		control_test(bitmaps_that_cannot_be_reached_or_are_absurd_are_refused),
		control_test(force_undoes_a_pin),
		control_test(there_is_one_node),
		control_test(weight_and_cap_are_set_and_read),
		control_test(other_schedulers_and_commands_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
