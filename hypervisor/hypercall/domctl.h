#pragma once
/* Between the files of domctl, and what sysctl has in common with it. */
#include <hyp/abi.h>
#include <hyp/cpu.h>
#include <hyp/types.h>

struct cpu_policy;
struct domain;
struct vcpu;

/*
 * One command. `op` is a copy of the caller's; what the row says of it goes back. d is referenced, and as the
 * row says: alive or not, stopped or not, NULL for commands without one. E_RESTART only where the row allows
 * it.
 */
typedef enum status domctl_function(struct vcpu *v, struct domain *d, struct xen_domctl *op);

domctl_function domctl_createdomain, domctl_destroydomain, domctl_pausedomain, domctl_unpausedomain,
	domctl_resumedomain, domctl_max_vcpus, domctl_setdomainhandle, domctl_setdebugging, domctl_settimeoffset,
	domctl_set_address_size, domctl_get_address_size, domctl_subscribe, domctl_set_virq_handler;
domctl_function domctl_getdomaininfo, domctl_getvcpuinfo;
domctl_function domctl_setvcpucontext, domctl_getvcpucontext, domctl_set_ext_vcpucontext, domctl_get_ext_vcpucontext,
	domctl_setvcpuextstate, domctl_getvcpuextstate, domctl_set_vcpu_msrs, domctl_get_vcpu_msrs, domctl_sendtrigger;
domctl_function domctl_setvcpuaffinity, domctl_getvcpuaffinity, domctl_setnodeaffinity, domctl_getnodeaffinity,
	domctl_scheduler_op;
domctl_function domctl_max_mem, domctl_getpageframeinfo3, domctl_hypercall_init, domctl_shadow_op;
domctl_function domctl_irq_permission, domctl_iomem_permission, domctl_ioport_permission, domctl_memory_mapping;
domctl_function domctl_set_cpu_policy, domctl_get_cpu_policy, domctl_settscinfo, domctl_gettscinfo;

/* In common with sysctl: ------------------------------------------------------------------------------------------- */

/* Fills all of *info. */
void domain_info_fill(struct domain *d, struct xen_domctl_getdomaininfo *info);

/*
 * Bit arrays of `count` bits as the interface passes them: bytes, as many bits as the caller has room for.
 * In: bits that the caller has not are 0, those beyond `count` are not looked at. Out: the caller's bits
 * beyond `count` become 0. E_FAULT; E_INVAL for a larger one than makes sense.
 */
#define CONTROL_BITMAP_BITS_MAX 65536u
enum status control_bitmap_in(struct vcpu *v, const struct xenctl_bitmap *from, uint64_t *bits, unsigned int count);
enum status control_bitmap_out(struct vcpu *v, const struct xenctl_bitmap *to, const uint64_t *bits,
			       unsigned int count);
/* The same for sets of CPUs. */
enum status control_cpuset_in(struct vcpu *v, const struct xenctl_bitmap *from, struct cpuset *set);
enum status control_cpuset_out(struct vcpu *v, const struct xenctl_bitmap *to, const struct cpuset *set);

/*
 * The lists of a CPU policy go to the caller. A null address asks how long they can be. E_NOBUFS: longer than
 * *count; either way *count says how many there are.
 */
enum status control_policy_leaves_out(struct vcpu *v, const struct cpu_policy *p, vaddr_t to, uint32_t *count);
enum status control_policy_msrs_out(struct vcpu *v, const struct cpu_policy *p, vaddr_t to, uint32_t *count);
