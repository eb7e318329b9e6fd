/*
 * Pools: the CPUs of the machine in groups. Each domain belongs to one pool, and its vCPUs run on the CPUs of that pool alone.
 *
 * P1  A CPU is in one pool at most; one that is in none is free, and runs nobody.
 * P2  A pool that has domains has a CPU, and so has pool 0.
 * P3  What a vCPU may use is the intersection of its hard affinity and of v->sched.pool_cpus, which follows the CPUs of
 *     its domain's pool: whoever changes these looks at all vCPUs concerned afterwards, one at a time (confine), and each
 *     look takes what is true then. No order of changes on several CPUs leaves a vCPU with what was.
 *
 * Lock order: pool_lock -> run queue. It is not held while a reference to a domain is dropped, since the last one leaves the
 * domain's pool.
 */
#include <hyp/pool.h>

#include "runqueue.h"

struct pool {
	bool exists;
	uint32_t domain_count;
	struct cpuset cpus;
};

static struct spinlock pool_lock = SPINLOCK_INIT;
static struct pool pools[POOLS_MAX]; /* all fields: pool_lock */

void pools_init(void)
{
	for (uint32_t id = 0; id < POOLS_MAX; id++)
		pools[id] = (struct pool){0};
	pools[0].exists = true;
	pools[0].cpus = cpus_online;
}

static bool exists(uint32_t id) REQUIRES(pool_lock)
{
	return id < POOLS_MAX && pools[id].exists;
}

static struct cpuset free_cpus(void) REQUIRES(pool_lock)
{
	struct cpuset cpus = cpus_online;

	for (uint32_t id = 0; id < POOLS_MAX; id++)
		for (unsigned int i = 0; i < ARRAY_COUNT(cpus.word); i++)
			cpus.word[i] &= ~pools[id].cpus.word[i];
	return cpus;
}

bool pool_find_next(uint32_t id, struct pool_info *out)
{
	bool is_found = false;

	spin_lock(&pool_lock);
	for (; id < POOLS_MAX && !is_found; id++) {
		if (!pools[id].exists)
			continue;
		*out = (struct pool_info){id, pools[id].domain_count, cpuset_and(&pools[id].cpus, &cpus_online)};
		is_found = true;
	}
	spin_unlock(&pool_lock);
	return is_found;
}

bool pool_exists(uint32_t id)
{
	bool does;

	spin_lock(&pool_lock);
	does = exists(id);
	spin_unlock(&pool_lock);
	return does;
}

struct cpuset pool_free_cpus(void)
{
	struct cpuset cpus;

	spin_lock(&pool_lock);
	cpus = free_cpus();
	spin_unlock(&pool_lock);
	return cpus;
}

static enum status create_check(uint32_t *id) REQUIRES(pool_lock)
{
	if (*id == POOL_ANY) {
		for (*id = 0; exists(*id); ++*id)
			;
		return *id < POOLS_MAX ? OK : E_NOSPC;
	}
	if (*id >= POOLS_MAX)
		return E_INVAL;
	return exists(*id) ? E_EXIST : OK;
}

enum status pool_create(uint32_t *id)
{
	enum status status;

	spin_lock(&pool_lock);
	status = create_check(id);
	if (status == OK)
		pools[*id].exists = true;
	spin_unlock(&pool_lock);
	return status;
}

enum status pool_destroy(uint32_t id)
{
	enum status status = OK;

	spin_lock(&pool_lock);
	if (!exists(id))
		status = E_NOENT;
	else if (!id || pools[id].domain_count || !cpuset_is_empty(&pools[id].cpus))
		status = E_BUSY;
	else
		pools[id].exists = false;
	spin_unlock(&pool_lock);
	return status;
}

/* Looks at v again after its pool, or the pool's CPUs, may have changed (P3). */
static void confine(struct vcpu *v, bool anywhere) EXCLUDES(pool_lock)
{
	spin_lock(&pool_lock);
	sched_confine(v, &pools[v->domain->sched.pool].cpus, anywhere);
	spin_unlock(&pool_lock);
}

static void confine_domain(struct domain *d, bool anywhere) EXCLUDES(pool_lock)
{
	for (unsigned int i = 0; i < d->vcpu_max; i++) {
		struct vcpu *v = domain_vcpu(d, i);

		if (v)
			confine(v, anywhere);
	}
}

static void confine_domains_of(uint32_t pool) EXCLUDES(pool_lock)
{
	struct domain *d;

	for (domid_t id = 0; (d = domain_find_next(id)) != NULL; id = (domid_t)(id + 1)) {
		id = d->id;
		if (read_once(d->sched.pool) == pool)
			confine_domain(d, false);
		domain_put(d);
	}
}

static enum status add_check(uint32_t id, uint32_t *cpu) REQUIRES(pool_lock)
{
	struct cpuset cpus = free_cpus();

	if (!exists(id))
		return E_NOENT;
	if (*cpu == POOL_CPU_ANY) {
		*cpu = cpuset_next(&cpus, 0);
		return *cpu < CPUS_MAX ? OK : E_NODEV;
	}
	if (*cpu >= cpu_count)
		return E_INVAL;
	return cpuset_has(&cpus, *cpu) ? OK : E_NODEV;
}

enum status pool_add_cpu(uint32_t id, uint32_t cpu)
{
	enum status status;

	spin_lock(&pool_lock);
	status = add_check(id, &cpu);
	if (status == OK)
		cpuset_add(&pools[id].cpus, cpu);
	spin_unlock(&pool_lock);
	if (status == OK)
		confine_domains_of(id);
	return status;
}

static enum status remove_check(uint32_t id, uint32_t *cpu) REQUIRES(pool_lock)
{
	const struct pool *p = &pools[id % POOLS_MAX];

	if (!exists(id))
		return E_NOENT;
	if (*cpu == POOL_CPU_ANY)
		*cpu = cpuset_next(&p->cpus, 0);
	if (*cpu >= cpu_count)
		return E_INVAL;
	if (!cpuset_has(&p->cpus, *cpu))
		return E_ADDRNOTAVAIL;
	return (!id || p->domain_count) && cpuset_count(&p->cpus) == 1 ? E_BUSY : OK;
}

enum status pool_remove_cpu(uint32_t id, uint32_t cpu)
{
	enum status status;

	spin_lock(&pool_lock);
	status = remove_check(id, &cpu);
	if (status == OK)
		cpuset_remove(&pools[id].cpus, cpu);
	spin_unlock(&pool_lock);
	if (status == OK)
		confine_domains_of(id);
	return status;
}

static bool takes_domains(uint32_t id) REQUIRES(pool_lock)
{
	return exists(id) && !cpuset_is_empty(&pools[id].cpus);
}

enum status pool_join(struct domain *d, uint32_t id)
{
	enum status status = OK;

	spin_lock(&pool_lock);
	if (takes_domains(id)) {
		write_once(d->sched.pool, id);
		pools[id].domain_count++;
	} else {
		status = E_SRCH;
	}
	spin_unlock(&pool_lock);
	return status;
}

void pool_leave(struct domain *d)
{
	spin_lock(&pool_lock);
	pools[d->sched.pool].domain_count--;
	spin_unlock(&pool_lock);
}

enum status pool_move(struct domain *d, uint32_t id)
{
	enum status status = OK;
	bool has_moved = false;

	spin_lock(&pool_lock);
	if (!takes_domains(id)) {
		status = E_NOENT;
	} else if (id != d->sched.pool) {
		pools[d->sched.pool].domain_count--;
		pools[id].domain_count++;
		write_once(d->sched.pool, id);
		has_moved = true;
	}
	spin_unlock(&pool_lock);
	if (has_moved)
		confine_domain(d, true);
	return status;
}

struct cpuset pool_cpus_of(const struct domain *d)
{
	struct cpuset cpus;

	spin_lock(&pool_lock);
	cpus = pools[d->sched.pool].cpus;
	spin_unlock(&pool_lock);
	return cpus;
}

void pool_confine(struct vcpu *v)
{
	confine(v, false);
}
