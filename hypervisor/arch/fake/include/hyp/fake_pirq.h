#pragma once
/* The fake machine's interrupts, as tests see them. */
#include <hyp/types.h>

struct domain;

#define FAKE_PIRQS 16u

struct fake_pirq {
	struct domain *domain; /* NULL: not bound */
	uint32_t port;
	bool will_share;
	unsigned int vcpu; /* whom the last arch_pirq_set_affinity named */
	unsigned int unmasks;
};
extern struct fake_pirq fake_pirqs[FAKE_PIRQS];

void fake_pirqs_reset(void);
/* The interrupt comes in. */
void fake_pirq_raise(uint32_t pirq);
