#pragma once
/* The architecture's part of <hyp/lock.h>: how who takes a lock goes to wait for it. */
#include <hyp/types.h>

struct spinlock;

/* It keeps all registers, and is called so that the compiler knows: to take a lock that is free costs its users none. */
__attribute__((no_caller_saved_registers)) void spin_wait(const struct spinlock *l, uint16_t ticket);

static inline void arch_spin_wait(const struct spinlock *l, uint16_t ticket)
{
	__asm__ volatile("call spin_wait" : : "D"(l), "S"(ticket) : "memory", "cc");
}
