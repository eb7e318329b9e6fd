#pragma once
/*
 * The control interfaces, domctl (36) and sysctl (35): what they keep of a domain, and what they ask of the
 * architecture.
 *
 * Their rules are hypercall/domctl*.c and sysctl*.c: versions, permissions, decoding, restarts, replies. What
 * a vCPU's state looks like, and what the machine is, comes through the functions below. Those that are
 * marked [S] are called with domctl's lock held for a domain that is stopped (no vCPU of it runs, all its
 * state is in memory) and is not the caller's. The others may be called at any time.
 */
#include <hyp/abi.h>
#include <hyp/types.h>

struct domain;
struct vcpu;

/* Part of struct domain. Letters: [C] domctl's lock · [a] written with it, read by anybody. */
struct control_domain {
	bool holds_stop;       /* [C] one pause of it is an interrupted domctl's, which waits for it to stop */
	bool has_run;	       /* [d->lock] all pauses of the control interface were taken back once: its construction is over */
	uint32_t suspend_port; /* [a] where a suspend is told in place of VIRQ_DOM_EXC; 0: nowhere */
};

/* vCPUs. */

/* [S] Makes `c` v's state and sets v->initialised as the last act. E_INVAL: not a state that a guest may have;
   E_RESTART: call again with the same. */
enum status arch_vcpu_context_set(struct vcpu *v, const struct vcpu_guest_context *c);
/* [S] Fills all of *c. */
void arch_vcpu_context_get(struct vcpu *v, struct vcpu_guest_context *c);
/* [S] Gives back the page tables and descriptor tables that v refers to; it is as new then. E_RESTART: call again. */
enum status arch_vcpu_context_reset(struct vcpu *v);

/* [S] The callbacks that have no place in vcpu_guest_context. `vcpu` and `size` of the struct are the caller's. */
enum status arch_vcpu_ext_context_set(struct vcpu *v, const struct xen_domctl_ext_vcpucontext *c);
void arch_vcpu_ext_context_get(const struct vcpu *v, struct xen_domctl_ext_vcpucontext *c);

/* Extended state in the form of the interface: XCR0, all that ever was in it, and an XSAVE image in standard form.
   _features is the state components that there are, 0: the machine has no XSAVE. */
uint64_t arch_xstate_features(void);
uint32_t arch_xstate_bytes_max(void);
/* [S] What _get writes. */
uint32_t arch_vcpu_xstate_bytes(const struct vcpu *v);
void arch_vcpu_xstate_get(const struct vcpu *v, void *to);
/* [S] `from` is 8-byte aligned. E_INVAL: not a state that v's domain may have. */
enum status arch_vcpu_xstate_set(struct vcpu *v, const void *from, uint32_t bytes);

/* Model-specific registers that travel with a vCPU, with numbers below _count. */
#define VCPU_MSRS_MAX 16u
unsigned int arch_vcpu_msr_count(void);
/* [S] False: it is zero and need not travel. */
bool arch_vcpu_msr_get(const struct vcpu *v, unsigned int number, struct xen_domctl_vcpu_msr *out);
/* [S] E_INVAL: it does not travel, or cannot be that. */
enum status arch_vcpu_msr_set(struct vcpu *v, const struct xen_domctl_vcpu_msr *msr);

/* Domains. */

/* [S] E_INVAL: no such mode; E_OPNOTSUPP: one that this hypervisor has not got. */
enum status arch_tsc_info_set(struct domain *d, const struct xen_domctl_tsc_info *info);
void arch_tsc_info_get(const struct domain *d, struct xen_domctl_tsc_info *info);
/* d->time_offset_ns has changed, or its builder has written over what there was. */
void arch_wallclock_update(struct domain *d);
/* The page through which old kernels call. */
void arch_hypercall_page_fill(void *page);

/* What a domain may use of the machine's devices; numbers from `first` to `last`. */
enum control_io { CONTROL_PORTS, CONTROL_FRAMES, CONTROL_IRQS };
bool arch_io_is_allowed(const struct domain *d, enum control_io kind, uint64_t first, uint64_t last);
/* E_INVAL: no such numbers; E_PERM: the hypervisor's own; E_NOMEM. */
enum status arch_io_change(struct domain *d, enum control_io kind, uint64_t first, uint64_t last, bool allow);

/* The machine. */

struct cpu_place {
	uint32_t core, socket;
};
struct cpu_place arch_cpu_place(unsigned int cpu);
uint32_t arch_cpu_khz(void);
unsigned int arch_physical_address_bits(void);
/* XEN_SYSCTL_CPU_LEVELCAP_*: how much of CPUID is ours to answer when user code of a guest asks. */
uint32_t arch_cpuid_levelling(void);
