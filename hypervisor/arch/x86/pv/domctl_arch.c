/*
 * The architecture's part of domctl: the state of a vCPU in the forms of the control interface, and what of a
 * domain is the machine's business.
 *
 * Extended state travels as XCR0, all bits that were ever in it, and an XSAVE image in standard form, cut off
 * behind the last component in use. An image from outside is loaded into the CPU later, where a fault would
 * be the hypervisor's: its header and MXCSR are checked to the last bit before anything of it is kept.
 */
#include "pv.h"
#include "../ops.h"
#include "../paging.h"
#include "../switch.h"
#include "../time.h"
#include "../wallclock.h"
#include "debug_registers.h"
#include "hypercall_page.h"
#include "io_permissions.h"
#include <hyp/control.h>
#include <hyp/mm.h>
#include <hyp/pv/cpu_policy.h>
#include <hyp/string.h>

/* Contexts --------------------------------------------------------------------------------------------------------- */

enum status arch_vcpu_context_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	enum status s = pv_context_set(v, c);

	if (s != OK)
		return s;
	spin_lock(&v->domain->lock);
	v->initialised = true;
	spin_unlock(&v->domain->lock);
	return OK;
}

void arch_vcpu_context_get(struct vcpu *v, struct vcpu_guest_context *c) { pv_context_get(v, c); }

static enum status roots_reset(struct vcpu *v)
{
	struct domain *d = v->domain;
	enum status s;

	spin_lock(&d->mm_lock);
	s = page_table_undo(d);
	while (s == OK && !(mfn_is_invalid(v->roots.kernel) && mfn_is_invalid(v->roots.user))) {
		pv_roots_drop(v);
		s = page_table_undo(d);
	}
	spin_unlock(&d->mm_lock);
	return s;
}

enum status arch_vcpu_context_reset(struct vcpu *v)
{
	enum status s = roots_reset(v);

	if (s != OK)
		return s;
	pv_ldt_drop(v);
	spin_lock(&v->domain->mm_lock);
	pv_gdt_drop(v);
	spin_unlock(&v->domain->mm_lock);
	vcpu_state_changed(v);
	memset(&v->arch.regs, 0, sizeof(v->arch.regs));
	memset(v->arch.traps, 0, 256 * sizeof(*v->arch.traps));
	v->arch.event = v->arch.failsafe = v->arch.syscall = (struct pv_callback){0};
	v->arch.syscall32 = v->arch.sysenter = (struct pv_callback){0};
	v->arch.in_kernel = true;
	v->arch.nmi_pending = v->arch.nmi_masked = v->arch.failsafe_pending = false;
	v->arch.xcr0 = cpu_features.xsave ? 1 : 0;
	v->arch.xcr0_accum = v->arch.xcr0;
	fpu_image_reset(v->arch.fpu, &cpu_features.fpu);
	debug_registers_reset(v->arch.debug);
	return OK;
}

/* Entries of 32-bit code. They always run in the kernel's flat segment: the interface's selectors are not kept. */
enum status arch_vcpu_ext_context_set(struct vcpu *v, const struct xen_domctl_ext_vcpucontext *c)
{
	if (!address_is_canonical(c->syscall32_callback_eip) || !address_is_canonical(c->sysenter_callback_eip))
		return E_INVAL;
	vcpu_state_changed(v);
	v->arch.syscall32 = (struct pv_callback){c->syscall32_callback_eip, c->syscall32_disables_events};
	v->arch.sysenter = (struct pv_callback){c->sysenter_callback_eip, c->sysenter_disables_events};
	return OK;
}

void arch_vcpu_ext_context_get(const struct vcpu *v, struct xen_domctl_ext_vcpucontext *c)
{
	c->syscall32_callback_eip = v->arch.syscall32.address;
	c->syscall32_callback_cs = v->arch.syscall32.address ? FLAT_KERNEL_CS : 0;
	c->syscall32_disables_events = v->arch.syscall32.mask_events;
	c->sysenter_callback_eip = v->arch.sysenter.address;
	c->sysenter_callback_cs = v->arch.sysenter.address ? FLAT_KERNEL_CS : 0;
	c->sysenter_disables_events = v->arch.sysenter.mask_events;
}

/* Extended state --------------------------------------------------------------------------------------------------- */

struct xstate {
	uint64_t xcr0, xcr0_accum;
	uint8_t legacy[FPU_LEGACY_BYTES];
	uint64_t present;     /* XSTATE_BV */
	uint64_t reserved[7]; /* XCOMP_BV, and what must be 0 */
	uint8_t components[];
};
static_assert(offsetof(struct xstate, components) == 16 + FPU_LEGACY_BYTES + FPU_HEADER_BYTES);

/* Bytes of an image with these components. */
static uint32_t image_bytes(uint64_t components)
{
	uint32_t bytes = FPU_LEGACY_BYTES + FPU_HEADER_BYTES;

	for (unsigned int i = 2; i < 63; i++) {
		uint32_t r[4];

		if (!(components >> i & 1))
			continue;
		cpuid(0xd, i, r);
		bytes = MAX(bytes, r[0] + r[1]);
	}
	return bytes;
}

static uint64_t components_of(const struct vcpu *v)
{
	return (v->arch.xcr0_accum | v->arch.xcr0 | FPU_LEGACY_COMPONENTS) & cpu_features.xcr0;
}

uint64_t arch_xstate_features(void) { return cpu_features.xsave ? cpu_features.xcr0 : 0; }

uint32_t arch_xstate_bytes_max(void)
{
	return cpu_features.xsave ? (uint32_t)offsetof(struct xstate, legacy) + image_bytes(cpu_features.xcr0) : 0;
}

uint32_t arch_vcpu_xstate_bytes(const struct vcpu *v)
{
	return cpu_features.xsave ? (uint32_t)offsetof(struct xstate, legacy) + image_bytes(components_of(v)) : 0;
}

void arch_vcpu_xstate_get(const struct vcpu *v, void *to)
{
	struct xstate *x = to;

	x->xcr0 = v->arch.xcr0;
	x->xcr0_accum = v->arch.xcr0_accum | v->arch.xcr0;
	memcpy(x->legacy, v->arch.fpu, image_bytes(components_of(v)));
	x->present &= components_of(v);
}

static enum status xstate_check(const struct vcpu *v, const struct xstate *x, uint32_t bytes)
{
	/* x87 is always on: the register holds it whether or not the guest knows of XSAVE. */
	uint64_t allowed = (cpu_policy_xcr0(domain_policy(v->domain)) | BIT(0)) & cpu_features.xcr0;

	/* Is there an image at all? */
	if (bytes < sizeof(*x))
		return E_INVAL;
	/* May the guest have these components, and did it have all that it has now? */
	if (!xcr0_is_valid(x->xcr0, allowed) || !xcr0_is_valid(x->xcr0_accum, allowed) || x->xcr0 & ~x->xcr0_accum)
		return E_INVAL;
	/* Is each one that the image claims one of these, and whole? */
	if (x->present & ~(x->xcr0_accum | FPU_LEGACY_COMPONENTS) ||
	    bytes < offsetof(struct xstate, legacy) + image_bytes(x->present))
		return E_INVAL;
	/* Would the CPU take the header? */
	for (unsigned int i = 0; i < ARRAY_COUNT(x->reserved); i++)
		if (x->reserved[i])
			return E_INVAL;
	return OK;
}

enum status arch_vcpu_xstate_set(struct vcpu *v, const void *from, uint32_t bytes)
{
	const struct xstate *x = from;
	enum status s;

	if (!cpu_features.xsave)
		return E_INVAL;
	s = xstate_check(v, x, bytes);
	if (s != OK)
		return s;
	vcpu_state_changed(v);
	fpu_image_set(v->arch.fpu, &cpu_features.fpu, x->legacy, bytes - (uint32_t)offsetof(struct xstate, legacy));
	v->arch.xcr0 = x->xcr0;
	v->arch.xcr0_accum = x->xcr0_accum;
	return OK;
}

/* MSRs ------------------------------------------------------------------------------------------------------------- */

unsigned int arch_vcpu_msr_count(void) { return 1; }

bool arch_vcpu_msr_get(const struct vcpu *v, unsigned int number, struct xen_domctl_vcpu_msr *out)
{
	(void)number;
	*out = (struct xen_domctl_vcpu_msr){.index = MSR_TSC_AUX, .value = v->arch.tsc_aux};
	return out->value;
}

/* What other hypervisors send along, and was never used, is no reason to refuse a guest. */
enum status arch_vcpu_msr_set(struct vcpu *v, const struct xen_domctl_vcpu_msr *msr)
{
	if (msr->index != MSR_TSC_AUX)
		return msr->value ? E_INVAL : OK;
	if (msr->value > UINT32_MAX || (msr->value && !cpu_features.rdtscp))
		return E_INVAL;
	vcpu_state_changed(v);
	v->arch.tsc_aux = msr->value;
	return OK;
}

/* Domains ---------------------------------------------------------------------------------------------------------- */

void arch_wallclock_update(struct domain *d) { wallclock_publish(d); }

void arch_hypercall_page_fill(void *page) { hypercall_page_fill(page); }

static const enum io_kind kinds[] = {
	[CONTROL_PORTS] = IO_PORTS,
	[CONTROL_FRAMES] = IO_FRAMES,
	[CONTROL_IRQS] = IO_IRQS,
};

bool arch_io_is_allowed(const struct domain *d, enum control_io kind, uint64_t first, uint64_t last)
{
	return domain_io_is_allowed(d, kinds[kind], first, last);
}

enum status arch_io_change(struct domain *d, enum control_io kind, uint64_t first, uint64_t last, bool allow)
{
	return domain_io_change(d, kinds[kind], first, last, allow);
}
