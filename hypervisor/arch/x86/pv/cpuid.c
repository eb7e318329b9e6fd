/*
 * CPUID of guests: the policies of this machine, and what a vCPU is answered.
 *
 * Guest kernels ask by the forced-emulation prefix; a plain CPUID of theirs or of their programs is answered by the CPU,
 * unless the CPU can be told to fault on it (Intel's CPUID faulting, AMD's CpuidUserDis), which is done where possible:
 * then everything that runs in a guest sees its policy.
 */
#include "cpuid.h"
#include "cpuid_names.h"
#include "msr.h"
#include "guest_tsc.h"
#include "pv.h"
#include "../ops.h"
#include "../raw.h"
#include "../time.h"
#include <hyp/log.h>
#include <hyp/boot/cmdline.h>
#include <hyp/heap.h>
#include <hyp/mm.h>
#include <hyp/pv/cpu_policy.h>
#include <hyp/string.h>

#define MSR_PLATFORM_INFO 0xce
#define PLATFORM_CPUID_FAULTING BIT(31)
#define MSR_MISC_FEATURES 0x140
#define MISC_CPUID_FAULTING BIT(0)
#define MSR_HWCR 0xc0010015
#define HWCR_CPUID_USER_DISABLED BIT(35)
#define LEAF_21_CPUID_USER_DISABLE 17

static struct cpu_policies policies;

/* The subleaves and leaves of a policy, as this CPU gives them; what lies beyond its largest leaf is left zero. */
static void raw_leaf_read(uint32_t leaf)
{
	for (uint32_t subleaf = 0;; subleaf++) {
		uint32_t *to = cpu_policy_leaf_edit(&policies.raw, leaf, subleaf);

		if (!to)
			return;
		cpuid(leaf, subleaf, to);
		if (!cpuid_leaf_has_subleaves(leaf))
			return;
	}
}

static void raw_read(void)
{
	uint32_t basic[4], extended[4];

	cpuid(0, 0, basic);
	cpuid(CPUID_EXTENDED_FIRST, 0, extended);
	for (uint32_t leaf = 0; leaf <= MIN(basic[CPUID_EAX], CPUID_BASIC_LAST); leaf++)
		raw_leaf_read(leaf);
	if (extended[CPUID_EAX] >= CPUID_EXTENDED_FIRST)
		for (uint32_t leaf = CPUID_EXTENDED_FIRST; leaf <= MIN(extended[CPUID_EAX], CPUID_EXTENDED_LAST); leaf++)
			raw_leaf_read(leaf);
	(void)msr_read_raw(MSR_PLATFORM_INFO, &policies.raw.platform_info);
	if (cpu_policy_has(&policies.raw, XEN_X86_FEATURE_ARCH_CAPS))
		(void)msr_read_raw(MSR_ARCH_CAPABILITIES, &policies.raw.arch_capabilities);
}

/* The words of cpuid=: hides what a CPU has before anything follows from it, shows what guests may have afterwards. */
static void words_apply(const char *words, bool hide)
{
	struct text rest = text_of(words, SIZE_MAX), name;
	unsigned int feature;
	bool on;

	while (boot_list_next(&rest, &name, &on)) {
		if (!cpu_feature_find(name, &feature)) {
			if (hide)
				log_warning("cpuid=: there is no CPU feature %.*s", (int)name.bytes, name.at);
		} else if (hide && !on) {
			cpu_policy_feature_set(&policies.raw, feature, false);
		} else if (!hide && on && cpu_policy_has(&policies.pv_max, feature)) {
			cpu_policy_feature_set(&policies.pv_default, feature, true);
		}
	}
}

void pv_cpuid_read(const char *words)
{
	raw_read();
	words_apply(words, true);
	pv_cpuid_init_cpu();
}

void pv_cpuid_init(const char *words)
{
	struct cpu_policy_support support = {
		.xcr0 = cpu_features.xsave ? cpu_features.xcr0 : 0,
		.fsgsbase = cpu_features.fsgsbase,
		.nx = cpu_features.nx,
		.rdtscp = cpu_features.rdtscp,
		.tsc_invariant = tsc_is_stable(),
	};

	cpu_policies_derive(&policies, &support);
	words_apply(words, false);
	pv_msr_init();
}

void pv_cpuid_init_cpu(void)
{
	uint64_t value;

	if (cpu_features.amd) {
		if (cpu_policy_feature_word(&policies.raw, XEN_X86_FEATURE_LFENCE_DISPATCH / 32) >>
				    LEAF_21_CPUID_USER_DISABLE & 1 &&
		    msr_read_raw(MSR_HWCR, &value))
			(void)msr_write_raw(MSR_HWCR, value | HWCR_CPUID_USER_DISABLED);
	} else if (policies.raw.platform_info & PLATFORM_CPUID_FAULTING && msr_read_raw(MSR_MISC_FEATURES, &value)) {
		(void)msr_write_raw(MSR_MISC_FEATURES, value | MISC_CPUID_FAULTING);
	}
}

const struct cpu_policies *cpu_policies_system(void)
{
	return &policies;
}

const struct cpu_policy *domain_policy(const struct domain *d)
{
	const struct cpu_policy *own = __atomic_load_n(&d->arch.policy, __ATOMIC_ACQUIRE);

	if (own)
		return own;
	return d->privileged ? &policies.domain0 : &policies.pv_default;
}

/* Tools ask for a steady counter for each guest that stays on this machine, or has a counter of its own. */
static bool has_steady_counter(const struct domain *d, const struct cpu_policy *asked)
{
	return cpu_policy_has(asked, XEN_X86_FEATURE_ITSC) &&
	       (guest_tsc_is_emulated(d) || cpu_policy_has(&policies.pv_max, XEN_X86_FEATURE_ITSC));
}

enum status domain_policy_set(struct domain *d, struct cpu_policy *candidate, struct cpu_policy_error *error)
{
	struct cpu_policy *own = d->arch.policy;
	bool is_steady = has_steady_counter(d, candidate);
	enum status s;

	cpu_policy_feature_set(candidate, XEN_X86_FEATURE_ITSC, false);
	s = cpu_policy_check(candidate, &policies.pv_max, error);
	if (s)
		return s;
	if (!own)
		own = heap_alloc(sizeof(*own));
	if (!own)
		return E_NOMEM;
	cpu_policy_complete(candidate, &policies.pv_max, &policies.host);
	cpu_policy_feature_set(candidate, XEN_X86_FEATURE_ITSC, is_steady);
	*own = *candidate;
	__atomic_store_n(&d->arch.policy, own, __ATOMIC_RELEASE);
	return OK;
}

void domain_policy_free(struct domain *d)
{
	heap_free(d->arch.policy, sizeof(*d->arch.policy));
	d->arch.policy = NULL;
}

/* The hypervisor's own leaves (<xen/arch-x86/cpuid.h>). -------------------------------------------------------------- */

#define ABI_VERSION (4u << 16 | 17) /* as the xen_version hypercall says */
#define HYPERCALL_PAGES 1
#define HYPERCALL_MSR 0x40000000
#define TIME_TSC_EMULATED BIT(0)
#define TIME_TSC_RELIABLE BIT(1)
#define TIME_HAS_RDTSCP BIT(2)

static void time_leaf(const struct vcpu *v, uint32_t subleaf, uint32_t out[4])
{
	const struct domain *d = v->domain;
	bool emulated = guest_tsc_is_emulated(d);
	struct tsc_scale scale = guest_tsc_scale(d);
	uint64_t offset = emulated ? d->arch.tsc.zero_ns : -tsc_base();

	switch (subleaf) {
	case 0:
		out[CPUID_EAX] = (emulated ? TIME_TSC_EMULATED : 0) | (tsc_is_stable() ? TIME_TSC_RELIABLE : 0) |
				 (cpu_features.rdtscp ? TIME_HAS_RDTSCP : 0);
		out[CPUID_EBX] = d->arch.tsc.mode;
		out[CPUID_ECX] = guest_tsc_khz(d);
		out[CPUID_EDX] = d->arch.tsc.incarnation;
		break;
	case 1:
		out[CPUID_EAX] = (uint32_t)offset;
		out[CPUID_EBX] = (uint32_t)(offset >> 32);
		out[CPUID_ECX] = scale.mul;
		out[CPUID_EDX] = (uint32_t)tsc_scale_shift(&scale);
		break;
	case 2:
		out[CPUID_EAX] = tsc_khz;
		break;
	default:
		break;
	}
}

/* How many bits the address of any memory has. Kernels choose wider interfaces if there are more than 44. */
static uint32_t machine_address_bits(void)
{
	return PAGE_SHIFT + (frame_count > 1 ? 64 - (uint32_t)__builtin_clzll(frame_count - 1) : 0);
}

static void hypervisor_leaf(const struct vcpu *v, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	switch (leaf) {
	case 0:
		out[CPUID_EAX] = CPUID_HYPERVISOR_FIRST + XEN_CPUID_MAX_NUM_LEAVES;
		out[CPUID_EBX] = XEN_CPUID_SIGNATURE_EBX;
		out[CPUID_ECX] = XEN_CPUID_SIGNATURE_ECX;
		out[CPUID_EDX] = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		out[CPUID_EAX] = ABI_VERSION;
		break;
	case 2:
		out[CPUID_EAX] = HYPERCALL_PAGES;
		out[CPUID_EBX] = HYPERCALL_MSR;
		out[CPUID_ECX] = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 3:
		time_leaf(v, subleaf, out);
		break;
	case 5:
		out[CPUID_EBX] = subleaf ? 0 : machine_address_bits() & XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK;
		break;
	default:
		break;
	}
}

/* The leaves in between are for hypervisors, of which there is one. */
#define HYPERVISOR_LEAVES UINT32_C(0x10000)

void pv_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	struct cpuid_view view = {
		.vcpu = v->id,
		.in_kernel = v->arch.in_kernel,
		.osxsave = v->arch.cr4 & CR4_OSXSAVE,
		.xcr0 = v->arch.xcr0,
	};

	if (leaf - CPUID_HYPERVISOR_FIRST < HYPERVISOR_LEAVES) {
		memset(out, 0, 4 * sizeof(*out));
		hypervisor_leaf(v, leaf - CPUID_HYPERVISOR_FIRST, subleaf, out);
		return;
	}
	cpu_policy_answer(domain_policy(v->domain), &view, leaf, subleaf, out);
}
