/*
 * Exceptions and system calls of a guest: handled here if they are part of how paravirtualization works, else passed on.
 */
#include "pv.h"
#include "../ops.h"
#include "../switch.h"
#include <hyp/hypercall.h>
#include <hyp/log.h>

#define PF_PRESENT 1u
#define PF_WRITE 2u
#define PF_USER 4u
#define GP_IDT 2u

/* A descriptor of the guest's LDT, which the CPU itself reads by accesses of ring 0: true if it is there now. Else *address
   becomes that by which the guest knows it. */
static bool descriptor_found(struct vcpu *v, const struct cpu_user_regs *regs, vaddr_t *address)
{
	if (regs->error_code & PF_USER || *address - pv_ldt_address(v) >= VCPU_DESCRIPTOR_BYTES - VCPU_GDT_BYTES)
		return false;
	if (pv_ldt_fault(v, *address))
		return true;
	*address = v->arch.ldt_base + (*address - pv_ldt_address(v));
	return false;
}

static void page_fault(struct vcpu *v, const struct cpu_user_regs *regs)
{
	vaddr_t address = cr2_read();
	struct cpu_user_regs *r = guest_regs();

	if (descriptor_found(v, regs, &address))
		return;
	if (v->arch.in_kernel && (regs->error_code & (PF_PRESENT | PF_WRITE)) == (PF_PRESENT | PF_WRITE) &&
	    pv_emulate_pt_write(v, r, address))
		return;
	pv_inject_page_fault(v, address, regs->error_code);
}

/* INT n through a gate that ring 3 may not use: the guest's own table says whether it may. */
static bool software_interrupt(struct vcpu *v, struct cpu_user_regs *regs)
{
	unsigned int vector = regs->error_code >> 3 & 0xff;
	const struct trap_info *t = &v->arch.traps[vector];

	if ((regs->error_code & 7) != GP_IDT || !t->address || TI_GET_DPL(t) < (v->arch.in_kernel ? 1 : 3))
		return false;
	regs->rip += 2;
	pv_inject_software(v, vector);
	return true;
}

static void general_protection(struct vcpu *v, struct cpu_user_regs *regs)
{
	if (regs->error_code & GP_IDT ? software_interrupt(v, regs) :
					regs->error_code == 0 && pv_emulate_privileged(v, regs))
		return;
	pv_inject(v, 13, regs->error_code);
}

static void invalid_opcode(struct vcpu *v, struct cpu_user_regs *regs)
{
	if (!pv_emulate_forced(v, regs))
		pv_inject(v, 6, 0);
}

static void device_not_available(struct vcpu *v)
{
	/* One fault for one fpu_taskswitch: the guest need not ask for the bit to be cleared. */
	v->arch.task_switched = false;
	vcpu_load_control(this_cpu(), v);
	pv_inject(v, 7, 0);
}

/* The CPU may report breakpoints that are not enabled as well (SDM volume 3, 18.2.3): the addresses of who ran before. */
static uint64_t breakpoints_enabled(uint64_t dr7)
{
	uint64_t enabled = 0;

	for (unsigned int i = 0; i < 4; i++)
		if (dr7 >> 2 * i & 3)
			enabled |= BIT(i);
	return enabled;
}

static void debug(struct vcpu *v)
{
	uint64_t dr6 = dr6_read();

	dr6_write(0xffff0ff0);
	v->arch.debug[6] |= dr6 & (0xe000 | breakpoints_enabled(v->arch.debug[7]));
	pv_inject(v, 1, 0);
}

/* A 32-bit program's system call. The guest's own gate must allow it, as for any other INT n. */
static void interrupt_0x80(struct vcpu *v, struct cpu_user_regs *regs)
{
	const struct trap_info *t = &v->arch.traps[0x80];

	if (t->address && TI_GET_DPL(t) >= (v->arch.in_kernel ? 1 : 3)) {
		pv_inject_software(v, 0x80);
		return;
	}
	regs->rip -= 2;
	pv_inject(v, 13, 0x80 << 3 | GP_IDT);
}

void pv_exception(struct vcpu *v, struct cpu_user_regs *regs)
{
	switch (regs->entry_vector) {
	case 1:
		debug(v);
		return;
	case 6:
		invalid_opcode(v, regs);
		return;
	case 7:
		device_not_available(v);
		return;
	case 13:
		general_protection(v, regs);
		return;
	case 14:
		page_fault(v, regs);
		return;
	case 0x80:
		interrupt_0x80(v, regs);
		return;
	default:
		pv_inject(v, regs->entry_vector, regs->error_code);
		return;
	}
}

void pv_return_fault(struct vcpu *v, const struct cpu_user_regs *regs)
{
	vaddr_t address = cr2_read();

	if (regs->entry_vector != 14)
		pv_inject(v, regs->entry_vector, regs->error_code);
	else if (!descriptor_found(v, regs, &address))
		pv_inject_page_fault(v, address, regs->error_code);
}

/* A system call of the guest's user: to its kernel, or #UD if it has registered no entry. */
static void user_call(struct vcpu *v, struct cpu_user_regs *regs, const struct pv_callback *callback)
{
	if (callback->address) {
		pv_inject_callback(v, callback->address, callback->mask_events);
		return;
	}
	regs->rip -= 2;
	pv_inject(v, 6, 0);
}

static void sysenter(struct vcpu *v, struct cpu_user_regs *regs)
{
	/* The CPU does not say where it was; the kernel knows where its programs do it. */
	regs->rflags |= RFLAGS_IF;
	if (v->arch.sysenter.address)
		pv_inject_callback(v, v->arch.sysenter.address, v->arch.sysenter.mask_events);
	else
		pv_inject(v, 13, 0);
}

static void hypercall(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct hypercall call = {
		.number = regs->rax,
		.arg = {regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9},
	};
	long result = hypercall_dispatch(v, &call);

	if (result != E_RESTART || call.gives_value) {
		regs->rax = (uint64_t)result;
		return;
	}
	/* Executes the SYSCALL again, from where it stopped. */
	regs->rax = call.number;
	regs->rdi = call.arg[0];
	regs->rsi = call.arg[1];
	regs->rdx = call.arg[2];
	regs->r10 = call.arg[3];
	regs->r8 = call.arg[4];
	regs->rip -= 2;
}

void pv_syscall(struct vcpu *v, struct cpu_user_regs *regs)
{
	if (regs->entry_vector == ENTRY_SYSENTER)
		sysenter(v, regs);
	else if (regs->entry_vector == ENTRY_SYSCALL32)
		user_call(v, regs, &v->arch.syscall32);
	else if (!v->arch.in_kernel)
		user_call(v, regs, &v->arch.syscall);
	else
		hypercall(v, regs);
}
