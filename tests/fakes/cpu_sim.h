#pragma once
/*
 * A machine with several CPUs that run vCPUs, in simulated time: each CPU does what the architecture's entry path does
 * (run timers when the hardware timer comes or another CPU asks, ask the scheduler when it is due, switch), and vCPUs
 * that are chosen do nothing but use time. For unit tests, model tests and fuzzers.
 */
#include <string.h>

#include <hyp/domain.h>
#include <hyp/fake.h>
#include <hyp/fake_memory.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>

#define MS(n) ((n) * UINT64_C(1000000))
#define US(n) ((n) * UINT64_C(1000))

static struct vcpu *sim_runs[CPUS_MAX];
static unsigned int sim_switches;

static inline void sim_start(unsigned int cpus)
{
	fake_memory_init_empty(1024);
	frames_add(mfn(FAKE_MAIN_START), mfn(FAKE_MAIN_START + 1024));
	fake_cpus_reset(cpus);
	fake_domains_reset();
	memset(sim_runs, 0, sizeof(sim_runs));
	sim_switches = 0;
}

static inline struct domain *sim_domain(domid_t id, unsigned int vcpus, uint32_t weight)
{
	const struct domain_config config = {
		.id = id, .privileged = id == 0, .vcpu_max = vcpus,
		.evtchn_port_max = 64, .grant_frames_max = 1, .maptrack_frames_max = 1,
	};
	struct domain *d;
	struct vcpu *v;

	CHECK(domain_create(&config, &d) == OK);
	CHECK(sched_set_params(d, weight, 0) == OK);
	for (unsigned int i = 0; i < vcpus; i++)
		CHECK(vcpu_create(d, i, &v) == OK);
	CHECK(domain_control_unpause(d) == OK);
	return d;
}

/* A domain whose vCPUs are all up: they are busy from now on. */
static inline struct domain *sim_busy_domain(domid_t id, unsigned int vcpus, uint32_t weight)
{
	struct domain *d = sim_domain(id, vcpus, weight);

	for (unsigned int i = 0; i < vcpus; i++) {
		d->vcpu[i]->initialised = true;
		vcpu_wake_from(d->vcpu[i], VCPU_NO_INFO);
		vcpu_up(d->vcpu[i]);
	}
	return d;
}

/* What a CPU does before it goes back to a guest. */
static inline void sim_choose(unsigned int cpu)
{
	struct vcpu *previous = sim_runs[cpu], *next;

	fake_cpu_id = cpu;
	next = sched_pick(cpu, previous);
	if (next == previous)
		return;
	sim_switches++;
	sim_runs[cpu] = next;
	if (previous)
		sched_switched(previous);
}

static inline bool sim_cpu_has_work(unsigned int cpu)
{
	return sched_is_due(cpu) || fake_cpus[cpu].timer_kicks || fake_cpus[cpu].timer_deadline_ns <= fake_now_ns;
}

static inline void sim_work(unsigned int cpu)
{
	fake_cpu_id = cpu;
	if (fake_cpus[cpu].timer_kicks || fake_cpus[cpu].timer_deadline_ns <= fake_now_ns) {
		fake_cpus[cpu].timer_kicks = 0;
		timer_run(cpu);
	}
	if (sched_is_due(cpu))
		sim_choose(cpu);
}

/* All CPUs do what is to be done now. It must come to an end. */
static inline void sim_settle(void)
{
	bool is_settled = false;

	for (unsigned int round = 0; !is_settled; round++) {
		CHECK(round < 10000);
		is_settled = true;
		for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
			if (!sim_cpu_has_work(cpu))
				continue;
			is_settled = false;
			sim_work(cpu);
		}
	}
	fake_cpu_id = 0;
}

static inline void sim_run_until(uint64_t end_ns)
{
	for (;;) {
		uint64_t next_ns = end_ns;

		sim_settle();
		for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
			next_ns = MIN(next_ns, fake_cpus[cpu].timer_deadline_ns);
		if (next_ns >= end_ns)
			break;
		fake_now_ns = next_ns;
	}
	fake_now_ns = end_ns;
	sim_settle();
}

static inline void sim_run(uint64_t ns) { sim_run_until(fake_now_ns + ns); }

static inline uint64_t sim_ran_ns(struct vcpu *v)
{
	struct vcpu_runstate_info info;

	vcpu_runstate_get(v, &info);
	return info.time[RUNSTATE_running];
}

static inline struct cpuset sim_only(unsigned int cpu)
{
	struct cpuset set = {0};

	cpuset_add(&set, cpu);
	return set;
}

/* v runs on this CPU alone from now on. */
static inline void sim_pin(struct vcpu *v, unsigned int cpu)
{
	struct cpuset set = sim_only(cpu);

	CHECK(sched_set_affinity(v, &set, &set) == OK);
}

/* Kills d as the control domain does, with all CPUs working meanwhile. */
static inline void sim_kill(struct domain *d)
{
	enum status status;

	domain_get(d);
	while ((status = domain_kill(d)) == E_RESTART)
		sim_settle();
	CHECK(status == OK);
	domain_put(d);
}

static inline void sim_end(void)
{
	struct domain *d;

	/* From the last id down: domain 0 is told of the others' ends. */
	for (domid_t id = DOMAINS_MAX - 1; fake_domains_alive; id--) {
		d = domain_find(id);
		if (!d)
			continue;
		domain_put(d);
		sim_kill(d);
	}
	CHECK(!fake_vcpus_alive);
}
