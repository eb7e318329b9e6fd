/* Waiting for a lock, until the ticket's turn has come. */
#include <hyp/lock.h>

void spin_wait(const struct spinlock *l, uint16_t ticket)
{
	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		arch_lock_wait();
}
