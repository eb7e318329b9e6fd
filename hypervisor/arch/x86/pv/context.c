/*
 * A whole vCPU at once: vcpu_guest_context of <xen/arch-x86/xen.h>, for vcpu_op initialise, the builder, save and restore.
 *
 * Setting: every check comes before the first change; the roots and the GDT are taken first, as the only steps that can
 * fail, and given back if a later one does. Long validation makes it restartable: the roots that were taken stay with the
 * vCPU, and the call finds them again.
 */
#include "pv.h"
#include "../ops.h"
#include "../paging.h"
#include "../switch.h"
#include "debug_registers.h"
#include <hyp/guest.h>
#include <hyp/heap.h>
#include <hyp/mm.h>
#include <hyp/string.h>

/* cr3 of the ABI: the frame number, rotated so that 32-bit guests fit too; for 64-bit guests it is the plain address. */
static mfn_t cr3_to_mfn(uint64_t cr3) { return paddr_to_mfn(cr3 & PTE_ADDRESS); }

static bool callback_is_valid(uint64_t address)
{
	return address_is_canonical(address);
}

static enum status context_check(const struct vcpu_guest_context *c)
{
	/* Are all entry points and bases addresses? */
	if (!callback_is_valid(c->event_callback_eip) || !callback_is_valid(c->failsafe_callback_eip) ||
	    !callback_is_valid(c->syscall_callback_eip) || !address_is_canonical(c->fs_base) ||
	    !address_is_canonical(c->gs_base_kernel) || !address_is_canonical(c->gs_base_user) ||
	    !address_is_canonical(c->kernel_sp))
		return E_INVAL;
	for (unsigned int i = 0; i < ARRAY_COUNT(c->trap_ctxt); i++)
		if (!address_is_canonical(c->trap_ctxt[i].address))
			return E_INVAL;
	/* Is there a root for the mode in which it begins? The kernel's is always asked for. */
	if (!(c->flags & VGCF_in_kernel) && !cr3_to_mfn(c->ctrlreg[1]).v)
		return E_INVAL;
	/* Do the descriptor tables fit? */
	if (c->gdt_ents > FIRST_RESERVED_GDT_ENTRY || c->ldt_ents > 8192 || c->ldt_base & (PAGE_BYTES - 1))
		return E_INVAL;
	return OK;
}

static enum status roots_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	enum status s = pv_root_set(v, cr3_to_mfn(c->ctrlreg[3]), false);

	if (s == OK && cr3_to_mfn(c->ctrlreg[1]).v)
		s = pv_root_set(v, cr3_to_mfn(c->ctrlreg[1]), true);
	return s;
}

static void registers_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	struct cpu_user_regs *r = &v->arch.regs;

	*r = c->user_regs;
	r->cs |= 3;
	r->ss |= 3;
	r->rflags = (r->rflags & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF | 2;
	r->entry_vector = 0;
	v->arch.in_kernel = c->flags & VGCF_in_kernel;
	v->arch.fs_base = c->fs_base;
	v->arch.gs_base_kernel = c->gs_base_kernel;
	v->arch.gs_base_user = c->gs_base_user;
	v->arch.kernel_stack.ss = c->kernel_ss | 3;
	v->arch.kernel_stack.sp = c->kernel_sp;
	/* The ABI's IOPL travels in the flags. */
	v->arch.iopl = c->user_regs.rflags >> 12 & 3;
	v->arch.cr4 = pv_cr4_allowed(v->domain, c->ctrlreg[4]);
	v->arch.task_switched = c->ctrlreg[0] & CR0_TS;
}

/* A vCPU that has run keeps the components that the interface's form does not have. */
static void fpu_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	if (!v->initialised || !(c->flags & VGCF_i387_valid))
		fpu_image_reset(v->arch.fpu, &cpu_features.fpu);
	if (c->flags & VGCF_i387_valid)
		fpu_image_legacy_set(v->arch.fpu, &cpu_features.fpu, &c->fpu_ctxt);
}

static void callbacks_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	memcpy(v->arch.traps, c->trap_ctxt, sizeof(c->trap_ctxt));
	v->arch.event = (struct pv_callback){c->event_callback_eip, true};
	v->arch.failsafe = (struct pv_callback){c->failsafe_callback_eip, c->flags & VGCF_failsafe_disables_events};
	v->arch.syscall = (struct pv_callback){c->syscall_callback_eip, c->flags & VGCF_syscall_disables_events};
}

enum status pv_context_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	uint64_t frames[GDT_FRAMES], debug[DEBUG_REGISTERS];
	enum status s = context_check(c);

	if (s == OK)
		s = debug_registers_load(debug, c->debugreg, c->ctrlreg[4] & CR4_DE);
	if (s != OK)
		return s;
	/* Before the first change: what is refused half-way has its roots exchanged already. */
	vcpu_state_changed(v);
	s = roots_set(v, c);
	if (s != OK)
		return s;
	for (unsigned int i = 0; i < GDT_FRAMES; i++)
		frames[i] = c->gdt_frames[i];
	s = pv_gdt_set(v, frames, (unsigned int)c->gdt_ents);
	if (s == OK)
		s = pv_ldt_set(v, c->ldt_base, c->ldt_ents);
	if (s != OK)
		return s;
	registers_set(v, c);
	fpu_set(v, c);
	callbacks_set(v, c);
	memcpy(v->arch.debug, debug, sizeof(debug));
	(void)__atomic_fetch_or(&v->domain->vm_assist, c->vm_assist & VM_ASSIST_KNOWN, __ATOMIC_SEQ_CST);
	if (c->vm_assist & BIT(VMASST_TYPE_architectural_iopl))
		fast_path_domain_changed(v->domain);
	if (v->info)
		write_once(v->info->evtchn_upcall_mask, !!c->user_regs.saved_upcall_mask || !v->initialised);
	return OK;
}

void pv_context_get(struct vcpu *v, struct vcpu_guest_context *c)
{
	memset(c, 0, sizeof(*c));
	c->flags = VGCF_i387_valid | (v->arch.in_kernel ? VGCF_in_kernel : 0) |
		   (v->stop & VCPU_DOWN ? 0 : VGCF_online) |
		   (v->arch.failsafe.mask_events ? VGCF_failsafe_disables_events : 0) |
		   (v->arch.syscall.mask_events ? VGCF_syscall_disables_events : 0);
	fpu_image_legacy_get(v->arch.fpu, &cpu_features.fpu, &c->fpu_ctxt);
	c->user_regs = v->arch.regs;
	c->user_regs.rflags |= (uint64_t)v->arch.iopl << 12;
	c->user_regs.saved_upcall_mask = v->info ? read_once(v->info->evtchn_upcall_mask) : 1;
	memcpy(c->trap_ctxt, v->arch.traps, sizeof(c->trap_ctxt));
	c->ldt_base = v->arch.ldt_base;
	c->ldt_ents = v->arch.ldt_entries;
	for (unsigned int i = 0; i < DIV_UP(v->arch.gdt_entries, 512u); i++)
		c->gdt_frames[i] = v->arch.gdt_frame[i];
	c->gdt_ents = v->arch.gdt_entries;
	c->kernel_ss = v->arch.kernel_stack.ss;
	c->kernel_sp = v->arch.kernel_stack.sp;
	c->ctrlreg[0] = 0x80050033 | (v->arch.task_switched ? CR0_TS : 0);
	c->ctrlreg[1] = mfn_is_invalid(v->roots.user) ? 0 : mfn_to_paddr(v->roots.user);
	c->ctrlreg[3] = mfn_is_invalid(v->roots.kernel) ? 0 : mfn_to_paddr(v->roots.kernel);
	c->ctrlreg[4] = v->arch.cr4;
	memcpy(c->debugreg, v->arch.debug, sizeof(c->debugreg));
	c->event_callback_eip = v->arch.event.address;
	c->failsafe_callback_eip = v->arch.failsafe.address;
	c->syscall_callback_eip = v->arch.syscall.address;
	c->vm_assist = v->domain->vm_assist;
	c->fs_base = v->arch.fs_base;
	c->gs_base_kernel = v->arch.gs_base_kernel;
	c->gs_base_user = v->arch.gs_base_user;
}

enum status arch_vcpu_initialise(struct vcpu *target, struct vcpu *caller, vaddr_t context)
{
	struct vcpu_guest_context *c;
	enum status s;

	/* Larger than what fits a stack. */
	c = heap_alloc(sizeof(*c));
	if (!c)
		return E_NOMEM;
	s = guest_copy_in(caller, c, context, sizeof(*c));
	if (s == OK)
		s = pv_context_set(target, c);
	heap_free(c, sizeof(*c));
	if (s != OK)
		return s;
	spin_lock(&target->domain->lock);
	target->initialised = true;
	spin_unlock(&target->domain->lock);
	return OK;
}
