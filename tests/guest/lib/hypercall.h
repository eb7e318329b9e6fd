#pragma once
/*
 * Hypercalls: `syscall` written inline, since a kernel of today has no hypercall page. rax is the number and the
 * result; rdi, rsi, rdx, r10, r8 are the arguments; the instruction itself destroys rcx and r11.
 */
#include "abi.h"

static inline long hypercall(long number, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4,
			     unsigned long a5)
{
	register unsigned long r10 asm("r10") = a4;
	register unsigned long r8 asm("r8") = a5;
	long result = number;

	asm volatile("syscall"
		     : "+a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
		     :
		     : "rcx", "r11", "memory");
	return result;
}

#define HC(number, a1, a2, a3, a4, a5) \
	hypercall((number), (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3), (unsigned long)(a4), \
		  (unsigned long)(a5))

static inline long hc_set_trap_table(const struct trap_info *table)
{
	return HC(__HYPERVISOR_set_trap_table, table, 0, 0, 0, 0);
}

static inline long hc_mmu_update(struct mmu_update *updates, unsigned int count, unsigned int *done, unsigned int dom)
{
	return HC(__HYPERVISOR_mmu_update, updates, count, done, dom, 0);
}

static inline long hc_mmuext_op(struct mmuext_op *ops, unsigned int count, unsigned int *done, unsigned int dom)
{
	return HC(__HYPERVISOR_mmuext_op, ops, count, done, dom, 0);
}

static inline long hc_update_va_mapping(unsigned long va, uint64_t entry, unsigned long flags)
{
	return HC(__HYPERVISOR_update_va_mapping, va, entry, flags, 0, 0);
}

static inline long hc_set_gdt(const unsigned long *frames, unsigned int entries)
{
	return HC(__HYPERVISOR_set_gdt, frames, entries, 0, 0, 0);
}

static inline long hc_update_descriptor(uint64_t machine, uint64_t descriptor)
{
	return HC(__HYPERVISOR_update_descriptor, machine, descriptor, 0, 0, 0);
}

static inline long hc_stack_switch(unsigned long ss, unsigned long sp)
{
	return HC(__HYPERVISOR_stack_switch, ss, sp, 0, 0, 0);
}

static inline long hc_fpu_taskswitch(int set)
{
	return HC(__HYPERVISOR_fpu_taskswitch, set, 0, 0, 0, 0);
}

static inline long hc_platform_op(struct xen_platform_op *op)
{
	op->interface_version = XENPF_INTERFACE_VERSION;
	return HC(__HYPERVISOR_platform_op, op, 0, 0, 0, 0);
}

static inline long hc_set_debugreg(int reg, unsigned long value)
{
	return HC(__HYPERVISOR_set_debugreg, reg, value, 0, 0, 0);
}

static inline long hc_get_debugreg(int reg)
{
	return HC(__HYPERVISOR_get_debugreg, reg, 0, 0, 0, 0);
}

static inline long hc_memory_op(unsigned int cmd, void *arg)
{
	return HC(__HYPERVISOR_memory_op, cmd, arg, 0, 0, 0);
}

static inline long hc_multicall(struct multicall_entry *calls, unsigned int count)
{
	return HC(__HYPERVISOR_multicall, calls, count, 0, 0, 0);
}

static inline long hc_set_timer_op(uint64_t deadline_ns)
{
	return HC(__HYPERVISOR_set_timer_op, deadline_ns, 0, 0, 0, 0);
}

static inline long hc_xen_version(unsigned int cmd, void *arg)
{
	return HC(__HYPERVISOR_xen_version, cmd, arg, 0, 0, 0);
}

static inline long hc_console_io(unsigned int cmd, unsigned int count, const char *text)
{
	return HC(__HYPERVISOR_console_io, cmd, count, text, 0, 0);
}

static inline long hc_grant_table_op(unsigned int cmd, void *ops, unsigned int count)
{
	return HC(__HYPERVISOR_grant_table_op, cmd, ops, count, 0, 0);
}

static inline long hc_vm_assist(unsigned int cmd, unsigned int type)
{
	return HC(__HYPERVISOR_vm_assist, cmd, type, 0, 0, 0);
}

static inline long hc_vcpu_op(unsigned int cmd, unsigned int vcpu, void *arg)
{
	return HC(__HYPERVISOR_vcpu_op, cmd, vcpu, arg, 0, 0);
}

static inline long hc_set_segment_base(unsigned int which, unsigned long base)
{
	return HC(__HYPERVISOR_set_segment_base, which, base, 0, 0, 0);
}

static inline long hc_sched_op(unsigned int cmd, void *arg)
{
	return HC(__HYPERVISOR_sched_op, cmd, arg, 0, 0, 0);
}

static inline long hc_callback_op(unsigned int cmd, void *arg)
{
	return HC(__HYPERVISOR_callback_op, cmd, arg, 0, 0, 0);
}

static inline long hc_event_channel_op(unsigned int cmd, void *arg)
{
	return HC(__HYPERVISOR_event_channel_op, cmd, arg, 0, 0, 0);
}

static inline long hc_physdev_op(unsigned int cmd, void *arg)
{
	return HC(__HYPERVISOR_physdev_op, cmd, arg, 0, 0, 0);
}
