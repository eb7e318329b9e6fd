/*
 * The notes by which a builder knows a PV kernel, and every entry point: boot, exceptions, callbacks, a second vCPU,
 * and the way into user mode and back. Everything here saves, switches and calls; the C files decide.
 */
#define __ASSEMBLY__ 1
#include <xen/elfnote.h>
#include "layout.h"

.macro note type, value:vararg
	.section .note.xen, "a", @note
	.balign 4
	.long 4f - 3f
	.long 6f - 5f
	.long \type
3:	.asciz "Xen"
4:	.balign 4
5:	\value
6:	.balign 4
	.previous
.endm

note XEN_ELFNOTE_GUEST_OS, .asciz "hospes-guest-test"
note XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
#ifndef GUEST_LINKED_LOW
note XEN_ELFNOTE_VIRT_BASE, .quad virt_base
note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
note XEN_ELFNOTE_ENTRY, .quad start
#endif
note XEN_ELFNOTE_LOADER, .asciz "generic"
note XEN_ELFNOTE_FEATURES, .asciz "!writable_page_tables|pae_pgdir_above_4gb"
note XEN_ELFNOTE_SUPPORTED_FEATURES, .quad 1 << 11
note XEN_ELFNOTE_PAE_MODE, .asciz "yes"
#ifdef GUEST_HYPERCALL_PAGE
note XEN_ELFNOTE_HYPERCALL_PAGE, .quad hypercall_page
#endif
#ifdef GUEST_INIT_P2M
note XEN_ELFNOTE_INIT_P2M, .quad GUEST_INIT_P2M
#endif

/*
 * Entered by the builder: ring 3, rsi = start_info, rsp = end of the boot stack, everything else as 6.4 says.
 * What it found is kept for the tests before anything changes it.
 */
	.section .text.start, "ax"
	.globl start
start:
	mov %rax, boot_registers + 0(%rip)
	mov %rbx, boot_registers + 8(%rip)
	mov %rcx, boot_registers + 16(%rip)
	mov %rdx, boot_registers + 24(%rip)
	mov %rsi, boot_registers + 32(%rip)
	mov %rdi, boot_registers + 40(%rip)
	mov %rbp, boot_registers + 48(%rip)
	mov %rsp, boot_registers + 56(%rip)
	mov %r8, boot_registers + 64(%rip)
	mov %r9, boot_registers + 72(%rip)
	mov %r10, boot_registers + 80(%rip)
	mov %r11, boot_registers + 88(%rip)
	mov %r12, boot_registers + 96(%rip)
	mov %r13, boot_registers + 104(%rip)
	mov %r14, boot_registers + 112(%rip)
	mov %r15, boot_registers + 120(%rip)
	lea stack0 + STACK_BYTES(%rip), %rsp
	pushfq
	popq boot_registers + 128(%rip)
	xor %ebp, %ebp
	mov %rsi, %rdi
	call runtime_main
	ud2

/*
 * Entered on a second vCPU by vcpu_op up: rdi = function, rsi = its argument, rsp = end of its own stack.
 */
	.text
	.globl ap_start
ap_start:
	mov %rdi, %rax
	mov %rsi, %rdi
	xor %ebp, %ebp
	call *%rax
	call ap_finished
	ud2

/*
 * Exceptions: on the stack, from rsp upward: rcx, r11, [error code], rip, cs and saved mask, rflags, rsp, ss.
 * One stub of 16 bytes for each vector makes the frame uniform.
 */
	.balign 16
	.globl exception_stubs
exception_stubs:
	vector = 0
	.rept 256
	.balign 16
	pop %rcx
	pop %r11
	.if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
	.else
	push $0
	.endif
	push $vector
	jmp save_frame
	vector = vector + 1
	.endr

.macro callback name, number
	.globl \name
\name:
	pop %rcx
	pop %r11
	push $0
	push $\number
	jmp save_frame
.endm
callback callback_event, VECTOR_EVENT
callback callback_syscall, VECTOR_SYSCALL
callback callback_syscall32, VECTOR_SYSCALL32
callback callback_sysenter, VECTOR_SYSENTER
callback callback_nmi, VECTOR_NMI_CALLBACK

/* The failsafe callback has four selectors between r11 and rip. */
	.globl callback_failsafe
callback_failsafe:
	pop %rcx
	pop %r11
	popq failsafe_selectors + 0(%rip)
	popq failsafe_selectors + 8(%rip)
	popq failsafe_selectors + 16(%rip)
	popq failsafe_selectors + 24(%rip)
	push $0
	push $VECTOR_FAILSAFE
	jmp save_frame

save_frame:
	push %rax
	push %rcx
	push %rdx
	push %rbx
	push %rbp
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	pushfq
	popq entry_flags(%rip)
	mov %rsp, %rdi
	mov %rsp, %rbp
	cld
	and $-16, %rsp
	call trap_entry
	mov %rbp, %rsp
	/* Fall through: returns to what the frame now says. */

/*
 * rsp = struct frame: loads it and leaves by the iret hypercall, kernel or user as its cs says.
 */
restore_frame:
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rbp
	pop %rbx
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	pushq iret_flags(%rip)
	push %rcx
	push %r11
	push %rax
	mov $23, %eax
	.globl iret_syscall
iret_syscall:
	syscall
	.globl iret_returned
iret_returned:
	ud2

/*
 * void frame_run(const struct frame *frame, uint64_t *return_rsp): enters frame by iret and comes back, as if
 * returning, when trap_entry calls frame_leave. The C stack below is kept; rsp goes to *return_rsp.
 */
	.globl frame_run
frame_run:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, (%rsi)
	sub $FRAME_BYTES, %rsp
	mov %rdi, %rsi
	mov %rsp, %rdi
	mov $FRAME_BYTES / 8, %ecx
	rep movsq
	jmp restore_frame

/* void frame_leave(uint64_t return_rsp) */
	.globl frame_leave
frame_leave:
	mov %rdi, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	.section .bss.page_aligned, "aw", @nobits
	.balign STACK_BYTES
	.globl stack0
stack0:	.skip STACK_BYTES
	.section .note.GNU-stack, "", @progbits
