/*
 * The SYSCALL and SYSENTER entry points, and the calls of a guest that are served right here: one code page that is mapped once
 * for each CPU, right before that CPU's data page; so the code finds its own data without a register.
 */
#include "guest_pages.inc"

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
	andl $~RFLAGS_CLEARED_ON_ENTRY, %r11d
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
 * long way starts from the same registers. VGCF_in_syscall is not asked for: the frame of a kernel that sets it has rip and
 * rflags as rcx and r11, as they were at the system call.
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

/* Back to the caller of a call that was served, with its registers as they were but rax. */
.macro return_zero
	movq STUB(STUB_SCRATCH), %rsp
	xorl %eax, %eax
	sysretq
.endm

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
	return_zero

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
	return_zero

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
/* Calls a C function of the stub's data, which serves the call or, with nothing done, refuses. */
.macro served_or refused, function
	call *STUB(\function)
	testb %al, %al
	jz \refused
	call_registers_restore
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
	served_or refused_roots, STUB_ROOTS_SWITCH
	movl $2, %esi
	xorl %edx, %edx
	return_zero

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
	served_or refused_leaf, STUB_LEAF_UPDATE
	movl $1, %esi
	xorl %edx, %edx
	return_zero

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
	served_or refused_timer, STUB_TIMER_SET
	popq %rdx
	popq %rsi
	return_zero

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
