#pragma once
/* The fake architecture's part of domains and vCPUs: what tests look at. */
#include <hyp/types.h>

struct arch_domain {
	unsigned int relinquish_steps; /* how often relinquish still answers E_RESTART */
};

struct arch_vcpu {
	unsigned int kicks;
	void *info;	 /* the page of a second vcpu_info */
	vaddr_t context; /* where the context of its initialisation was */
	bool nmi;	 /* waits for it */
};

static inline bool arch_vcpu_has_nmi(const struct arch_vcpu *v) { return v->nmi; }
