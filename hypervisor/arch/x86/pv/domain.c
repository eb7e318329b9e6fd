/*
 * The architecture's part of a domain's life and of a vCPU's: paravirtual.
 *
 * A domain has its own table for the per-domain slot; the descriptor windows of its vCPUs lie there, empty at first.
 * Teardown (arch_domain_relinquish) lets go of what vCPUs hold, one root at a time, in restartable steps.
 */
#include "pv.h"
#include "../ops.h"
#include "../paging.h"
#include "../switch.h"
#include "../wallclock.h"
#include "debug_registers.h"
#include "io_permissions.h"
#include "../irq.h"
#include <hyp/heap.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/pv/cpu_policy.h>
#include <hyp/string.h>

/* Each page of the window's page table serves this many vCPUs. */
#define VCPUS_PER_L1 16u

enum status arch_domain_create(struct domain *d)
{
	d->arch.perdomain_l3 = hv_page_alloc();
	d->arch.perdomain_l2 = hv_page_alloc();
	if (!d->arch.perdomain_l3 || !d->arch.perdomain_l2) {
		arch_domain_destroy(d);
		return E_NOMEM;
	}
	d->arch.absent_address = pt_entry_absent_address(d);
	d->arch.perdomain_l3[0] = paging_hyp_entry(arch_virt_to_mfn(d->arch.perdomain_l2), PTE_TABLE);
	if (pv_domain_io_init(d) != OK || (d->privileged && pirq_domain_init(d) != OK)) {
		arch_domain_destroy(d);
		return E_NOMEM;
	}
	wallclock_publish(d);
	return OK;
}

void arch_domain_destroy(struct domain *d)
{
	pirq_domain_destroy(d);
	domain_policy_free(d);
	pv_domain_io_free(d);
	for (unsigned int i = 0; i < ARRAY_COUNT(d->arch.perdomain_l1); i++)
		if (d->arch.perdomain_l1[i])
			hv_page_free(d->arch.perdomain_l1[i]);
	if (d->arch.perdomain_l2)
		hv_page_free(d->arch.perdomain_l2);
	if (d->arch.perdomain_l3)
		hv_page_free(d->arch.perdomain_l3);
}

/* The window's page table for v, with zeroes everywhere. */
static enum status window_create(struct vcpu *v)
{
	struct domain *d = v->domain;
	unsigned int part = v->id / VCPUS_PER_L1;
	uint64_t *l1;

	if (d->arch.perdomain_l1[part])
		return OK;
	l1 = hv_page_alloc();
	if (!l1)
		return E_NOMEM;
	/* GDTs show zeroes, LDTs nothing. */
	for (unsigned int i = 0; i < PTES_PER_TABLE; i++)
		l1[i] = i * PAGE_BYTES % VCPU_DESCRIPTOR_BYTES < VCPU_GDT_BYTES ? paging_zero_entry() : 0;
	d->arch.perdomain_l1[part] = l1;
	write_once(d->arch.perdomain_l2[part], paging_hyp_entry(arch_virt_to_mfn(l1), PTE_TABLE));
	return OK;
}

enum status arch_vcpu_create(struct vcpu *v)
{
	v->roots.kernel = MFN_INVALID;
	v->roots.user = MFN_INVALID;
	v->arch.in_kernel = true;
	v->arch.xcr0 = cpu_features.xsave ? 1 : 0;
	debug_registers_reset(v->arch.debug);
	v->arch.fpu = heap_alloc(cpu_features.fpu.bytes);
	v->arch.traps = heap_alloc(256 * sizeof(*v->arch.traps));
	if (!v->arch.fpu || !v->arch.traps || window_create(v) != OK) {
		arch_vcpu_destroy(v);
		return E_NOMEM;
	}
	fpu_image_reset(v->arch.fpu, &cpu_features.fpu);
	return OK;
}

void arch_vcpu_destroy(struct vcpu *v)
{
	heap_free(v->arch.fpu, cpu_features.fpu.bytes);
	heap_free(v->arch.traps, 256 * sizeof(*v->arch.traps));
	v->arch.fpu = NULL;
	v->arch.traps = NULL;
}

/* One step for one vCPU; OK when it holds nothing any more. */
static enum status vcpu_relinquish(struct vcpu *v)
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
	if (s != OK)
		return s;
	pv_ldt_drop(v);
	pv_gdt_drop(v);
	if (v->info_page) {
		struct page *p = v->info_page;

		v->info_page = NULL;
		v->info = NULL;
		page_put_with_writable(p);
	}
	return OK;
}

enum status arch_domain_relinquish(struct domain *d)
{
	for (; d->arch.relinquish_vcpu < d->vcpu_max; d->arch.relinquish_vcpu++) {
		struct vcpu *v = domain_vcpu(d, d->arch.relinquish_vcpu);
		enum status s = v ? vcpu_relinquish(v) : OK;

		if (s != OK)
			return s;
		if (v && arch_preempt_due()) {
			d->arch.relinquish_vcpu++;
			return E_RESTART;
		}
	}
	return pirq_domain_relinquish(d);
}

bool arch_guest_range_is_valid(const struct vcpu *v, vaddr_t address, uint64_t bytes)
{
	vaddr_t last = address + (bytes ? bytes - 1 : 0);

	(void)v;
	return last >= address && (last < HYP_START || address >= HYP_END) && address_is_canonical(address) &&
	       address_is_canonical(last);
}

enum status arch_vcpu_info_map(struct vcpu *v, gfn_t frame, unsigned int offset)
{
	struct vcpu_info *info;
	struct page *p;

	if (!mfn_has_page(mfn(frame.v)))
		return E_INVAL;
	p = mfn_to_page(mfn(frame.v));
	if (page_get_with_writable(p, v->domain) != OK)
		return E_INVAL;
	info = (struct vcpu_info *)((char *)arch_frame_map(mfn(frame.v)) + offset);
	if (v->info) {
		memcpy(info, v->info, sizeof(*info));
	} else {
		memset(info, 0, sizeof(*info));
		info->evtchn_upcall_mask = 1;
	}
	v->info = info;
	v->info_page = p;
	fast_path_changed(v);
	pv_time_publish(v);
	return OK;
}

void arch_vcpu_nmi(struct vcpu *v)
{
	write_once(v->arch.nmi_pending, true);
	vcpu_kick(v);
}
