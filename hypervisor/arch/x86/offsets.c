/* The numbers that assembly needs of C's structures; the build turns the marked lines into offsets.h. */
#include "cpu.h"
#include "ops.h"

#define EMIT(name, value) __asm__ volatile("\n#OFFSET " #name " %c0" : : "i"(value))

void offsets_emit(void);
void offsets_emit(void)
{
	EMIT(REGS_R11, offsetof(struct cpu_user_regs, r11));
	EMIT(REGS_RCX, offsetof(struct cpu_user_regs, rcx));
	EMIT(REGS_ERROR, offsetof(struct cpu_user_regs, error_code));
	EMIT(REGS_RIP, offsetof(struct cpu_user_regs, rip));
	EMIT(REGS_CS, offsetof(struct cpu_user_regs, cs));
	EMIT(REGS_RFLAGS, offsetof(struct cpu_user_regs, rflags));
	EMIT(REGS_RSP, offsetof(struct cpu_user_regs, rsp));
	EMIT(REGS_SS, offsetof(struct cpu_user_regs, ss));
	EMIT(CPU_INFO_STUB, offsetof(struct cpu_info, stub));
	EMIT(STUB_SCRATCH, offsetof(struct stub_data, scratch));
	EMIT(STUB_STACK, offsetof(struct stub_data, stack));
	EMIT(STUB_ENTRY, offsetof(struct stub_data, entry));
	EMIT(STUB_RAX, offsetof(struct stub_data, saved_rax));
	EMIT(STUB_RCX, offsetof(struct stub_data, saved_rcx));
	EMIT(STUB_RDX, offsetof(struct stub_data, saved_rdx));
	EMIT(STUB_IRET, offsetof(struct stub_data, iret));
	EMIT(STUB_MODE, offsetof(struct stub_data, mode));
	EMIT(STUB_MODE_IN_USER, offsetof(struct stub_data, mode_in[false]));
	EMIT(STUB_KERNEL_CR3, offsetof(struct stub_data, kernel_cr3));
	EMIT(STUB_USER_CR3, offsetof(struct stub_data, user_cr3));
	EMIT(STUB_FRAME, offsetof(struct stub_data, frame));
	EMIT(STUB_HANDLER, offsetof(struct stub_data, handler));
	EMIT(STUB_FAULT_HANDLER, offsetof(struct stub_data, fault_handler));
	EMIT(STUB_INFO, offsetof(struct stub_data, info));
	EMIT(STUB_IN_KERNEL, offsetof(struct stub_data, in_kernel));
	EMIT(STUB_WORK, offsetof(struct stub_data, work));
	EMIT(STUB_KERNEL_STACK, offsetof(struct stub_data, kernel_stack));
	EMIT(STUB_ROOTS_SWITCH, offsetof(struct stub_data, roots_switch));
	EMIT(STUB_LEAF_UPDATE, offsetof(struct stub_data, leaf_update));
	EMIT(STUB_TIMER_SET, offsetof(struct stub_data, timer_set));
	EMIT(KERNEL_STACK_SS, offsetof(struct kernel_stack, ss));
	EMIT(KERNEL_STACK_SP, offsetof(struct kernel_stack, sp));
	EMIT(FRAME_BYTES, FRAME_BYTES);
	EMIT(FAST_USER, FAST_USER);
	EMIT(FAST_KERNEL, FAST_KERNEL);
	EMIT(INFO_PENDING, offsetof(struct vcpu_info, evtchn_upcall_pending));
	EMIT(INFO_MASK, offsetof(struct vcpu_info, evtchn_upcall_mask));
	EMIT(INFO_CR2, offsetof(struct vcpu_info, arch.cr2));
	EMIT(IRET_RAX, offsetof(struct iret_context, rax));
	EMIT(IRET_R11, offsetof(struct iret_context, r11));
	EMIT(IRET_RCX, offsetof(struct iret_context, rcx));
	EMIT(IRET_RIP, offsetof(struct iret_context, rip));
	EMIT(IRET_CS, offsetof(struct iret_context, cs));
	EMIT(IRET_RFLAGS, offsetof(struct iret_context, rflags));
	EMIT(IRET_RSP, offsetof(struct iret_context, rsp));
	EMIT(IRET_SS, offsetof(struct iret_context, ss));
	EMIT(HYPERCALL_IRET, __HYPERVISOR_iret);
	EMIT(HYPERCALL_SET_SEGMENT_BASE, __HYPERVISOR_set_segment_base);
	EMIT(HYPERCALL_STACK_SWITCH, __HYPERVISOR_stack_switch);
	EMIT(HYPERCALL_MMUEXT_OP, __HYPERVISOR_mmuext_op);
	EMIT(HYPERCALL_MMU_UPDATE, __HYPERVISOR_mmu_update);
	EMIT(HYPERCALL_VCPU_OP, __HYPERVISOR_vcpu_op);
	EMIT(SET_TIMER, VCPUOP_set_singleshot_timer);
	EMIT(SET_TIMER_BYTES, sizeof(struct vcpu_set_singleshot_timer));
	EMIT(SET_TIMER_TIME, offsetof(struct vcpu_set_singleshot_timer, timeout_abs_ns));
	EMIT(SET_TIMER_FLAGS, offsetof(struct vcpu_set_singleshot_timer, flags));
	EMIT(MMU_UPDATE_BYTES, sizeof(struct mmu_update));
	EMIT(MMU_UPDATE_PTR, offsetof(struct mmu_update, ptr));
	EMIT(MMU_UPDATE_VAL, offsetof(struct mmu_update, val));
	EMIT(MMUEXT_BYTES, sizeof(struct mmuext_op));
	EMIT(MMUEXT_CMD, offsetof(struct mmuext_op, cmd));
	EMIT(MMUEXT_MFN, offsetof(struct mmuext_op, arg1.mfn));
	EMIT(NEW_KERNEL_ROOT, MMUEXT_NEW_BASEPTR);
	EMIT(NEW_USER_ROOT, MMUEXT_NEW_USER_BASEPTR);
	EMIT(DOMID_OF_SELF, DOMID_SELF);
	EMIT(MSR_KERNEL_GS_BASE, MSR_KERNEL_GS_BASE);
	EMIT(RDMSR_CODE, RDMSR_CODE);
	EMIT(SEGBASE_GS_USER, SEGBASE_GS_USER);
	EMIT(RFLAGS_CLEARED_ON_ENTRY, RFLAGS_CLEARED_ON_ENTRY);
	EMIT(FLAT_USER_CS64, FLAT_RING3_CS64);
	EMIT(FLAT_USER_CS32, FLAT_RING3_CS32);
	EMIT(FLAT_USER_SS, FLAT_RING3_SS64);
}
