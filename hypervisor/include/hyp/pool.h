#pragma once
/* Pools of CPUs: which there are, which CPUs and which domains are in each. The essay is in core/sched/pool.c. */
#include <hyp/cpu.h>
#include <hyp/types.h>

struct domain;
struct vcpu;

/* Ids are below this. Pool 0 has all CPUs at the start, and always is. */
#define POOLS_MAX 256u
#define POOL_ANY UINT32_MAX
#define POOL_CPU_ANY UINT32_MAX

struct pool_info {
	uint32_t id, domain_count;
	struct cpuset cpus;
};

void pools_init(void);
/* The first pool with an id from `id` on; false: there is none. */
bool pool_find_next(uint32_t id, struct pool_info *out);
bool pool_exists(uint32_t id);
/* The CPUs that are in no pool. */
struct cpuset pool_free_cpus(void);

/* An empty pool with the id *id, or the first free one for POOL_ANY. E_EXIST; E_INVAL, no such id; E_NOSPC. */
enum status pool_create(uint32_t *id);
/* E_NOENT; E_BUSY, it has CPUs or domains, or is pool 0. */
enum status pool_destroy(uint32_t id);
/* A free CPU joins a pool. E_NOENT; E_INVAL, no such CPU; E_NODEV, it is not free, or none is. */
enum status pool_add_cpu(uint32_t id, uint32_t cpu);
/* It becomes free: who runs there goes elsewhere. E_NOENT; E_INVAL; E_NODEV, it is not in this pool; E_BUSY, it is the last
   one of a pool that is not to be without. No lock is held. */
enum status pool_remove_cpu(uint32_t id, uint32_t cpu);

/* A new domain joins a pool. E_SRCH: there is none with CPUs under this id. */
enum status pool_join(struct domain *d, uint32_t id);
void pool_leave(struct domain *d);
/* The domain goes to another pool, where its vCPUs may use every CPU. E_NOENT: there is none with CPUs under this id. */
enum status pool_move(struct domain *d, uint32_t id);
/* The CPUs of a domain's pool. */
struct cpuset pool_cpus_of(const struct domain *d);
/* v, which has just become one of its domain's vCPUs, is confined to its pool. */
void pool_confine(struct vcpu *v);
