/* Waiting for a lock; out of line, so that taking one that is free costs its users no registers. */
#include <hyp/lock.h>

void spin_wait(const struct spinlock *l, uint16_t ticket)
{
	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		arch_lock_wait();
}
