#pragma once
/* The architecture's part of <hyp/lock.h>. */
#include <hyp/types.h>

struct spinlock;

void spin_wait(const struct spinlock *l, uint16_t ticket);

static inline void arch_spin_wait(const struct spinlock *l, uint16_t ticket) { spin_wait(l, ticket); }
