/*
 * The ways into the hypervisor through the IDT, what follows SYSCALL and SYSENTER (stub.S), and the one way out.
 *
 * The frame is struct cpu_user_regs of the ABI: the CPU pushes ss to rip, the stub the error code and the vector, the
 * common part the general registers. From a guest (ring 3) it lands in cpu_info.guest_regs, since TSS.RSP0 points at
 * the end of its hardware part; so "the guest's registers" and "the top of the stack" are one place. Interrupts are
 * off from the entry to the return. ds, es, fs, gs stay the guest's; the hypervisor does not use them.
 */
#include "guest_pages.inc"

/* In two parts: the first for who needs registers before it knows whether it needs all. */
.macro save_first_registers
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
.endm
.macro save_other_registers
	cld
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	xorl %ebp, %ebp
.endm
.macro save_registers
	save_first_registers
	save_other_registers
.endm

/* Leaves the stack pointer at the hardware frame. */
.macro restore_registers
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	addq $8, %rsp
.endm

	.text
/*
 * One stub a vector, 16 bytes apart. Who: the CPU, through the IDT; ring 0 or 3; the stack is the primary one (or an
 * IST stack for #DB, NMI, #DF, #MC). Vectors 8, 10-14, 17, 21, 29 and 30 come with an error code.
 */
	.balign 16
	.globl trap_stubs
trap_stubs:
.set vector, 0
.rept 256
	.balign 16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	pushq $0
	.endif
	movl $vector, 4(%rsp)
	.if vector == 1 || vector == 2 || vector == 8 || vector == 18
	jmp trap_ist
	.elseif vector == 13
	jmp general_protection_entry
	.elseif vector == 14
	jmp page_fault_entry
	.elseif vector >= 32
	jmp interrupt_entry
	.else
	jmp trap_common
	.endif
	.set vector, vector + 1
.endr

/* An interrupt, or INT n of a guest. In ring 0 it can only come while the CPU idles, in a window of idle() (traps.c) where no
   register that a function may change holds anything. */
interrupt_entry:
	testb $3, (REGS_CS - REGS_ERROR)(%rsp)
	jnz trap_common
	movl 4(%rsp), %edi
	call idle_interrupt
	addq $8, %rsp
	iretq

trap_common:
	save_registers
	testb $3, REGS_CS(%rsp)
	jz trap_from_hypervisor
trap_from_guest:
	movq %rsp, %rdi
	call guest_trap
	jmp return_to_guest

/*
 * A page fault of a guest, straight to its kernel: what page_fault() in pv/fault.c does in the usual case. As in fast_syscall
 * (stub.S) the kernel's address space is loaded first; if its stack is missing all is undone, cr2 too, and the long way finds
 * out.
 * Writes to pages that the guest's kernel has mapped read-only may be to its tables: guest_store. Not here: addresses of the
 * hypervisor's, since the CPU reads the guest's descriptors there; and what the stub's data calls unusual.
 * rdx = stub data, r8 = cr2, rcx = the new frame, rdi = cs in it, rsi = events masked.
 */
#define SAVED_BYTES (6 * 8)
#define FRAME(reg) (SAVED_BYTES + REGS_##reg - REGS_ERROR)(%rsp)

.macro restore_first_registers
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
.endm

page_fault_entry:
	testb $3, (REGS_CS - REGS_ERROR)(%rsp)
	jz trap_common
	save_first_registers
	movq (SAVED_BYTES + CPU_INFO_STUB - REGS_ERROR)(%rsp), %rdx
	movq STUB_WORK(%rdx), %rax
	cmpb $0, (%rax)
	jne slow_page_fault
	cmpq $0, STUB_FAULT_HANDLER(%rdx)
	je slow_page_fault
	movq %cr2, %r8
	is_hypervisor_address %r8, slow_page_fault
	movzwl FRAME(CS), %edi
	cmpl $FAST_USER, STUB_MODE(%rdx)
	je 1f
	cmpl $FAST_KERNEL, STUB_MODE(%rdx)
	jne slow_page_fault
	movl FRAME(ERROR), %eax
	notl %eax
	testl $3, %eax			/* present, write */
	jz page_store
	movq FRAME(RSP), %rcx
	andq $-16, %rcx
	subq $64, %rcx
	/* Below the hypervisor's addresses none is canonical: the frame's first word tells. */
	is_hypervisor_address %rcx, slow_page_fault
	andl $~3, %edi
	andl $~4, FRAME(ERROR)		/* its kernel is no user */
	jmp 2f
1:	movq STUB_KERNEL_CR3(%rdx), %rax
	movq %rax, %cr3
	swapgs
	movq STUB_FRAME(%rdx), %rcx
	subq $8, %rcx
2:	xorl %esi, %esi
	movq STUB_INFO(%rdx), %rax
	cmpb $0, INFO_MASK(%rax)
	setne %sil
	guest_pages_open
	movq 16(%rsp), %rax		/* rcx */
	may_fault undo_page_fault
	movq %rax, (%rcx)
	may_fault undo_page_fault
	movq %r11, 8(%rcx)
	movl FRAME(ERROR), %eax
	may_fault undo_page_fault
	movq %rax, 16(%rcx)
	movq FRAME(RIP), %rax
	may_fault undo_page_fault
	movq %rax, 24(%rcx)
	movq %rsi, %rax
	shlq $32, %rax
	orq %rdi, %rax
	may_fault undo_page_fault
	movq %rax, 32(%rcx)
	xorl $1, %esi
	shll $9, %esi
	movl FRAME(RFLAGS), %eax
	andl $~0x3200, %eax		/* IOPL, IF: the guest's IF is its mask */
	orl %esi, %eax
	may_fault undo_page_fault
	movq %rax, 40(%rcx)
	movq FRAME(RSP), %rax
	may_fault undo_page_fault
	movq %rax, 48(%rcx)
	movzwl FRAME(SS), %eax
	may_fault undo_page_fault
	movq %rax, 56(%rcx)
	guest_pages_close
	movq STUB_INFO(%rdx), %rax
	movb $1, INFO_MASK(%rax)
	movq %r8, INFO_CR2(%rax)
	movq STUB_IN_KERNEL(%rdx), %rax
	movb $1, (%rax)
	movl $FAST_KERNEL, STUB_MODE(%rdx)
	movq STUB_FAULT_HANDLER(%rdx), %rax
	movq %rax, FRAME(RIP)
	movq $FLAT_USER_CS64, FRAME(CS)
	andl $~RFLAGS_CLEARED_ON_ENTRY, FRAME(RFLAGS)
	movq %rcx, FRAME(RSP)
	movq $FLAT_USER_SS, FRAME(SS)
	restore_first_registers
	addq $8, %rsp
	jmp return_iretq

undo_page_fault:
	guest_pages_close
	movq %r8, %cr2
	cmpl $FAST_KERNEL, STUB_MODE(%rdx)
	je slow_page_fault
	movq STUB_USER_CR3(%rdx), %rax
	movq %rax, %cr3
	swapgs
slow_page_fault:
	save_other_registers
	jmp trap_from_guest
page_store:
	movq %r8, %rsi
	save_other_registers
	movq %rsp, %rdi
	call guest_store
	testb %al, %al
	jnz return_registers
	jmp trap_from_guest

/*
 * The general protection fault that a kernel raises at each switch of processes: it reads its program's GS base by rdmsr. What
 * pv_emulate_privileged does with it, when nothing else is to be done. In kernel mode the program's base is the inactive one.
 */
#define GP_SAVED_BYTES (2 * 8)
#define GP_FRAME(reg) (GP_SAVED_BYTES + REGS_##reg - REGS_ERROR)(%rsp)
general_protection_entry:
	cmpl $MSR_KERNEL_GS_BASE, %ecx
	jne trap_common
	testb $3, (REGS_CS - REGS_ERROR)(%rsp)
	jz trap_common
	pushq %rax
	pushq %rdx
	movq (GP_SAVED_BYTES + CPU_INFO_STUB - REGS_ERROR)(%rsp), %rdx
	cmpl $FAST_KERNEL, STUB_MODE(%rdx)
	jne slow_general_protection
	movq STUB_WORK(%rdx), %rax
	cmpb $0, (%rax)
	jne slow_general_protection
	cmpl $0, GP_FRAME(ERROR)
	jne slow_general_protection
	testl $0x100, GP_FRAME(RFLAGS)	/* TF */
	jnz slow_general_protection
	movabsq $HYP_END, %rax		/* above the hypervisor, where kernels are: canonical, and so is what follows */
	cmpq %rax, GP_FRAME(RIP)
	jb slow_general_protection
	movq GP_FRAME(RIP), %rax
	guest_pages_open
	may_fault close_general_protection
	movzwl (%rax), %eax
	guest_pages_close
	cmpl $RDMSR_CODE, %eax
	jne slow_general_protection
	addq $2, GP_FRAME(RIP)
	andl $~0x10000, GP_FRAME(RFLAGS)	/* RF */
	addq $GP_SAVED_BYTES, %rsp
	rdmsr
	addq $8, %rsp
	jmp return_iretq

close_general_protection:
	guest_pages_close
slow_general_protection:
	popq %rdx
	popq %rax
	jmp trap_common

/* Something happened in ring 0: an NMI, a guest-memory access that faults, or our bug. If it was
   the iretq below, hypervisor_trap hands back the guest's frame, made whole again, and the guest gets the exception. */
trap_from_hypervisor:
	movq %rsp, %rdi
	call hypervisor_trap
	testq %rax, %rax
	jnz 1f
	restore_registers
	iretq
1:	movq %rax, %rsp
	movq %rax, %rdi
	call guest_return_faulted
	jmp return_to_guest

/* #DB, NMI, #DF, #MC on their own stacks. From a guest the frame moves to the primary stack and all goes on as usual. */
trap_ist:
	save_registers
	testb $3, REGS_CS(%rsp)
	jz trap_from_hypervisor
	movq %rsp, %rdi
	call guest_regs_take
	movq %rax, %rsp
	movq %rax, %rdi
	call guest_trap
	jmp return_to_guest

/* SYSCALL, after the stub has pushed a hardware frame. rcx and r11 hold rip and flags; all else is the guest's. */
	.globl syscall_entry
syscall_entry:
	save_registers
	movq %rsp, %rdi
	call guest_syscall

/*
 * Back to a guest. Who: every path above, and start-up; on the primary stack, interrupts off, rsp = guest_regs.
 * guest_exit does all pending work and leaves the registers of whoever runs next in guest_regs; guest_store has done that itself.
 */
	.globl return_to_guest
return_to_guest:
	call guest_exit
return_registers:
	restore_registers
	.globl return_iretq
return_iretq:
	iretq

/* A fresh stack for a CPU that starts: rdi = its guest_regs. Never returns. */
	.globl enter_guest_loop
enter_guest_loop:
	movq %rdi, %rsp
	xorl %ebp, %ebp
	jmp return_to_guest

	.section .note.GNU-stack, "", @progbits
