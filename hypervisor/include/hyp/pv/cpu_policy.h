#pragma once
/*
 * What CPUID and two MSRs say: as the machine has it, as a guest may have it, as a guest does have it.
 *
 * A policy is a table of CPUID leaves. Pure code derives the policies of guests from what the boot CPU said, so that
 * a guest sees a feature only if the machine has it, the hypervisor supports it for paravirtual guests, and everything
 * that it depends on is seen too. The order of leaves and the numbers of features are the guest ABI's
 * (<xen/arch-x86/cpufeatureset.h>), which the control tools share.
 *
 * Everything here but the marked functions is pure: any CPU, any context, no locks.
 */
#include <hyp/abi.h>
#include <hyp/types.h>
#include <xen/arch-x86/cpufeatureset.h>

enum cpuid_register { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

/* Leaves that a policy holds: basic ones to 0xd with the subleaves of 4, 7, 0xb and 0xd, extended to 0x80000021. */
#define CPU_POLICY_LEAVES 118u
#define CPUID_BASIC_LAST 0xdu
#define CPUID_EXTENDED_FIRST 0x80000000u
#define CPUID_EXTENDED_LAST 0x80000021u
/* What the tools make room for: two more, which they write and nobody reads (limits of the hypervisor's leaves). */
#define CPU_POLICY_LIST_MAX (CPU_POLICY_LEAVES + 2)
#define CPU_POLICY_MSRS 2u
#define CPU_FEATURE_WORDS 19u
#define CPUID_HYPERVISOR_FIRST 0x40000000u

struct cpu_policy {
	uint32_t leaf[CPU_POLICY_LEAVES][4]; /* see cpuid_policy.c for the order; enum cpuid_register */
	uint64_t platform_info;		     /* MSR 0xce */
	uint64_t arch_capabilities;	     /* MSR 0x10a */
};

/* What the hypervisor itself supports, of those features that need its help. */
struct cpu_policy_support {
	uint64_t xcr0; /* state components that it switches; 0: no XSAVE */
	bool fsgsbase, nx, rdtscp, tsc_invariant;
};

/* The policies of the system. */
struct cpu_policies {
	struct cpu_policy raw;	      /* as the CPU said */
	struct cpu_policy host;	      /* what the hypervisor makes use of */
	struct cpu_policy pv_max;     /* the most that a paravirtual guest may see */
	struct cpu_policy pv_default; /* what it sees unless told otherwise */
	struct cpu_policy domain0;    /* what domain 0 sees */
};

/* The leaf, or NULL if policies hold no such. `subleaf` matters only for leaves that have subleaves. */
const uint32_t *cpu_policy_leaf(const struct cpu_policy *p, uint32_t leaf, uint32_t subleaf);
uint32_t *cpu_policy_leaf_edit(struct cpu_policy *p, uint32_t leaf, uint32_t subleaf);
bool cpuid_leaf_has_subleaves(uint32_t leaf);

/* Features by their number in the ABI, XEN_X86_FEATURE_*. */
bool cpu_policy_has(const struct cpu_policy *p, unsigned int feature);
void cpu_policy_feature_set(struct cpu_policy *p, unsigned int feature, bool on);
uint32_t cpu_policy_feature_word(const struct cpu_policy *p, unsigned int word);

/* Fills in all of `all` from all->raw. */
void cpu_policies_derive(struct cpu_policies *all, const struct cpu_policy_support *support);
/* `index` is XEN_SYSCTL_cpu_policy_*; NULL: there is none (policies of guests with hardware virtualization). */
const struct cpu_policy *cpu_policy_numbered(const struct cpu_policies *all, uint32_t index);
/* The same for the features alone, whose policies the ABI numbers otherwise: XEN_SYSCTL_cpu_featureset_*. */
const struct cpu_policy *cpu_featureset_numbered(const struct cpu_policies *all, uint32_t index);
/* Makes the rest of a policy follow from its features: dependencies, sizes, hidden topology. `host` gives what is not
   a feature. The result shows no more than `max` does. */
void cpu_policy_complete(struct cpu_policy *p, const struct cpu_policy *max, const struct cpu_policy *host);
/* The state components that a guest with this policy may enable in XCR0. */
uint64_t cpu_policy_xcr0(const struct cpu_policy *p);
/* May XCR0 be this, where `allowed` is the most? */
bool xcr0_is_valid(uint64_t value, uint64_t allowed);

/* What one vCPU's CPUID depends on besides its policy. */
struct cpuid_view {
	unsigned int vcpu;
	bool in_kernel; /* OSXSAVE is then shown wherever XSAVE is: kernels look before they have set CR4 */
	bool osxsave;	/* CR4.OSXSAVE of the guest */
	uint64_t xcr0;	/* of the guest */
};
/* CPUID of a leaf below 0x40000000 or from 0x80000000 on; zeroes for what is not there. */
void cpu_policy_answer(const struct cpu_policy *p, const struct cpuid_view *view, uint32_t leaf, uint32_t subleaf,
		       uint32_t out[4]);

/*
 * The lists of the control interface. Entries have numbers from 0 to CPU_POLICY_LIST_MAX - 1 (CPU_POLICY_MSRS - 1), not
 * all of which are in the list: false for those.
 */
bool cpu_policy_list_leaf(const struct cpu_policy *p, unsigned int number, struct xen_cpuid_leaf *out);
bool cpu_policy_list_msr(const struct cpu_policy *p, unsigned int number, struct xen_msr_entry *out);
/* How many are in the list. */
unsigned int cpu_policy_list_count(const struct cpu_policy *p);

/* Where a policy was refused; what does not apply is all ones. */
struct cpu_policy_error {
	uint32_t leaf, subleaf, msr;
};
#define CPU_POLICY_NO_ERROR ((struct cpu_policy_error){UINT32_MAX, UINT32_MAX, UINT32_MAX})
/* Puts an entry of a list into a policy. E_RANGE: no such leaf or MSR; E_INVAL: reserved fields are not zero. */
enum status cpu_policy_put_leaf(struct cpu_policy *p, const struct xen_cpuid_leaf *entry, struct cpu_policy_error *error);
enum status cpu_policy_put_msr(struct cpu_policy *p, const struct xen_msr_entry *entry, struct cpu_policy_error *error);
/* Is it a part of `max`? E_INVAL: it promises something that guests may have, but not here. Features that no guest can have and
   those that the hypervisor decides by itself are not looked at. */
enum status cpu_policy_check(const struct cpu_policy *p, const struct cpu_policy *max, struct cpu_policy_error *error);

/* Not pure, from the machine (cpuid.c): ---------------------------------------------------------------------------- */
struct domain;

/* Those of this machine. */
const struct cpu_policies *cpu_policies_system(void);
/* What a domain sees. Valid as long as the domain; its content changes only while the domain is paused. */
const struct cpu_policy *domain_policy(const struct domain *d);
/* Gives d, which is paused, its own policy. `candidate` is a copy of domain_policy(d) with a caller's entries put into
   it; it is changed. E_INVAL with *error set: see cpu_policy_check; E_NOMEM. */
enum status domain_policy_set(struct domain *d, struct cpu_policy *candidate, struct cpu_policy_error *error);
/* From arch_domain_destroy. */
void domain_policy_free(struct domain *d);
