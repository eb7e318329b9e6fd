#pragma once
/*
 * Ticket spinlocks, fair and never recursive.
 *
 * The hypervisor runs with interrupts off, so there is one kind of lock. While a CPU waits it calls
 * arch_lock_wait(), which answers TLB-flush requests of other CPUs: a holder may wait for the flush (docs/locking.md).
 * Under clang -Wthread-safety the annotations are checked; under gcc they are empty.
 */
#include <hyp/arch_lock.h>
#include <hyp/types.h>

#if defined(__clang__)
#define LOCK_ATTRIBUTE(x) __attribute__((x))
#else
#define LOCK_ATTRIBUTE(x)
#endif
#define LOCKABLE LOCK_ATTRIBUTE(capability("lock"))
#define REQUIRES(...) LOCK_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) LOCK_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define ACQUIRES(...) LOCK_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define TRY_ACQUIRES(...) LOCK_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define RELEASES(...) LOCK_ATTRIBUTE(release_capability(__VA_ARGS__))
#define NO_LOCK_CHECK LOCK_ATTRIBUTE(no_thread_safety_analysis)

struct LOCKABLE spinlock {
	uint16_t next;	/* the ticket that the next comer draws */
	uint16_t owner; /* the ticket that holds the lock */
};

#define SPINLOCK_INIT {0, 0}

/* From the architecture: one step of waiting (any CPU, interrupts off). */
void arch_lock_wait(void);

static inline void spin_init(struct spinlock *l) { l->next = l->owner = 0; }

static inline void spin_lock(struct spinlock *l) ACQUIRES(*l) NO_LOCK_CHECK
{
	uint16_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	if (__builtin_expect(__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket, false))
		arch_spin_wait(l, ticket);
}

static inline bool spin_trylock(struct spinlock *l) TRY_ACQUIRES(true, *l) NO_LOCK_CHECK
{
	uint16_t ticket = __atomic_load_n(&l->owner, __ATOMIC_ACQUIRE);

	return __atomic_compare_exchange_n(&l->next, &ticket, (uint16_t)(ticket + 1), false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void spin_unlock(struct spinlock *l) RELEASES(*l) NO_LOCK_CHECK
{
	__atomic_store_n(&l->owner, (uint16_t)(l->owner + 1), __ATOMIC_RELEASE);
}

static inline bool spin_is_locked(const struct spinlock *l)
{
	return __atomic_load_n(&l->next, __ATOMIC_RELAXED) != __atomic_load_n(&l->owner, __ATOMIC_RELAXED);
}
