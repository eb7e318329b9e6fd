#pragma once
/*
 * The scheduler against rules that need no knowledge of its policy: four CPUs, three domains with seven vCPUs.
 *
 * Bytes become what guests, the control domain and the CPUs do, in any interleaving: a CPU may be between sched_pick and
 * sched_switched for as long as the sequence likes. The reference knows why each vCPU may not run, which CPU holds it, and which
 * of two pools each CPU and each domain is in.
 * After each step:
 *   - a vCPU is held by one CPU at most, and the scheduler's `running` says so exactly;
 *   - one that may run is running, queued once on a CPU that it may use, or parked by its domain's cap; one that may not is
 *     not queued;
 *   - a CPU that runs who may not run (there) is due; a CPU that runs while another waits has its slice timer or is due;
 *   - a CPU that is idle and not due leaves nobody waiting who may run on it;
 *   - all run time is accounted for, to the nanosecond, and no time that was told has shrunk.
 * At the end (for some sequences) everything is set free, and each vCPU gets its share of the machine by weight.
 */
#include <stdio.h>
#include <stdlib.h>

#include <core/sched/runqueue.h>
#include <hyp/pool.h>

#include "fakes/cpu_sim.h"

#define SCHED_MODEL_CPUS 4u
#define SCHED_MODEL_DOMAINS 3u
#define SCHED_MODEL_VCPUS 3u /* of a domain, at most */
#define SCHED_MODEL_POOLS 2u

#define sched_model_expect(cond)                                                                                       \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			fprintf(stderr, "model: %s, line %d, step %u\n", #cond, __LINE__, sched_model.step);           \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static const unsigned int sched_model_vcpus[SCHED_MODEL_DOMAINS] = {3, 2, 2};

static struct sched_model {
	struct domain *domain[SCHED_MODEL_DOMAINS];
	unsigned int domain_pauses[SCHED_MODEL_DOMAINS];
	unsigned int domain_pool[SCHED_MODEL_DOMAINS];
	uint8_t pool_cpus[SCHED_MODEL_POOLS];
	struct {
		uint32_t stop;
		unsigned int pauses;
	} why[SCHED_MODEL_DOMAINS][SCHED_MODEL_VCPUS];
	uint64_t told_ns[SCHED_MODEL_DOMAINS][SCHED_MODEL_VCPUS][4]; /* the times of its states */
	struct vcpu *switching[SCHED_MODEL_CPUS]; /* chosen away, still held by the CPU */
	unsigned int step;
	const uint8_t *bytes;
	size_t count;
} sched_model;

#define sched_model_for_each(dom, id)                                                                                  \
	for (unsigned int dom = 0; dom < SCHED_MODEL_DOMAINS; dom++)                                                   \
		for (unsigned int id = 0; id < sched_model_vcpus[dom]; id++)

static inline uint8_t sched_model_byte(void)
{
	if (!sched_model.count)
		return 0;
	sched_model.count--;
	return *sched_model.bytes++;
}

static inline struct vcpu *sched_model_vcpu(unsigned int dom, unsigned int id)
{
	return sched_model.domain[dom]->vcpu[id];
}

static inline bool sched_model_may_run(unsigned int dom, unsigned int id)
{
	return !sched_model.why[dom][id].stop && !sched_model.why[dom][id].pauses && !sched_model.domain_pauses[dom];
}

static inline bool sched_model_vcpu_may_run(const struct vcpu *v)
{
	for (unsigned int dom = 0; dom < SCHED_MODEL_DOMAINS; dom++)
		if (sched_model.domain[dom] == v->domain)
			return sched_model_may_run(dom, v->id);
	abort();
}

/* Whom the CPU holds, or has been handed since it last looked. */
static inline const struct vcpu *sched_model_holds(unsigned int cpu)
{
	return runqueues[cpu].handed ? runqueues[cpu].current : sim_runs[cpu];
}

/* How many CPUs hold v. */
static inline unsigned int sched_model_holders(const struct vcpu *v)
{
	unsigned int holders = 0;

	for (unsigned int cpu = 0; cpu < SCHED_MODEL_CPUS; cpu++)
		holders += (sched_model_holds(cpu) == v) + (sched_model.switching[cpu] == v);
	return holders;
}

static inline void sched_model_check_vcpu(unsigned int dom, unsigned int id)
{
	const struct vcpu *v = sched_model_vcpu(dom, id);
	bool may_run = sched_model_may_run(dom, id);
	struct vcpu_runstate_info info;
	uint64_t sum = 0;

	sched_model_expect(vcpu_is_runnable(v) == may_run);
	sched_model_expect(v->sched.pool_cpus.word[0] == sched_model.pool_cpus[sched_model.domain_pool[dom]]);
	sched_model_expect(v->sched.pool_cpus.word[0] & v->sched.affinity_hard.word[0]);
	sched_model_expect(sched_model_holders(v) == (v->sched.running ? 1 : 0));
	sched_model_expect(!(v->sched.running && v->sched.queued) && !v->sched.movers);
	sched_model_expect(may_run || !v->sched.queued);
	sched_model_expect(!v->sched.queued || vcpu_may_run_on(v, v->sched.cpu));
	if (may_run && !v->sched.running && !v->sched.queued)
		sched_model_expect(v->sched.parked && v->domain->sched.cap && v->domain->sched.cap_timer.active);

	vcpu_runstate_get((struct vcpu *)v, &info);
	for (unsigned int i = 0; i < 4; i++) {
		sum += info.time[i];
		sched_model_expect(info.time[i] >= sched_model.told_ns[dom][id][i]);
		sched_model.told_ns[dom][id][i] = info.time[i];
	}
	sched_model_expect(sum <= fake_now_ns);
	if (!v->sched.running)
		sched_model_expect(info.state == (may_run ? RUNSTATE_runnable :
						  v->stop & (VCPU_BLOCKED | VCPU_POLLING) ? RUNSTATE_blocked :
											    RUNSTATE_offline));
}

static inline void sched_model_check_queue(unsigned int cpu)
{
	const struct runqueue *q = &runqueues[cpu];
	unsigned int count = 0;

	for (struct pairing_node *node = q->heap.root; node; node = pairing_next(node)) {
		const struct vcpu *v = vcpu_of_node(node);

		count++;
		sched_model_expect(v->sched.queued && v->sched.cpu == cpu);
		sched_model_expect(!key_is_before(node->key, q->heap.root->key));
	}
	sched_model_expect(count == q->queued);
	sched_model_expect(q->current == sched_model_holds(cpu));
	sched_model_expect(!(q->handed && sim_runs[cpu]));
}

/* An idle CPU is on its way to take v. */
static inline bool sched_model_is_expected(const struct vcpu *v)
{
	for (unsigned int cpu = 0; cpu < SCHED_MODEL_CPUS; cpu++)
		if (!sim_runs[cpu] && sched_is_due(cpu) && vcpu_may_run_on(v, cpu))
			return true;
	return false;
}

static inline bool sched_model_somebody_waits_for(unsigned int cpu)
{
	sched_model_for_each(dom, id) {
		const struct vcpu *v = sched_model_vcpu(dom, id);

		if (v->sched.queued && vcpu_may_run_on(v, cpu) && !sched_model_is_expected(v))
			return true;
	}
	return false;
}

static inline void sched_model_check_cpu(unsigned int cpu)
{
	const struct vcpu *v = sim_runs[cpu];

	sched_model_check_queue(cpu);
	if (sched_is_due(cpu))
		return;
	if (v) {
		sched_model_expect(sched_model_vcpu_may_run(v));
		sched_model_expect(vcpu_may_run_on(v, cpu));
		sched_model_expect(runqueues[cpu].slice.active);
	} else {
		sched_model_expect(!sched_model_somebody_waits_for(cpu));
	}
}

static inline void sched_model_check(void)
{
	sched_model_for_each(dom, id)
		sched_model_check_vcpu(dom, id);
	for (unsigned int cpu = 0; cpu < SCHED_MODEL_CPUS; cpu++)
		sched_model_check_cpu(cpu);
}

/* What the CPU holds from an unfinished switch is given back. */
static inline void sched_model_finish_switch(unsigned int cpu)
{
	struct vcpu *v = sched_model.switching[cpu];

	if (!v)
		return;
	fake_cpu_id = cpu;
	sched_model.switching[cpu] = NULL;
	sched_switched(v);
}

static inline void sched_model_begin_switch(unsigned int cpu)
{
	struct vcpu *previous = sim_runs[cpu], *next;
	bool was_handed;

	sched_model_finish_switch(cpu);
	fake_cpu_id = cpu;
	was_handed = runqueues[cpu].handed;
	next = sched_pick(cpu, previous);
	/* What was handed over may have been stopped since: then the CPU is due once more. */
	sched_model_expect(!next || sched_model_vcpu_may_run(next) || (was_handed && sched_is_due(cpu)));
	sched_model_expect(!next || next == previous || sched_model_holders(next) == 0);
	sim_runs[cpu] = next;
	if (previous != next)
		sched_model.switching[cpu] = previous;
}

static inline void sched_model_run_timers(unsigned int cpu)
{
	fake_cpu_id = cpu;
	fake_cpus[cpu].timer_kicks = 0;
	timer_run(cpu);
}

static inline void sched_model_settle(void)
{
	for (unsigned int cpu = 0; cpu < SCHED_MODEL_CPUS; cpu++)
		sched_model_finish_switch(cpu);
	sim_settle();
}

static inline void sched_model_toggle_stop(unsigned int dom, unsigned int id, uint32_t bit)
{
	struct vcpu *v = sched_model_vcpu(dom, id);
	uint32_t *stop = &sched_model.why[dom][id].stop;

	*stop ^= bit;
	if (*stop & bit)
		vcpu_stop_for(v, bit);
	else
		vcpu_wake_from(v, bit);
}

static inline void sched_model_pause(unsigned int dom, unsigned int id, bool on)
{
	unsigned int *pauses = &sched_model.why[dom][id].pauses;

	if (on) {
		++*pauses;
		vcpu_pause(sched_model_vcpu(dom, id));
	} else if (*pauses) {
		--*pauses;
		vcpu_unpause(sched_model_vcpu(dom, id));
	}
}

static inline void sched_model_pause_domain(unsigned int dom, bool on)
{
	unsigned int *pauses = &sched_model.domain_pauses[dom];

	if (on) {
		++*pauses;
		sched_model_expect(domain_control_pause(sched_model.domain[dom]) == OK);
	} else {
		sched_model_expect(domain_control_unpause(sched_model.domain[dom]) == (*pauses ? OK : E_INVAL));
		*pauses -= *pauses ? 1 : 0;
	}
}

static inline void sched_model_affinity(struct vcpu *v, uint8_t mask)
{
	struct cpuset hard = {.word = {mask & 0xf}}, soft = {.word = {mask >> 4}};
	bool is_pinned = v->sched.is_pinned, has_cpu = hard.word[0] & v->sched.pool_cpus.word[0];

	sched_model_expect(sched_set_affinity(v, &hard, &soft) == (!has_cpu ? E_INVAL : is_pinned ? E_BUSY : OK));
}

static inline void sched_model_pin(struct vcpu *v, uint8_t cpu)
{
	bool is_pinned = v->sched.is_pinned, has_cpu = v->sched.pool_cpus.word[0] >> cpu % 8 & 1;

	if (cpu & 8)
		sched_model_expect(sched_unpin(v) == (is_pinned ? OK : E_INVAL));
	else
		sched_model_expect(sched_pin(v, cpu % 8) == (!has_cpu ? E_INVAL : is_pinned ? E_BUSY : OK));
}

static inline void sched_model_pool_add(unsigned int pool, unsigned int cpu)
{
	bool is_free = !((sched_model.pool_cpus[0] | sched_model.pool_cpus[1]) >> cpu & 1);

	sched_model_expect(pool_add_cpu(pool, cpu) == (is_free ? OK : E_NODEV));
	sched_model.pool_cpus[pool] |= (uint8_t)(is_free << cpu);
}

static inline void sched_model_pool_remove(unsigned int pool, unsigned int cpu)
{
	uint8_t *cpus = &sched_model.pool_cpus[pool], bit = (uint8_t)(1u << cpu);
	bool is_needed = !pool;

	for (unsigned int dom = 0; dom < SCHED_MODEL_DOMAINS; dom++)
		is_needed |= sched_model.domain_pool[dom] == pool;
	is_needed &= *cpus == bit;
	sched_model_expect(pool_remove_cpu(pool, cpu) == (!(*cpus & bit) ? E_ADDRNOTAVAIL : is_needed ? E_BUSY : OK));
	if (!is_needed)
		*cpus &= (uint8_t)~bit;
}

static inline void sched_model_pool_move(unsigned int pool, unsigned int dom)
{
	bool is_possible = sched_model.pool_cpus[pool];

	sched_model_expect(pool_move(sched_model.domain[dom], pool) == (is_possible ? OK : E_NOENT));
	if (is_possible)
		sched_model.domain_pool[dom] = pool;
}

static inline void sched_model_pool_step(uint8_t byte)
{
	unsigned int pool = byte % SCHED_MODEL_POOLS, which = byte / 2 % SCHED_MODEL_CPUS;

	switch (byte / 8 % 4) {
	case 0:
	case 1:
		sched_model_pool_add(pool, which);
		break;
	case 2:
		sched_model_pool_remove(pool, which);
		break;
	default:
		sched_model_pool_move(pool, which % SCHED_MODEL_DOMAINS);
		break;
	}
}

static inline void sched_model_params(unsigned int dom, uint8_t weight, uint8_t cap)
{
	uint32_t percent = cap % 4 ? 0 : cap / 4;

	sched_model_expect(sched_set_params(sched_model.domain[dom], 64u + 4u * weight, percent) == OK);
}

static inline void sched_model_create(unsigned int dom)
{
	sched_model.domain[dom] = sim_busy_domain((domid_t)dom, sched_model_vcpus[dom], 256);
	sched_model.domain_pauses[dom] = 0;
	sched_model.domain_pool[dom] = 0;
	memset(sched_model.why[dom], 0, sizeof(sched_model.why[dom]));
	memset(sched_model.told_ns[dom], 0, sizeof(sched_model.told_ns[dom]));
}

static inline void sched_model_kill(unsigned int dom)
{
	sched_model_settle();
	sim_kill(sched_model.domain[dom]);
	sched_model_create(dom);
}

static inline void sched_model_cpu_step(uint8_t op, unsigned int cpu)
{
	switch (op % 4) {
	case 0:
		if (sched_is_due(cpu))
			sched_model_begin_switch(cpu);
		break;
	case 1:
		sched_model_finish_switch(cpu);
		break;
	case 2:
		sched_model_run_timers(cpu);
		break;
	default:
		if (sim_runs[cpu])
			sched_vcpu_yield(sim_runs[cpu]);
		break;
	}
}

static inline void sched_model_time_step(uint8_t op)
{
	fake_now_ns += (uint64_t)sched_model_byte() << (op % 4 * 5);
	if (op & 4)
		sched_model_settle();
	if (op & 8)
		sim_run(MS(5));
}

static inline void sched_model_vcpu_step(uint8_t op)
{
	uint8_t which = sched_model_byte();
	unsigned int dom = which % SCHED_MODEL_DOMAINS, id = which / 4 % sched_model_vcpus[dom];
	struct vcpu *v = sched_model_vcpu(dom, id);

	/* Any CPU may be the one that does it. */
	fake_cpu_id = which / 64;
	switch (op % 16) {
	case 0:
		sched_model_toggle_stop(dom, id, VCPU_POLLING);
		break;
	case 1:
		sched_model_toggle_stop(dom, id, VCPU_DOWN);
		break;
	case 2:
	case 3:
		sched_model_pause(dom, id, op % 2);
		break;
	case 4:
	case 5:
		sched_model_pause_domain(dom, op % 2);
		break;
	case 6:
		sched_model_affinity(v, sched_model_byte());
		break;
	case 7:
		sched_model_pin(v, sched_model_byte());
		break;
	case 8:
		sched_model_params(dom, sched_model_byte(), sched_model_byte());
		break;
	case 9:
		if (sched_model_byte() % 16 == 0)
			sched_model_kill(dom);
		break;
	case 10:
	case 11:
		sched_model_pool_step(sched_model_byte());
		break;
	default:
		sched_model_toggle_stop(dom, id, VCPU_BLOCKED);
		break;
	}
}

static inline void sched_model_step(void)
{
	uint8_t op = sched_model_byte();

	sched_model.step++;
	switch (op % 4) {
	case 0:
		sched_model_vcpu_step(op / 4);
		break;
	case 1:
		sched_model_time_step(op / 4);
		break;
	default:
		sched_model_cpu_step(op / 4, op / 16 % SCHED_MODEL_CPUS);
		break;
	}
	sched_model_check();
}

static inline void sched_model_one_pool(void)
{
	for (unsigned int dom = 0; dom < SCHED_MODEL_DOMAINS; dom++)
		sched_model_pool_move(0, dom);
	for (unsigned int cpu = 0; cpu < SCHED_MODEL_CPUS; cpu++) {
		sched_model_pool_remove(1, cpu);
		sched_model_pool_add(0, cpu);
	}
}

static inline void sched_model_set_free(void)
{
	sched_model_settle();
	sched_model_one_pool();
	for (unsigned int dom = 0; dom < SCHED_MODEL_DOMAINS; dom++) {
		struct domain *d = sched_model.domain[dom];

		sched_model_expect(sched_set_params(d, d->sched.weight, 0) == OK);
		while (sched_model.domain_pauses[dom])
			sched_model_pause_domain(dom, false);
	}
	sched_model_for_each(dom, id) {
		struct vcpu *v = sched_model_vcpu(dom, id);

		(void)sched_unpin(v);
		sched_model_affinity(v, 0xff);
		while (sched_model.why[dom][id].pauses)
			sched_model_pause(dom, id, false);
		vcpu_wake_from(v, sched_model.why[dom][id].stop);
		sched_model.why[dom][id].stop = 0;
	}
}

/* What each is entitled to of `cpus` CPUs: those whose weight asks for more than one get one, the rest by weight. */
static inline double sched_model_share(unsigned int of)
{
	double weight = 0, cpus = SCHED_MODEL_CPUS;
	bool is_full[SCHED_MODEL_DOMAINS] = {0}, changed = true;

	while (changed) {
		weight = 0;
		cpus = SCHED_MODEL_CPUS;
		changed = false;
		for (unsigned int dom = 0; dom < SCHED_MODEL_DOMAINS; dom++) {
			if (is_full[dom])
				cpus -= sched_model_vcpus[dom];
			else
				weight += (double)sched_model.domain[dom]->sched.weight * sched_model_vcpus[dom];
		}
		for (unsigned int dom = 0; dom < SCHED_MODEL_DOMAINS; dom++) {
			if (!is_full[dom] && sched_model.domain[dom]->sched.weight * cpus > weight)
				is_full[dom] = changed = true;
		}
	}
	return is_full[of] ? 1 : sched_model.domain[of]->sched.weight * cpus / weight;
}

static inline void sched_model_check_shares(void)
{
	uint64_t before[SCHED_MODEL_DOMAINS][SCHED_MODEL_VCPUS], sum = 0;

	sched_model_set_free();
	sim_run(MS(3000));
	sched_model_check();
	sched_model_for_each(dom, id)
		before[dom][id] = sim_ran_ns(sched_model_vcpu(dom, id));
	sim_run(MS(4000));
	sched_model_for_each(dom, id) {
		uint64_t ran = sim_ran_ns(sched_model_vcpu(dom, id)) - before[dom][id];
		double want = sched_model_share(dom) * (double)MS(4000);

		sum += ran;
		if ((double)ran < want * 0.93 || (double)ran > want * 1.07)
			fprintf(stderr, "d%uv%u (weight %u) ran %.1f ms of %.1f\n", dom, id,
				sched_model.domain[dom]->sched.weight, (double)ran / 1e6, want / 1e6);
		sched_model_expect((double)ran >= want * 0.93 && (double)ran <= want * 1.07);
	}
	sched_model_expect(sum == SCHED_MODEL_CPUS * MS(4000));
}

static inline int sched_model_run(const uint8_t *bytes, size_t count)
{
	bool check_shares;

	sim_start(SCHED_MODEL_CPUS);
	memset(&sched_model, 0, sizeof(sched_model));
	sched_model.bytes = bytes;
	sched_model.count = count;
	sched_model.pool_cpus[0] = (1u << SCHED_MODEL_CPUS) - 1;
	sched_model_expect(pool_create(&(uint32_t){1}) == OK);
	check_shares = sched_model_byte() % 8 == 0;
	for (unsigned int dom = 0; dom < SCHED_MODEL_DOMAINS; dom++)
		sched_model_create(dom);
	while (sched_model.count)
		sched_model_step();
	sched_model_settle();
	sched_model_check();
	if (check_shares)
		sched_model_check_shares();
	sim_end();
	return 0;
}
