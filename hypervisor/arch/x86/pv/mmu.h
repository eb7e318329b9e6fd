#pragma once
/* What the page-table hypercalls share (mmu.c). */
#include "pv.h"

/* The two domains that a call may name; those that are not the caller's are referenced. */
struct mmu_domains {
	struct domain *table;  /* owns the page tables */
	struct domain *frames; /* owns what they may map */
};

/* From `foreigndom` of mmu_update: E_SRCH: no such domain; E_PERM: not allowed. */
enum status mmu_domains_find(struct vcpu *v, uint64_t foreigndom, struct mmu_domains *out);
void mmu_domains_put(const struct vcpu *v, struct mmu_domains *m);

/* Flushes the TLBs that may hold translations of `d` (all), or of those of its vCPUs that are in the guest's bitmap. */
void mmu_flush_all(struct domain *d);
enum status mmu_flush_vcpus(struct vcpu *v, vaddr_t bitmap);
/* This CPU's, of one page or of everything. */
void mmu_flush_page(vaddr_t address);
