#pragma once
/* Which features paravirtual guests may see; see cpuid_features.c. Pure. */
#include <hyp/pv/cpu_policy.h>

enum feature_set {
	FEATURES_PV_DEFAULT,	/* seen unless told otherwise */
	FEATURES_PV_MAX,	/* these, and those that a guest may be given */
	FEATURES_DECIDED_HERE,	/* the hypervisor decides alone, whatever the control tools ask for */
};

/* The features of a set in a word of the ABI's numbering. */
uint32_t features_in_word(enum feature_set set, unsigned int word);
/* Clears what depends on something that is not there. */
void features_clear_dependent(struct cpu_policy *p);
/* The bits of 0x80000001's edx that AMD's CPUs repeat from 1's. */
#define FEATURES_REPEATED UINT32_C(0x0183f3ff)
