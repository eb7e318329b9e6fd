/*
 * The shortest handlers that a kernel could have: what is measured is then the hypervisor's part.
 *
 * An entry finds on its stack, from rsp upward: rcx, r11, [error code], rip, cs, rflags, rsp, ss. The iret hypercall
 * wants: rax, r11, rcx, flags, rip, cs, rflags, rsp, ss.
 */
#define __ASSEMBLY__ 1
#include <xen/xen.h>

.macro leave flags
	push $\flags
	push %rcx
	push %r11
	push %rax
	mov $__HYPERVISOR_iret, %eax
	syscall
	ud2
.endm

	.text
/* A system call that returns at once, as kernels return from one: rcx and r11 need not come back. */
	.globl stub_syscall
stub_syscall:
	pop %rcx
	pop %r11
	leave VGCF_in_syscall

/* An exception without error code after which the next instruction is right: int3. */
	.globl stub_trap
stub_trap:
	pop %rcx
	pop %r11
	leave 0

/* A fault that is dealt with by going on at the address in r15. */
	.globl stub_fault
stub_fault:
	pop %rcx
	pop %r11
	add $8, %rsp
	mov %r15, (%rsp)
	leave 0

/* An event: takes every mark away, at the addresses that events.c left, and counts. */
	.globl stub_event
stub_event:
	pop %rcx
	pop %r11
	push %rax
	mov stub_vcpu_info(%rip), %rax
	movb $0, (%rax)
	movq $0, 8(%rax)
	mov stub_pending(%rip), %rax
	movq $0, (%rax)
	incq stub_events(%rip)
	pop %rax
	leave 0

/* void stub_iret(void): an iret of the kernel to itself. */
	.globl stub_iret
stub_iret:
	mov %rsp, %rdx
	push $FLAT_KERNEL_SS & ~3
	push %rdx
	pushfq
	push $FLAT_KERNEL_CS & ~3
	lea 1f(%rip), %rdx
	push %rdx
	leave 0
1:	ret

	.section .note.GNU-stack, "", @progbits
