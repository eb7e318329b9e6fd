/*
 * A vCPU's descriptor tables and segment bases.
 *
 * The guest's GDT frames (at most 14) are of type segment, so no mapping of them is writable; they are mapped in the
 * vCPU's window of the per-domain slot, the hypervisor's own page behind them. Slots without a frame show a page of
 * zeroes. LDT pages are not present at first, and mapped there one by one when the CPU first reads them, since a guest
 * may name an LDT whose pages it never touches.
 *
 * The window's page table is changed by the CPU that runs the vCPU, or while it does not run.
 */
#include "pv.h"
#include "pt_walk.h"
#include "../ops.h"
#include "../paging.h"
#include "../raw.h"
#include "../tlb.h"
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/mm.h>
#include <hyp/string.h>

#define LDT_PAGES 16u
#define LDT_WINDOW_PAGE (VCPU_GDT_BYTES >> PAGE_SHIFT)
#define GDT_ENTRIES_PER_FRAME 512u

static uint64_t *window_entry(const struct vcpu *v, unsigned int page)
{
	unsigned int pages = VCPU_DESCRIPTOR_BYTES >> PAGE_SHIFT;

	return &v->domain->arch.perdomain_l1[v->id / 16][v->id % 16 * pages + page];
}

static vaddr_t window_address(const struct vcpu *v)
{
	return PERDOMAIN_START + (uint64_t)v->id * VCPU_DESCRIPTOR_BYTES;
}

static void window_set(const struct vcpu *v, unsigned int page, uint64_t entry)
{
	write_once(*window_entry(v, page), entry);
	/* Nothing is cached of it but on the CPU that runs v; a paused v comes back by way of a root load. */
	if (v == current_vcpu())
		tlb_flush_address(window_address(v) + (uint64_t)page * PAGE_BYTES);
}

vaddr_t pv_ldt_address(const struct vcpu *v) { return window_address(v) + VCPU_GDT_BYTES; }

/* GDT ---------------------------------------------------------------------------------------------------------- */

void pv_gdt_drop(struct vcpu *v)
{
	unsigned int frames = DIV_UP(v->arch.gdt_entries, GDT_ENTRIES_PER_FRAME);

	v->arch.gdt_entries = 0;
	for (unsigned int i = 0; i < frames; i++) {
		struct page *p = mfn_to_page(mfn(v->arch.gdt_frame[i]));

		window_set(v, i, paging_zero_entry());
		page_segment_put(p);
		page_put(p);
	}
}

static enum status gdt_frame_get(struct domain *d, uint64_t frame)
{
	struct page *p;
	enum status s;

	if (!mfn_has_page(mfn(frame)))
		return E_INVAL;
	p = mfn_to_page(mfn(frame));
	if (page_get(p, d) != OK)
		return E_INVAL;
	s = page_segment_get(p);
	if (s != OK)
		page_put(p);
	return s;
}

enum status pv_gdt_set(struct vcpu *v, const uint64_t *frames, unsigned int entries)
{
	unsigned int count = DIV_UP(entries, GDT_ENTRIES_PER_FRAME);
	enum status s = OK;
	unsigned int got;

	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return E_INVAL;
	spin_lock(&v->domain->mm_lock);
	for (got = 0; got < count && s == OK; got += s == OK)
		s = gdt_frame_get(v->domain, frames[got]);
	if (s != OK) {
		while (got--) {
			page_segment_put(mfn_to_page(mfn(frames[got])));
			page_put(mfn_to_page(mfn(frames[got])));
		}
		spin_unlock(&v->domain->mm_lock);
		return E_INVAL;
	}
	pv_gdt_drop(v);
	for (unsigned int i = 0; i < count; i++) {
		v->arch.gdt_frame[i] = frames[i];
		window_set(v, i, paging_hyp_entry(mfn(frames[i]), HYP_RW & ~PTE_GLOBAL));
	}
	v->arch.gdt_entries = entries;
	spin_unlock(&v->domain->mm_lock);
	return OK;
}

long hypercall_set_gdt(struct vcpu *v, struct hypercall *call)
{
	uint64_t frames[GDT_FRAMES];
	uint64_t entries = call->arg[1];

	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return E_INVAL;
	if (guest_copy_in(v, frames, call->arg[0], DIV_UP(entries, GDT_ENTRIES_PER_FRAME) * sizeof(*frames)) != OK)
		return E_FAULT;
	return pv_gdt_set(v, frames, (unsigned int)entries);
}

static enum status descriptor_write(struct page *p, uint64_t *slot, uint64_t descriptor)
{
	if ((read_once(p->type) & PAGE_TYPE_MASK) == PAGE_TYPE_SEGMENT && page_segment_get(p) == OK) {
		write_once(*slot, descriptor);
		page_segment_put(p);
		return OK;
	}
	if (page_get_writable(p) != OK)
		return E_INVAL;
	write_once(*slot, descriptor);
	page_put_writable(p);
	return OK;
}

/* update_descriptor: one entry of a page that is a descriptor table, or that could become one. */
long hypercall_update_descriptor(struct vcpu *v, struct hypercall *call)
{
	paddr_t at = call->arg[0];
	uint64_t descriptor = call->arg[1];
	struct domain *d = v->domain;
	struct page *p;
	enum status s;

	if (at & 7 || !mfn_has_page(paddr_to_mfn(at)) || pv_descriptor_fix(&descriptor) != OK)
		return E_INVAL;
	p = mfn_to_page(paddr_to_mfn(at));
	if (page_get(p, d) != OK)
		return E_INVAL;
	spin_lock(&d->mm_lock);
	s = descriptor_write(p, paddr_map(at), descriptor);
	spin_unlock(&d->mm_lock);
	page_put(p);
	return s;
}

/* LDT ---------------------------------------------------------------------------------------------------------- */

void pv_ldt_drop(struct vcpu *v)
{
	for (unsigned int i = 0; i < LDT_PAGES; i++) {
		struct page *p = v->arch.ldt_page[i];

		if (!p)
			continue;
		v->arch.ldt_page[i] = NULL;
		window_set(v, LDT_WINDOW_PAGE + i, 0);
		page_segment_put(p);
		page_put(p);
	}
	v->arch.ldt_entries = 0;
}

/* The frame behind an LDT page, as a descriptor table; NULL if it cannot be one. */
static struct page *ldt_page_get(struct vcpu *v, vaddr_t address)
{
	struct domain *d = v->domain;
	struct pt_place at;
	struct page *p;
	uint64_t pte;

	if (!pt_walk(v, address, &at))
		return NULL;
	pte = read_once(*at.slot);
	if (!(pte & PTE_PRESENT) || !mfn_has_page(pte_mfn(pte)))
		return NULL;
	p = mfn_to_page(pte_mfn(pte));
	if (page_get(p, d) != OK)
		return NULL;
	if (page_segment_get(p) == OK)
		return p;
	page_put(p);
	return NULL;
}

bool pv_ldt_fault(struct vcpu *v, vaddr_t address)
{
	unsigned int i = (unsigned int)((address - pv_ldt_address(v)) >> PAGE_SHIFT);
	struct page *p;

	if (address < pv_ldt_address(v) || i >= DIV_UP(v->arch.ldt_entries * 8, PAGE_BYTES) || v->arch.ldt_page[i])
		return false;
	spin_lock(&v->domain->mm_lock);
	/* The LDT is named by an address of the kernel's. */
	p = ldt_page_get(v, v->arch.ldt_base + (uint64_t)i * PAGE_BYTES);
	spin_unlock(&v->domain->mm_lock);
	if (!p)
		return false;
	v->arch.ldt_page[i] = p;
	window_set(v, LDT_WINDOW_PAGE + i, paging_hyp_entry(page_to_mfn(p), HYP_RW & ~PTE_GLOBAL));
	return true;
}

enum status pv_ldt_set(struct vcpu *v, vaddr_t base, uint64_t entries)
{
	/* No LDT lies nowhere. */
	if (!entries)
		base = 0;
	/* Is it a whole number of pages of the guest's, and within what a selector reaches? */
	if (base & (PAGE_BYTES - 1) || entries > 8192 || !arch_guest_range_is_valid(v, base, entries * 8))
		return E_INVAL;
	if (v->arch.ldt_base == base && v->arch.ldt_entries == entries)
		return OK;
	pv_ldt_drop(v);
	v->arch.ldt_base = base;
	v->arch.ldt_entries = (unsigned int)entries;
	if (v == current_vcpu())
		descriptors_ldt_load(this_cpu(), v);
	return OK;
}

/* Bases -------------------------------------------------------------------------------------------------------- */

void pv_fs_base_set(struct vcpu *v, uint64_t base)
{
	(void)v;
	msr_write(MSR_FS_BASE, base);
}

/* In kernel mode the kernel's base is the active one. */
void pv_gs_kernel_base_set(struct vcpu *v, uint64_t base)
{
	msr_write(v->arch.in_kernel ? MSR_GS_BASE : MSR_KERNEL_GS_BASE, base);
}

void pv_gs_user_base_set(struct vcpu *v, uint64_t base)
{
	msr_write(v->arch.in_kernel ? MSR_KERNEL_GS_BASE : MSR_GS_BASE, base);
}

uint64_t pv_gs_user_base_get(struct vcpu *v)
{
	return msr_read(v->arch.in_kernel ? MSR_KERNEL_GS_BASE : MSR_GS_BASE);
}

uint64_t pv_gs_kernel_base_get(struct vcpu *v)
{
	return msr_read(v->arch.in_kernel ? MSR_GS_BASE : MSR_KERNEL_GS_BASE);
}

long hypercall_set_segment_base(struct vcpu *v, struct hypercall *call)
{
	uint64_t base = call->arg[1];

	switch ((uint32_t)call->arg[0]) {
	case SEGBASE_FS:
		if (!address_is_canonical(base))
			return E_INVAL;
		pv_fs_base_set(v, base);
		return OK;
	case SEGBASE_GS_USER:
		if (!address_is_canonical(base))
			return E_INVAL;
		pv_gs_user_base_set(v, base);
		return OK;
	case SEGBASE_GS_KERNEL:
		if (!address_is_canonical(base))
			return E_INVAL;
		pv_gs_kernel_base_set(v, base);
		return OK;
	case SEGBASE_GS_USER_SEL:
		(void)segment_load_gs_user(base & 0xffff);
		return OK;
	default:
		return E_INVAL;
	}
}
