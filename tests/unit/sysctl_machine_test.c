/* Tests of sysctl on the machine: what it has, how its CPUs lie and what they can, scheduling and the pool. */
#include <fakes/control_call.h>

#include <hyp/pool.h>
#include <hyp/pv/cpu_policy.h>

static void physinfo_says_all(void **state)
{
	struct xen_sysctl_physinfo *p = &sop.u.physinfo;

	(void)state;
	fake_cpus_reset(6);
	cpuset_remove(&cpus_online, 5);
	memset(&sop.u, 0xff, sizeof(sop.u));
	assert_int_equal(sysctl(XEN_SYSCTL_physinfo), 0);
	assert_int_equal(p->threads_per_core, 2);
	assert_int_equal(p->cores_per_socket, 2);
	assert_int_equal(p->nr_cpus, 5);
	assert_int_equal(p->max_cpu_id, 5);
	assert_int_equal(p->nr_nodes, 1);
	assert_int_equal(p->max_node_id, 0);
	assert_int_equal(p->cpu_khz, 2500000);
	assert_int_equal(p->capabilities, XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1);
	assert_int_equal(p->arch_capabilities, 0);
	assert_int_equal(p->pad, 0);
	assert_int_equal(p->total_pages, frames_total_count());
	assert_int_equal(p->free_pages, frames_free_count());
	assert_int_equal(p->scrub_pages, 0);
	assert_int_equal(p->outstanding_pages, 0);
	assert_int_equal(p->max_mfn, frame_count - 1);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(p->hw_cap[i],
				 cpu_policy_feature_word(&cpu_policies_system()->host, i));
	assert_true(p->hw_cap[0] != 0);
}

static void idle_times_of_cpus_are_told(void **state)
{
	struct xen_sysctl_cpuinfo info[2];

	(void)state;
	fake_now_ns += 1000;
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.getcpuinfo.max_cpus = 8;
	fake_guest_handle(sop.u.getcpuinfo.info, BUFFER);
	assert_int_equal(sysctl(XEN_SYSCTL_getcpuinfo), 0);
	assert_int_equal(sop.u.getcpuinfo.nr_cpus, 2);
	memcpy(info, fake_guest(BUFFER), sizeof(info));
	assert_int_equal(info[1].idletime, 1000);
	sop.u.getcpuinfo.max_cpus = 1;
	assert_int_equal(sysctl(XEN_SYSCTL_getcpuinfo), 0);
	assert_int_equal(sop.u.getcpuinfo.nr_cpus, 1);
	fake_guest_handle(sop.u.getcpuinfo.info, NOWHERE);
	assert_int_equal(sysctl(XEN_SYSCTL_getcpuinfo), E_FAULT);
}

static void free_memory_is_told_as_a_whole(void **state)
{
	(void)state;
	sop.u.availheap = (struct xen_sysctl_availheap){.node = -1};
	assert_int_equal(sysctl(XEN_SYSCTL_availheap), 0);
	assert_int_equal(sop.u.availheap.avail_bytes, frames_free_count() << PAGE_SHIFT);
	sop.u.availheap = (struct xen_sysctl_availheap){.node = 1, .max_bitwidth = 40};
	assert_int_equal(sysctl(XEN_SYSCTL_availheap), 0);
	assert_int_equal(sop.u.availheap.avail_bytes, 0);
	sop.u.availheap = (struct xen_sysctl_availheap){.node = 0, .max_bitwidth = 32};
	assert_int_equal(sysctl(XEN_SYSCTL_availheap), E_OPNOTSUPP);
	sop.u.availheap = (struct xen_sysctl_availheap){.node = 0, .min_bitwidth = 32};
	assert_int_equal(sysctl(XEN_SYSCTL_availheap), E_OPNOTSUPP);
}

static void places_of_cpus_are_told(void **state)
{
	struct xen_sysctl_cputopo place[6];

	(void)state;
	fake_cpus_reset(6);
	cpuset_remove(&cpus_online, 1);
	memset(&sop.u, 0, sizeof(sop.u));
	assert_int_equal(sysctl(XEN_SYSCTL_cputopoinfo), 0);
	assert_int_equal(sop.u.cputopoinfo.num_cpus, 6);
	fake_guest_handle(sop.u.cputopoinfo.cputopo, BUFFER);
	assert_int_equal(sysctl(XEN_SYSCTL_cputopoinfo), 0);
	memcpy(place, fake_guest(BUFFER), sizeof(place));
	assert_int_equal(place[1].core, XEN_INVALID_CORE_ID);
	assert_int_equal(place[1].socket, XEN_INVALID_SOCKET_ID);
	assert_int_equal(place[1].node, XEN_INVALID_NODE_ID);
	assert_int_equal(place[2].core, 1);
	assert_int_equal(place[5].socket, 1);
	assert_int_equal(place[5].node, 0);
	/* A short list gets the beginning, and the length of the whole. */
	memset(fake_guest(BUFFER), 0xcc, 64);
	sop.u.cputopoinfo.num_cpus = 1;
	assert_int_equal(sysctl(XEN_SYSCTL_cputopoinfo), 0);
	assert_int_equal(sop.u.cputopoinfo.num_cpus, 6);
	assert_int_equal(*(uint8_t *)fake_guest(BUFFER + sizeof(place[0])), 0xcc);
	fake_guest_handle(sop.u.cputopoinfo.cputopo, NOWHERE);
	assert_int_equal(sysctl(XEN_SYSCTL_cputopoinfo), E_FAULT);
}

static void the_node_is_told(void **state)
{
	struct xen_sysctl_meminfo memory;
	uint32_t distance;

	(void)state;
	memset(&sop.u, 0, sizeof(sop.u));
	assert_int_equal(sysctl(XEN_SYSCTL_numainfo), 0);
	assert_int_equal(sop.u.numainfo.num_nodes, 1);
	fake_guest_handle(sop.u.numainfo.meminfo, BUFFER);
	fake_guest_handle(sop.u.numainfo.distance, BUFFER2);
	assert_int_equal(sysctl(XEN_SYSCTL_numainfo), 0);
	memcpy(&memory, fake_guest(BUFFER), sizeof(memory));
	memcpy(&distance, fake_guest(BUFFER2), sizeof(distance));
	assert_int_equal(memory.memsize, frames_total_count() << PAGE_SHIFT);
	assert_int_equal(memory.memfree, frames_free_count() << PAGE_SHIFT);
	assert_int_equal(distance, 10);
	sop.u.numainfo.num_nodes = 0;
	fake_guest_handle(sop.u.numainfo.meminfo, NOWHERE);
	assert_int_equal(sysctl(XEN_SYSCTL_numainfo), 0);
	assert_int_equal(sop.u.numainfo.num_nodes, 1);
	assert_int_equal(sysctl(XEN_SYSCTL_numainfo), E_FAULT);
	fake_guest_handle(sop.u.numainfo.meminfo, 0);
	fake_guest_handle(sop.u.numainfo.distance, NOWHERE);
	assert_int_equal(sysctl(XEN_SYSCTL_numainfo), E_FAULT);
}

static void devices_have_no_known_node(void **state)
{
	(void)state;
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.pcitopoinfo.num_devs = 300;
	assert_int_equal(sysctl(XEN_SYSCTL_pcitopoinfo), E_INVAL);
	fake_guest_handle(sop.u.pcitopoinfo.devs, BUFFER);
	assert_int_equal(sysctl(XEN_SYSCTL_pcitopoinfo), E_INVAL);
	fake_guest_handle(sop.u.pcitopoinfo.nodes, BUFFER2);
	assert_int_equal(sysctl(XEN_SYSCTL_pcitopoinfo), 0);
	assert_int_equal(sop.u.pcitopoinfo.num_devs, 256);
	assert_int_equal(((uint32_t *)fake_guest(BUFFER2))[255], XEN_INVALID_NODE_ID);
	assert_int_equal(((uint32_t *)fake_guest(BUFFER2))[256], 0);
	fake_guest_handle(sop.u.pcitopoinfo.nodes, NOWHERE);
	assert_int_equal(sysctl(XEN_SYSCTL_pcitopoinfo), E_FAULT);
}

static void the_scheduler_is_one_that_tools_know(void **state)
{
	(void)state;
	assert_int_equal(sysctl(XEN_SYSCTL_sched_id), 0);
	assert_int_equal(sop.u.sched_id.sched_id, 6);
}

static long scheduler(uint32_t pool, uint32_t sched_id, uint32_t cmd, uint32_t us)
{
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.scheduler_op.cpupool_id = pool;
	sop.u.scheduler_op.sched_id = sched_id;
	sop.u.scheduler_op.cmd = cmd;
	sop.u.scheduler_op.u.sched_credit2.ratelimit_us = us;
	return sysctl(XEN_SYSCTL_scheduler_op);
}

static void the_rate_limit_is_read_and_set(void **state)
{
	uint64_t before = sched_rate_limit_ns();

	(void)state;
	assert_int_equal(scheduler(0, 6, XEN_SYSCTL_SCHEDOP_getinfo, 0), 0);
	assert_int_equal(sop.u.scheduler_op.u.sched_credit2.ratelimit_us, before / 1000);
	assert_int_equal(scheduler(0, 6, XEN_SYSCTL_SCHEDOP_putinfo, 1000), 0);
	assert_int_equal(sched_rate_limit_ns(), 1000000);
	assert_int_equal(scheduler(0, 6, XEN_SYSCTL_SCHEDOP_putinfo, 0), 0);
	assert_int_equal(sched_rate_limit_ns(), 0);
	assert_int_equal(scheduler(0, 6, XEN_SYSCTL_SCHEDOP_putinfo, 99), E_INVAL);
	assert_int_equal(scheduler(0, 6, XEN_SYSCTL_SCHEDOP_putinfo, 500001), E_INVAL);
	assert_int_equal(scheduler(1, 6, XEN_SYSCTL_SCHEDOP_getinfo, 0), E_SRCH);
	assert_int_equal(scheduler(0, 5, XEN_SYSCTL_SCHEDOP_getinfo, 0), E_INVAL);
	assert_int_equal(scheduler(0, 6, 2, 0), E_INVAL);
	sched_set_rate_limit(before);
}

static long pool(uint32_t what, uint32_t id, uint32_t cpu_or_domain)
{
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.cpupool_op.op = what;
	sop.u.cpupool_op.cpupool_id = id;
	sop.u.cpupool_op.cpu = sop.u.cpupool_op.domid = cpu_or_domain;
	sop.u.cpupool_op.cpumap.nr_bits = 16;
	fake_guest_handle(sop.u.cpupool_op.cpumap.bitmap, BUFFER);
	return sysctl(XEN_SYSCTL_cpupool_op);
}

static uint16_t pool_cpus(void)
{
	return *(uint16_t *)fake_guest(BUFFER);
}

static void at_the_start_all_cpus_and_domains_are_in_pool_0(void **state)
{
	(void)state;
	memset(fake_guest(BUFFER), 0xff, 2);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 0, 0), 0);
	assert_int_equal(sop.u.cpupool_op.cpupool_id, 0);
	assert_int_equal(sop.u.cpupool_op.sched_id, 6);
	assert_int_equal(sop.u.cpupool_op.n_dom, 3);
	assert_int_equal(pool_cpus(), 3);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 1, 0), E_NOENT);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0, 0), 0);
	assert_int_equal(pool_cpus(), 0);
}

static long pool_create_call(uint32_t id, uint32_t sched_id)
{
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_CREATE;
	sop.u.cpupool_op.cpupool_id = id;
	sop.u.cpupool_op.sched_id = sched_id;
	return sysctl(XEN_SYSCTL_cpupool_op);
}

static void a_pool_gets_cpus_and_domains_and_gives_them_back(void **state)
{
	const uint32_t any = XEN_SYSCTL_CPUPOOL_PAR_ANY;

	(void)state;
	assert_int_equal(pool_create_call(any, 6), 0);
	assert_int_equal(sop.u.cpupool_op.cpupool_id, 1);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, 1), E_NOENT);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 1), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0, 0), 0);
	assert_int_equal(pool_cpus(), 2);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 1, any), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, 1), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 1, 0), 0);
	assert_int_equal(sop.u.cpupool_op.n_dom, 1);
	assert_int_equal(pool_cpus(), 2);
	assert_int_equal(sched_vcpu_cpus(dom[1]->vcpu[0]).word[0], 2);
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo), 0);
	assert_int_equal(op.u.getdomaininfo.cpupool, 1);
	assert_int_equal(scheduler(1, 6, XEN_SYSCTL_SCHEDOP_getinfo, 0), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 1, any), E_BUSY);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 1, 0), E_BUSY);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, 1), 0);
	assert_int_equal(sched_vcpu_cpus(dom[1]->vcpu[0]).word[0], 1);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 1, any), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 1, 0), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 1, 0), E_NOENT);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, 1), 0);
	assert_int_equal(sched_vcpu_cpus(dom[1]->vcpu[0]).word[0], 3);
}

static void what_pools_cannot_do_is_refused(void **state)
{
	const uint32_t any = XEN_SYSCTL_CPUPOOL_PAR_ANY;

	(void)state;
	assert_int_equal(pool_create_call(0, 6), E_EXIST);
	assert_int_equal(pool_create_call(any, 5), E_NOENT);
	assert_int_equal(pool_create_call(POOLS_MAX, 6), E_INVAL);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 0, 0), E_BUSY);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 1, 0), E_NOENT);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, 1), E_NODEV);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, any), E_NODEV);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, 2), E_INVAL);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 4, 1), E_NOENT);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 77), E_INVAL);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 1, 0), E_NOENT);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 1), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 1), E_ADDRNOTAVAIL);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 0), E_BUSY);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, 1), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, 1), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, 1), E_NOENT);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, 9), E_INVAL);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, 0x10001), E_INVAL);
	assert_int_equal(pool(99, 0, 0), E_NOSYS);
	assert_int_equal(dom[1]->references, 1);
}

static long featureset(uint32_t index, uint32_t count, vaddr_t buffer)
{
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.cpu_featureset.index = index;
	sop.u.cpu_featureset.nr_features = count;
	fake_guest_handle(sop.u.cpu_featureset.features, buffer);
	return sysctl(XEN_SYSCTL_get_cpu_featureset);
}

static void features_are_told(void **state)
{
	(void)state;
	assert_int_equal(featureset(77, 0, 0), 0);
	assert_int_equal(sop.u.cpu_featureset.nr_features, 19);
	for (uint32_t index = 0; index < 6; index++) {
		bool is_pv = index != XEN_SYSCTL_cpu_featureset_hvm && index != XEN_SYSCTL_cpu_featureset_hvm_max;

		assert_int_equal(featureset(index, 19, BUFFER), is_pv ? 0 : E_OPNOTSUPP);
	}
	assert_int_equal(featureset(XEN_SYSCTL_cpu_featureset_host, 100, BUFFER), 0);
	assert_int_equal(sop.u.cpu_featureset.nr_features, 19);
	assert_int_equal(*(uint32_t *)fake_guest(BUFFER),
			 cpu_policy_feature_word(&cpu_policies_system()->host, 0));
	memset(fake_guest(BUFFER), 0xcc, 64);
	assert_int_equal(featureset(0, 2, BUFFER), E_NOBUFS);
	assert_int_equal(sop.u.cpu_featureset.nr_features, 2);
	assert_int_equal(((uint32_t *)fake_guest(BUFFER))[2], 0xcccccccc);
	assert_int_equal(featureset(6, 19, BUFFER), E_INVAL);
	assert_int_equal(featureset(0, 19, NOWHERE), E_FAULT);
}

static long policy(uint32_t index, uint32_t nr_leaves, vaddr_t leaves, uint32_t nr_msrs, vaddr_t msrs)
{
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.cpu_policy.index = index;
	sop.u.cpu_policy.nr_leaves = nr_leaves;
	sop.u.cpu_policy.nr_msrs = nr_msrs;
	fake_guest_handle(sop.u.cpu_policy.leaves, leaves);
	fake_guest_handle(sop.u.cpu_policy.msrs, msrs);
	return sysctl(XEN_SYSCTL_get_cpu_policy);
}

static void policies_of_the_system_are_told(void **state)
{
	uint32_t count;

	(void)state;
	assert_int_equal(policy(XEN_SYSCTL_cpu_policy_raw, 0, 0, 0, 0), 0);
	assert_int_equal(sop.u.cpu_policy.nr_leaves, 0x78);
	assert_int_equal(sop.u.cpu_policy.nr_msrs, 2);
	assert_int_equal(policy(XEN_SYSCTL_cpu_policy_pv_default, 0x78, BUFFER, 2, BUFFER2), 0);
	count = sop.u.cpu_policy.nr_leaves;
	assert_true(count > 3 && count < 0x78);
	assert_int_equal(policy(XEN_SYSCTL_cpu_policy_pv_default, count - 1, BUFFER, 2, BUFFER2), E_NOBUFS);
	assert_int_equal(sop.u.cpu_policy.nr_leaves, count);
	assert_int_equal(policy(XEN_SYSCTL_cpu_policy_pv_default, count, BUFFER, 0, BUFFER2), E_NOBUFS);
	assert_int_equal(sop.u.cpu_policy.nr_msrs, 2);
	assert_int_equal(policy(XEN_SYSCTL_cpu_policy_hvm_max, 0, 0, 0, 0), E_OPNOTSUPP);
	assert_int_equal(policy(XEN_SYSCTL_cpu_policy_hvm_default, 0, 0, 0, 0), E_OPNOTSUPP);
	assert_int_equal(policy(6, 0, 0, 0, 0), E_INVAL);
	assert_int_equal(policy(0, 0x78, NOWHERE, 2, BUFFER2), E_FAULT);
	assert_int_equal(policy(0, 0x78, BUFFER, 2, NOWHERE), E_FAULT);
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.cpu_policy._rsvd = 1;
	assert_int_equal(sysctl(XEN_SYSCTL_get_cpu_policy), E_INVAL);
}

static void levelling_of_cpuid_is_told(void **state)
{
	(void)state;
	assert_int_equal(sysctl(XEN_SYSCTL_get_cpu_levelling_caps), 0);
	assert_int_equal(sop.u.cpu_levelling_caps.caps, XEN_SYSCTL_CPU_LEVELCAP_faulting);
}

static void power_is_not_managed_here(void **state)
{
	(void)state;
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.get_pmstat.type = PMSTAT_get_max_cx;
	assert_int_equal(sysctl(XEN_SYSCTL_get_pmstat), E_NODEV);
	sop.u.get_pmstat.cpuid = 2;
	assert_int_equal(sysctl(XEN_SYSCTL_get_pmstat), E_INVAL);
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.pm_op.cmd = GET_CPUFREQ_PARA;
	assert_int_equal(sysctl(XEN_SYSCTL_pm_op), E_NODEV);
	sop.u.pm_op.cpuid = UINT32_MAX;
	assert_int_equal(sysctl(XEN_SYSCTL_pm_op), E_INVAL);
}

static void cache_monitoring_is_off(void **state)
{
	(void)state;
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.psr_cmt_op.cmd = XEN_SYSCTL_PSR_CMT_enabled;
	sop.u.psr_cmt_op.u.data = 1;
	assert_int_equal(sysctl(XEN_SYSCTL_psr_cmt_op), 0);
	assert_int_equal(sop.u.psr_cmt_op.u.data, 0);
	sop.u.psr_cmt_op.cmd = XEN_SYSCTL_PSR_CMT_get_total_rmid;
	assert_int_equal(sysctl(XEN_SYSCTL_psr_cmt_op), E_NODEV);
	sop.u.psr_cmt_op.flags = 1;
	assert_int_equal(sysctl(XEN_SYSCTL_psr_cmt_op), E_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		control_test(physinfo_says_all),
		control_test(idle_times_of_cpus_are_told),
		control_test(free_memory_is_told_as_a_whole),
		control_test(places_of_cpus_are_told),
		control_test(the_node_is_told),
		control_test(devices_have_no_known_node),
		control_test(the_scheduler_is_one_that_tools_know),
		control_test(the_rate_limit_is_read_and_set),
		control_test(at_the_start_all_cpus_and_domains_are_in_pool_0),
		control_test(a_pool_gets_cpus_and_domains_and_gives_them_back),
		control_test(what_pools_cannot_do_is_refused),
		control_test(features_are_told),
		control_test(policies_of_the_system_are_told),
		control_test(levelling_of_cpuid_is_told),
		control_test(power_is_not_managed_here),
		control_test(cache_monitoring_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
