#pragma once
/*
 * How a hypercall is called: a number, up to six arguments, a 64-bit result.
 *
 * A call that stops at a preemption point stores in `arg` how to go on and returns E_RESTART; the caller (the entry
 * path, or multicall) then has the guest execute it again. Whoever is interrupted owns exactly what it took.
 */
#include <hyp/types.h>

struct vcpu;

struct hypercall {
	uint64_t number;
	uint64_t arg[6];
	bool gives_value; /* set by one whose result may be any number, which is no status then: E_RESTART least of all */
};

/* Runs on v's CPU with v current. Negative values are enum status. */
typedef long hypercall_function(struct vcpu *v, struct hypercall *call);

hypercall_function hypercall_event_channel_op, hypercall_grant_table_op, hypercall_sched_op, hypercall_vcpu_op,
	hypercall_set_timer_op, hypercall_memory_op, hypercall_mmu_update, hypercall_mmuext_op,
	hypercall_update_va_mapping, hypercall_update_va_mapping_otherdomain, hypercall_multicall,
	hypercall_xen_version, hypercall_console_io, hypercall_physdev_op, hypercall_platform_op, hypercall_domctl,
	hypercall_sysctl, hypercall_set_trap_table, hypercall_set_gdt, hypercall_stack_switch, hypercall_set_callbacks,
	hypercall_fpu_taskswitch, hypercall_set_debugreg, hypercall_get_debugreg, hypercall_update_descriptor,
	hypercall_vm_assist, hypercall_iret, hypercall_set_segment_base, hypercall_nmi_op, hypercall_callback_op,
	hypercall_mca, hypercall_sched_op_compat, hypercall_event_channel_op_compat, hypercall_physdev_op_compat;

/* Looks the number up and calls; E_NOSYS for what is not there. Shared by the entry path and multicall. */
long hypercall_dispatch(struct vcpu *v, struct hypercall *call);

/* True when the call has held its CPU for long enough and should return E_RESTART after its next whole step.
   A call does at least one step before it asks. */
bool arch_preempt_due(void);
