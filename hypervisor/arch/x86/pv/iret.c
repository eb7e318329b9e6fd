/*
 * Hypercall iret: how the guest kernel returns, to its user or to itself.
 *
 * The frame is read from the guest's stack once. Nothing in it is dangerous: rings and flags are forced here, and an
 * address or selector that the CPU refuses faults in the hypervisor's last instruction, which hands the guest a #GP.
 */
#include "pv.h"
#include "../ops.h"
#include <hyp/guest.h>
#include <hyp/hypercall.h>

long hypercall_iret(struct vcpu *v, struct hypercall *call)
{
	struct cpu_user_regs *regs = guest_regs();
	struct iret_context c;

	/* The registers are the frame's from here on, rax among them, whatever it holds. */
	call->gives_value = true;
	if (guest_copy_in(v, &c, regs->rsp, sizeof(c)) != OK) {
		domain_crash(v->domain, "iret with no frame at %#llx", (unsigned long long)regs->rsp);
		return 0;
	}
	if ((c.cs & 3) == 3) {
		pv_enter_user(v);
		if (v->arch.in_kernel)
			return 0; /* it was crashed */
	}
	regs->rip = c.rip;
	regs->cs = (uint16_t)(c.cs | 3);
	regs->rflags = (c.rflags & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF | 2;
	regs->rsp = c.rsp;
	regs->ss = (uint16_t)(c.ss | 3);
	/* A return from a system call is like SYSRET's. Whatever these two held on the way here is not the program's business. */
	regs->rcx = c.flags & VGCF_in_syscall ? c.rip : c.rcx;
	regs->r11 = c.flags & VGCF_in_syscall ? regs->rflags : c.r11;
	/* With this assist the level is in the flags, as on the bare machine, and not in a hypercall. */
	if (v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl))
		v->arch.iopl = c.rflags >> 12 & 3;
	if (v->arch.nmi_masked) {
		v->arch.nmi_masked = false;
		fast_path_changed(v);
	}
	write_once(v->info->evtchn_upcall_mask, !(c.rflags & RFLAGS_IF));
	return (long)c.rax;
}
