/*
 * How the other CPUs come up.
 *
 * Who jumps here: the CPU itself, after a startup IPI, in real mode at page:0, interrupts off, no stack. The code was
 * copied to a page below 1 MiB; at the end of that page is struct ap_start (smp.c). The page is mapped one to one in
 * the root that is loaded. Goes to ap_start.entry in 64-bit mode, on the CPU's own stack.
 */
#define BLOCK(offset) (4096 - 32 + (offset))

	.section .rodata
	.globl ap_start_code, ap_start_code_end
	.balign 16
	.code16
ap_start_code:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	xorl %ebx, %ebx
	movw %cs, %bx
	shll $4, %ebx			/* the page's machine address */

	/* The pointer and the far jump need it. */
	leal (ap_gdt - ap_start_code)(%ebx), %eax
	movl %eax, (ap_gdt_pointer - ap_start_code + 2)
	leal (ap_start64 - ap_start_code)(%ebx), %eax
	movl %eax, (ap_jump - ap_start_code)

	movl $0x20, %eax		/* PAE */
	movl %eax, %cr4
	movl BLOCK(0), %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x101, %eax		/* SCE, LME */
	cmpl $0, BLOCK(24)
	je 1f
	orl $0x800, %eax		/* NX */
1:	wrmsr
	lgdtl (ap_gdt_pointer - ap_start_code)
	movl $0x80010033, %eax		/* PG, WP, NE, ET, MP, PE */
	movl %eax, %cr0
	ljmpl *(ap_jump - ap_start_code)

	.code64
ap_start64:
	movl %ebx, %ebx
	xorl %eax, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movq BLOCK(8)(%rbx), %rsp
	xorl %ebp, %ebp
	andq $-16, %rsp
	movq BLOCK(16)(%rbx), %rax
	call *%rax
	ud2

	.balign 8
ap_gdt:
	.quad 0, 0x00af9b000000ffff
ap_gdt_pointer:
	.short 15
	.long 0
ap_jump:
	.long 0
	.short 8
ap_start_code_end:
	.section .note.GNU-stack, "", @progbits
