/*
 * From the boot loader to C.
 *
 * Who jumps here: a multiboot 1 or 2 loader, in 32-bit protected mode, flat segments, paging off, interrupts off,
 * eax = loader's magic, ebx = machine address of its information. No stack. The image lies at IMAGE_LOAD.
 * Goes to: hypervisor_start(magic, info) in 64-bit mode on the boot CPU's first stack, with the first 4 GiB mapped
 * three times: one to one, at IMAGE_BASE and at DIRECT_START (2 MiB pages, writable, executable; init/ replaces them).
 */
#include "../layout.h"

#define PA(symbol) ((symbol) - IMAGE_BASE)
#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00010003 /* modules on pages, memory map, addresses below are used */
#define MB2_MAGIC 0xe85250d6

	.section .text.head, "ax"
	.code32
	.globl image_start
image_start:
	jmp boot32

	.balign 8
multiboot1:
	.long MB1_MAGIC
	.long MB1_FLAGS
	.long -(MB1_MAGIC + MB1_FLAGS)
	.long PA(multiboot1)
	.long PA(image_start)
	.long PA(image_data_end)
	.long PA(image_end)
	.long PA(boot32)

	.balign 8
multiboot2:
	.long MB2_MAGIC
	.long 0
	.long multiboot2_end - multiboot2
	.long 0x100000000 - (MB2_MAGIC + (multiboot2_end - multiboot2))
	.balign 8
	.short 1, 0		/* information request */
	.long 8 + 4 * 8
	.long 1, 3, 4, 6, 8, 12, 14, 15
	.balign 8
	.short 2, 0		/* addresses */
	.long 24
	.long PA(multiboot2), PA(image_start), PA(image_data_end), PA(image_end)
	.balign 8
	.short 3, 0		/* entry */
	.long 12
	.long PA(boot32)
	.balign 8
	.short 5, 1		/* framebuffer, optional */
	.long 20
	.long 0, 0, 0
	.balign 8
	.short 6, 0		/* modules on pages */
	.long 8
	.balign 8
	.short 0, 0
	.long 8
multiboot2_end:

boot32:
	cld
	cli
	movl %eax, %edi
	movl %ebx, %esi
	movl $PA(boot_stack_end), %esp

	/* Long mode, or a word on the serial port and the end. */
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb no_long_mode
	movl $0x80000001, %eax
	cpuid
	btl $29, %edx
	jnc no_long_mode

	/* 2048 two-megabyte entries: 4 GiB. */
	movl $PA(boot_l2), %eax
	movl $0x83, %ecx
	xorl %ebp, %ebp
1:	movl %ecx, (%eax)
	movl %ebp, 4(%eax)
	addl $8, %eax
	addl $0x200000, %ecx
	jnc 1b
	/* The four level-2 tables in the level-3 table that all three windows share. */
	movl $PA(boot_l2) + 3, %ecx
	movl $PA(boot_l3), %eax
	movl $PA(boot_l3_image) + 8 * 448, %ebx
	movl $4, %ebp
2:	movl %ecx, (%eax)
	movl %ecx, (%ebx)
	addl $8, %eax
	addl $8, %ebx
	addl $0x1000, %ecx
	decl %ebp
	jnz 2b
	movl $PA(boot_l3) + 3, PA(boot_l4)
	movl $PA(boot_l3_image) + 3, PA(boot_l4) + 8 * HYP_SLOT_FIRST
	movl $PA(boot_l3) + 3, PA(boot_l4) + 8 * DIRECT_SLOT

	movl $0x20, %eax	/* PAE */
	movl %eax, %cr4
	movl $PA(boot_l4), %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x101, %eax	/* SCE, LME */
	wrmsr
	movl $0x80010033, %eax	/* PG, WP, NE, ET, MP, PE */
	movl %eax, %cr0
	lgdt PA(boot_gdt_pointer)
	ljmp $8, $PA(boot64)

no_long_mode:
	movl $PA(no_long_mode_text), %esi
3:	movw $0x3fd, %dx
4:	inb %dx, %al
	testb $0x20, %al
	jz 4b
	lodsb
	testb %al, %al
	jz 5f
	movw $0x3f8, %dx
	outb %al, %dx
	jmp 3b
5:	hlt
	jmp 5b

	.code64
boot64:
	movabsq $boot64_high, %rax
	jmp *%rax
boot64_high:
	xorl %eax, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	leaq boot_stack_end(%rip), %rsp
	xorl %ebp, %ebp
	movl %edi, %edi
	movl %esi, %esi
	call hypervisor_start
	ud2

	.section .rodata
no_long_mode_text:
	.asciz "\r\nHospes: this CPU has no 64-bit mode; a 64-bit x86 CPU is needed.\r\n"
	.balign 8
boot_gdt:
	.quad 0, 0x00af9b000000ffff
boot_gdt_pointer:
	.short . - boot_gdt - 1
	.quad PA(boot_gdt)

	.section .bss.boot, "aw", @nobits
	.balign 4096
	.globl boot_l4
boot_l4: .skip 4096
boot_l3: .skip 4096
boot_l3_image: .skip 4096
boot_l2: .skip 4 * 4096
boot_stack: .skip 16384
boot_stack_end:
