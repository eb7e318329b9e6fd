/*
 * Every way into the hypervisor and the one way out.
 *
 * The frame is struct cpu_user_regs of the ABI: the CPU pushes ss to rip, the stub the error code and the vector, the
 * common part the general registers. From a guest (ring 3) it lands in cpu_info.guest_regs, since TSS.RSP0 points at
 * the end of its hardware part; so "the guest's registers" and "the top of the stack" are one place. Interrupts are
 * off from the entry to the return. ds, es, fs, gs stay the guest's; the hypervisor does not use them.
 */
#include "../layout.h"
#include "offsets.h"

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
	.else
	jmp trap_common
	.endif
	.set vector, vector + 1
.endr

trap_common:
	save_registers
	testb $3, REGS_CS(%rsp)
	jz trap_from_hypervisor
trap_from_guest:
	movq %rsp, %rdi
	call guest_trap
	jmp return_to_guest

/* Registers the fault address of the next instruction with where it goes on. The table holds the linked addresses; traps.c
   finds the same place in this CPU's copy. */
.macro may_fault resume
	.pushsection .fixup_table, "a"
	.quad 9999f, \resume
	.popsection
9999:
.endm

/* The stub's data as its own code finds it; other code has the address in a register and names it to the two macros below. */
#define STUB(offset) (stub_code_start + 4096 + (offset))(%rip)

.macro is_smap_off base
	.ifb \base
	cmpl $0, STUB(STUB_SMAP)
	.else
	cmpl $0, STUB_SMAP(\base)
	.endif
.endm
.macro guest_pages_open base
	is_smap_off \base
	je 9998f
	stac
9998:
.endm
.macro guest_pages_close base
	is_smap_off \base
	je 9997f
	clac
9997:
.endm

/*
 * A page fault of a guest, straight to its kernel: what page_fault() in pv/fault.c does in the usual case. As in fast_syscall
 * below the kernel's address space is loaded first; if its stack is missing all is undone, cr2 too, and the long way finds out.
 * Writes to pages that the guest's kernel has mapped read-only may be to its tables: guest_store. Not here: addresses of the
 * hypervisor's, since the CPU reads the guest's descriptors there; and what the stub's data calls unusual.
 * rdx = stub data, r8 = cr2, rcx = the new frame, rdi = cs in it, rsi = events masked.
 */
#define SAVED_BYTES (6 * 8)
#define FRAME(reg) (SAVED_BYTES + REGS_##reg - REGS_ERROR)(%rsp)
.macro is_hypervisor_address register, yes
	movq \register, %rax
	shrq $43, %rax
	cmpl $0x1ffff0, %eax		/* HYP_START >> 43 */
	je \yes
.endm

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
	guest_pages_open %rdx
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
	guest_pages_close %rdx
	movq STUB_INFO(%rdx), %rax
	movb $1, INFO_MASK(%rax)
	movq %r8, INFO_CR2(%rax)
	movq STUB_IN_KERNEL(%rdx), %rax
	movb $1, (%rax)
	movl $FAST_KERNEL, STUB_MODE(%rdx)
	movq STUB_FAULT_HANDLER(%rdx), %rax
	movq %rax, FRAME(RIP)
	movq $FLAT_USER_CS64, FRAME(CS)
	andl $~0x74100, FRAME(RFLAGS)	/* AC, VM, RF, NT, TF */
	movq %rcx, FRAME(RSP)
	movq $FLAT_USER_SS, FRAME(SS)
	restore_first_registers
	addq $8, %rsp
	jmp return_iretq

undo_page_fault:
	guest_pages_close %rdx
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
	guest_pages_open %rdx
	may_fault close_general_protection
	movzwl (%rax), %eax
	guest_pages_close %rdx
	cmpl $RDMSR_CODE, %eax
	jne slow_general_protection
	addq $2, GP_FRAME(RIP)
	andl $~0x10000, GP_FRAME(RFLAGS)	/* RF */
	addq $GP_SAVED_BYTES, %rsp
	rdmsr
	addq $8, %rsp
	jmp return_iretq

close_general_protection:
	guest_pages_close %rdx
slow_general_protection:
	popq %rdx
	popq %rax
	jmp trap_common

/* Something happened in ring 0: the idle loop's interrupt, a guest-memory access that faults, or our bug. If it was
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
	call guest_trap
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

/*
 * The SYSCALL and SYSENTER entry points: one code page that is mapped once for each CPU, right before that CPU's
 * data page; so the code finds its own data without a register. Offsets in the data page: struct stub_data.
 */
	.section .stub, "ax"
	.globl stub_syscall, stub_syscall32, stub_sysenter, stub_sysenter_flags_saved
stub_syscall:
	movq %rsp, STUB(STUB_SCRATCH)
	movq STUB(STUB_STACK), %rsp
	cmpl $FAST_USER, STUB(STUB_MODE)
	je fast_syscall
	cmpl $FAST_KERNEL, STUB(STUB_MODE)
	jne slow_syscall
	cmpq $HYPERCALL_IRET, %rax
	je fast_iret
	ja 1f
	cmpq $HYPERCALL_MMU_UPDATE, %rax
	je fast_leaf
	cmpq $HYPERCALL_STACK_SWITCH, %rax
	je fast_stack_switch
	jmp slow_syscall
1:	cmpq $HYPERCALL_SET_SEGMENT_BASE, %rax
	je fast_segment_base
	cmpq $HYPERCALL_MMUEXT_OP, %rax
	je fast_roots
	cmpq $HYPERCALL_VCPU_OP, %rax
	je fast_timer
slow_syscall:
	pushq $FLAT_USER_SS
	pushq STUB(STUB_SCRATCH)
	pushq %r11
	pushq $FLAT_USER_CS64
	pushq %rcx
	pushq $0
	movl $ENTRY_SYSCALL, 4(%rsp)
	jmp *STUB(STUB_ENTRY)

/*
 * A system call of the guest's user, straight to its kernel: what user_call() in pv/fault.c does, in the usual case (events
 * on). The kernel's address space is loaded first, since its stack lies there; if that is missing all is undone and the
 * long way finds out.
 */
fast_syscall:
	movq %rax, STUB(STUB_RAX)
	movq %rcx, STUB(STUB_RCX)
	movq STUB(STUB_INFO), %rax
	cmpb $0, INFO_MASK(%rax)
	jne fast_syscall_slow
	movb $1, INFO_MASK(%rax)
	movq STUB(STUB_KERNEL_CR3), %rax
	movq %rax, %cr3
	swapgs
	movq STUB(STUB_FRAME), %rax
	guest_pages_open
	may_fault fast_syscall_undo
	movq %rcx, (%rax)
	may_fault fast_syscall_undo
	movq %r11, 8(%rax)
	may_fault fast_syscall_undo
	movq %rcx, 16(%rax)
	movq STUB(STUB_SCRATCH), %rcx
	may_fault fast_syscall_undo
	movq $FLAT_USER_CS64, 24(%rax)
	may_fault fast_syscall_undo
	movq %r11, 32(%rax)
	may_fault fast_syscall_undo
	movq %rcx, 40(%rax)
	may_fault fast_syscall_undo
	movq $FLAT_USER_SS, 48(%rax)
	guest_pages_close
	movq STUB(STUB_IN_KERNEL), %rcx
	movb $1, (%rcx)
	movl $FAST_KERNEL, STUB(STUB_MODE)
	movq STUB(STUB_HANDLER), %rcx
	andl $~0x74100, %r11d		/* AC, VM, RF, NT, TF */
	movq %rax, %rsp
	movq STUB(STUB_RAX), %rax
	sysretq

fast_syscall_undo:
	guest_pages_close
	movq STUB(STUB_USER_CR3), %rax
	movq %rax, %cr3
	swapgs
	movq STUB(STUB_INFO), %rax
	movb $0, INFO_MASK(%rax)
	movq STUB(STUB_RCX), %rcx
fast_syscall_slow:
	movq STUB(STUB_RAX), %rax
	jmp slow_syscall

/* The last that is read of an iret's frame, at rcx; rax stays in the stub's data. */
.macro iret_registers_load
	may_fault slow_iret_close
	movq IRET_RAX(%rcx), %rax
	may_fault slow_iret_close
	movq IRET_R11(%rcx), %r11
	may_fault slow_iret_close
	movq IRET_RCX(%rcx), %rcx
	guest_pages_close
	movq %rax, STUB(STUB_RAX)
.endm

/*
 * Hypercall iret: what hypercall_iret() in pv/iret.c does, in the usual case: events go on and none is pending, and this
 * CPU has nothing else to do. SYSCALL has left rcx and r11 free. Until the address space changes nothing has happened; the
 * long way starts from the same registers.
 */
fast_iret:
	movq STUB(STUB_WORK), %rcx
	cmpb $0, (%rcx)
	jne slow_iret
	movq STUB(STUB_INFO), %rcx
	cmpb $0, INFO_PENDING(%rcx)
	jne slow_iret
	/* The frame must be the guest's: not in the hypervisor's 2^43 bytes. Below them no address is canonical. */
	movq STUB(STUB_SCRATCH), %rcx
	is_hypervisor_address %rcx, slow_iret
	guest_pages_open
	may_fault slow_iret_close
	movq IRET_SS(%rcx), %rax
	orl $3, %eax
	pushq %rax
	may_fault slow_iret_close
	pushq IRET_RSP(%rcx)
	may_fault slow_iret_close
	movq IRET_RFLAGS(%rcx), %rax
	testl $0x200, %eax		/* IF: events on */
	jz slow_iret_close
	andl $~0x23000, %eax		/* VM, IOPL */
	pushq %rax
	may_fault slow_iret_close
	movq IRET_CS(%rcx), %rax
	notl %eax
	testl $3, %eax
	jnz iret_to_kernel
	notl %eax
	pushq %rax
	may_fault slow_iret_close
	movq IRET_RIP(%rcx), %rax
	pushq %rax
	shrq $47, %rax			/* in the lower half: canonical */
	jnz slow_iret_close
	iret_registers_load
	movq STUB(STUB_USER_CR3), %rax
	movq %rax, %cr3
	swapgs
	movl STUB(STUB_MODE_IN_USER), %eax
	movl %eax, STUB(STUB_MODE)
	movq STUB(STUB_IN_KERNEL), %rax
	movb $0, (%rax)
	movq STUB(STUB_INFO), %rax
	movb $0, INFO_MASK(%rax)
	movq STUB(STUB_RAX), %rax
	jmp *STUB(STUB_IRET)

/* The same mode, the same address space. */
iret_to_kernel:
	notl %eax
	orl $3, %eax
	pushq %rax
	may_fault slow_iret_close
	movq IRET_RIP(%rcx), %rax
	pushq %rax
	sarq $47, %rax			/* in the upper half, where kernels are: canonical */
	incq %rax
	jnz slow_iret_close
	iret_registers_load
	movq STUB(STUB_INFO), %rax
	movb $0, INFO_MASK(%rax)
	movq STUB(STUB_RAX), %rax
	jmp *STUB(STUB_IRET)

slow_iret_close:
	guest_pages_close
slow_iret:
	movq STUB(STUB_STACK), %rsp
	movl $HYPERCALL_IRET, %eax
	jmp slow_syscall

/*
 * Hypercall set_segment_base of the user's GS, which a kernel makes at each switch of processes. Back by sysretq, so the
 * caller is in the upper half, where kernels are, and does not step singly.
 */
fast_segment_base:
	cmpq $SEGBASE_GS_USER, %rdi
	jne slow_segment_base
	testl $0x100, %r11d		/* TF */
	jnz slow_segment_base
	movq STUB(STUB_WORK), %rax
	cmpb $0, (%rax)
	jne slow_segment_base
	movq STUB(STUB_INFO), %rax
	cmpb $0, INFO_PENDING(%rax)
	jne slow_segment_base
	movq %rcx, %rax
	sarq $47, %rax
	incq %rax
	jnz slow_segment_base
	movq %rsi, %rax
	sarq $47, %rax
	incq %rax			/* 0 or 1: canonical */
	cmpq $1, %rax
	ja slow_segment_base
	movq %rcx, STUB(STUB_RCX)
	movq %rdx, STUB(STUB_RDX)
	movl $0xc0000102, %ecx		/* KERNEL_GS_BASE: the one that is not active */
	movl %esi, %eax
	movq %rsi, %rdx
	shrq $32, %rdx
	wrmsr
	movq STUB(STUB_RCX), %rcx
	movq STUB(STUB_RDX), %rdx
	movq STUB(STUB_SCRATCH), %rsp
	xorl %eax, %eax
	sysretq

slow_segment_base:
	movl $HYPERCALL_SET_SEGMENT_BASE, %eax
	jmp slow_syscall

/* To `slow` unless a call that is about to be served may go back by sysretq with nothing else done: no work for this CPU,
   no event, no single step, a caller above the hypervisor, where kernels are. rax goes. */
.macro plain_return_or slow
	testl $0x100, %r11d		/* TF */
	jnz \slow
	movq STUB(STUB_WORK), %rax
	cmpb $0, (%rax)
	jne \slow
	movq STUB(STUB_INFO), %rax
	cmpb $0, INFO_PENDING(%rax)
	jne \slow
	movabsq $HYP_END, %rax
	cmpq %rax, %rcx
	jb \slow
.endm

/*
 * Hypercall stack_switch, made at each switch of processes. A stack whose frames do not lie above the hypervisor, or no way in
 * for programs until now (whose conditions the C function looks at), goes the long way.
 */
fast_stack_switch:
	plain_return_or slow_stack_switch
	addq $4096, %rax		/* more than any frame */
	cmpq %rax, %rsi
	jb slow_stack_switch
	cmpl $FAST_USER, STUB(STUB_MODE_IN_USER)
	jne slow_stack_switch
	movq %rcx, STUB(STUB_RCX)
	movq STUB(STUB_KERNEL_STACK), %rax
	movq %rdi, %rcx
	orq $3, %rcx
	movq %rcx, KERNEL_STACK_SS(%rax)
	movq %rsi, KERNEL_STACK_SP(%rax)
	movq %rsi, %rcx
	andq $-16, %rcx
	subq $FRAME_BYTES, %rcx
	movq %rcx, STUB(STUB_FRAME)
	movq STUB(STUB_RCX), %rcx
	movq STUB(STUB_SCRATCH), %rsp
	xorl %eax, %eax
	sysretq

slow_stack_switch:
	movl $HYPERCALL_STACK_SWITCH, %eax
	jmp slow_syscall

/* After plain_return_or, which leaves the hypervisor's end in rax: what a register points to is above the hypervisor, too, and
   does not wrap. */
.macro guest_bytes_or no, register, bytes
	cmpq %rax, %\register
	jb \no
	leaq \bytes(%\register), %rax
	cmpq %\register, %rax
	jb \no
.endm

/* What a C function may change of a hypercall's registers but rsi and rdx, whose values are known. */
.macro call_registers_save
	pushq %rcx
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
.endm
.macro call_registers_restore
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rcx
.endm

/*
 * Hypercall mmuext_op with the list that a switch of processes is: the root of the kernel, then that of the user, of the
 * caller itself, and no count wanted. The list is read here, and pv_roots_switch (pv/root.c) does it or refuses; any other
 * list goes the long way, from the same registers.
 */
fast_roots:
	cmpq $2, %rsi
	jne slow_roots
	testq %rdx, %rdx
	jnz slow_roots
	cmpl $DOMID_OF_SELF, %r10d
	jne slow_roots
	plain_return_or slow_roots
	guest_bytes_or slow_roots, rdi, (2 * MMUEXT_BYTES)
	call_registers_save
	movq %rdi, %rcx
	guest_pages_open
	may_fault refused_roots
	movq (2 * MMUEXT_BYTES - 8)(%rcx), %rax		/* nobody asks what it says, but it must be there */
	may_fault refused_roots
	movl MMUEXT_CMD(%rcx), %eax
	may_fault refused_roots
	movl (MMUEXT_BYTES + MMUEXT_CMD)(%rcx), %edx
	may_fault refused_roots
	movq MMUEXT_MFN(%rcx), %rdi
	may_fault refused_roots
	movq (MMUEXT_BYTES + MMUEXT_MFN)(%rcx), %rsi
	guest_pages_close
	cmpl $NEW_KERNEL_ROOT, %eax
	jne refused_roots
	cmpl $NEW_USER_ROOT, %edx
	jne refused_roots
	call *STUB(STUB_ROOTS_SWITCH)
	testb %al, %al
	jz refused_roots
	call_registers_restore
	movl $2, %esi
	xorl %edx, %edx
	movq STUB(STUB_SCRATCH), %rsp
	xorl %eax, %eax
	sysretq

refused_roots:
	guest_pages_close
	call_registers_restore
	movl $2, %esi
	xorl %edx, %edx
slow_roots:
	movl $HYPERCALL_MMUEXT_OP, %eax
	jmp slow_syscall

/*
 * Hypercall mmu_update of one element, of the caller's own, with no count wanted: a leaf of a page fault. The element is read
 * here, and pv_leaf_update (pv/mmu.c) does it or refuses; anything else goes the long way, from the same registers.
 */
fast_leaf:
	cmpq $1, %rsi
	jne slow_leaf
	testq %rdx, %rdx
	jnz slow_leaf
	cmpq $DOMID_OF_SELF, %r10
	jne slow_leaf
	plain_return_or slow_leaf
	guest_bytes_or slow_leaf, rdi, MMU_UPDATE_BYTES
	call_registers_save
	guest_pages_open
	may_fault refused_leaf
	movq MMU_UPDATE_VAL(%rdi), %rsi
	may_fault refused_leaf
	movq MMU_UPDATE_PTR(%rdi), %rdi
	guest_pages_close
	call *STUB(STUB_LEAF_UPDATE)
	testb %al, %al
	jz refused_leaf
	call_registers_restore
	movl $1, %esi
	xorl %edx, %edx
	movq STUB(STUB_SCRATCH), %rsp
	xorl %eax, %eax
	sysretq

refused_leaf:
	guest_pages_close
	call_registers_restore
	movl $1, %esi
	xorl %edx, %edx
slow_leaf:
	movl $HYPERCALL_MMU_UPDATE, %eax
	jmp slow_syscall

/*
 * Hypercall vcpu_op that sets the one-shot timer, which a kernel makes whenever it goes to sleep or wakes. The argument is read
 * here, and pv_timer_set (pv/guest_timer.c) does it or refuses; anything else goes the long way, from the same registers.
 */
fast_timer:
	cmpq $SET_TIMER, %rdi
	jne slow_timer
	plain_return_or slow_timer
	guest_bytes_or slow_timer, rdx, SET_TIMER_BYTES
	pushq %rsi
	pushq %rdx
	call_registers_save
	guest_pages_open
	may_fault refused_timer
	movq SET_TIMER_TIME(%rdx), %rdi
	may_fault refused_timer
	movl SET_TIMER_FLAGS(%rdx), %edx
	guest_pages_close
	call *STUB(STUB_TIMER_SET)
	testb %al, %al
	jz refused_timer
	call_registers_restore
	popq %rdx
	popq %rsi
	movq STUB(STUB_SCRATCH), %rsp
	xorl %eax, %eax
	sysretq

refused_timer:
	guest_pages_close
	call_registers_restore
	popq %rdx
	popq %rsi
slow_timer:
	movl $HYPERCALL_VCPU_OP, %eax
	jmp slow_syscall

	.balign 16
stub_syscall32:
	movq %rsp, STUB(STUB_SCRATCH)
	movq STUB(STUB_STACK), %rsp
	pushq $FLAT_USER_SS
	pushq STUB(STUB_SCRATCH)
	pushq %r11
	pushq $FLAT_USER_CS32
	pushq %rcx
	pushq $0
	movl $ENTRY_SYSCALL32, 4(%rsp)
	jmp *STUB(STUB_ENTRY)

/* The CPU has loaded rsp from its MSR: the end of guest_regs' hardware part. The caller's rsp, rip are not known. Of the
   flags only IF is cleared: with the user's NT the iretq of the way back would fault, with its TF each instruction here
   traps (hypervisor_trap waits with clearing it until it is saved). */
	.balign 16
stub_sysenter:
	pushq $FLAT_USER_SS
	pushq $0
	pushfq
stub_sysenter_flags_saved:
	pushq $0
	popfq
	pushq $3
	pushq $0
	pushq $0
	movl $ENTRY_SYSENTER, 4(%rsp)
	jmp *STUB(STUB_ENTRY)

	.section .note.GNU-stack, "", @progbits
