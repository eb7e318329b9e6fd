/*
 * Guest memory, byte by byte, with a way out.
 *
 * size_t guest_copy_raw(void *to, const void *from, size_t bytes): returns the bytes not copied. Any fault on the way
 * (the guest's page is missing or read-only) resumes behind the copy, with the rest still in rcx (fixup table).
 * size_t guest_clear_raw(void *to, size_t bytes): the same for zeroes. Caller checks ranges and brackets with SMAP.
 */
#include "guest_pages.inc"

	.text
	.globl guest_copy_raw
guest_copy_raw:
	movq %rdx, %rcx
	andl $7, %edx
	shrq $3, %rcx
1:	rep movsq
	movl %edx, %ecx
2:	rep movsb
	movq %rcx, %rax
	ret
3:	leaq (%rdx, %rcx, 8), %rax
	ret
4:	movq %rcx, %rax
	ret

	.globl guest_clear_raw
guest_clear_raw:
	movq %rsi, %rcx
	xorl %eax, %eax
5:	rep stosb
	movq %rcx, %rax
	ret
6:	movq %rcx, %rax
	ret

/* uint64_t compare-exchange of 1, 2, 4 or 8 bytes at a guest address is not here: page tables are written through the
   hypervisor's own mapping. */

/* bool segment_load_gs_user(unsigned selector): loads gs into the inactive base; false (and a null selector) if it faults. */
	.globl segment_load_gs_user
segment_load_gs_user:
	movl $1, %eax
	swapgs
7:	movl %edi, %gs
	swapgs
	ret
8:	xorl %eax, %eax
	movl %eax, %gs
	swapgs
	ret

/* bool segment_load_ds/es/fs(unsigned selector): the same for the others. */
.macro load_segment name
	.globl segment_load_\name
segment_load_\name:
	movl $1, %eax
9:	movl %edi, %\name
	ret
10:	xorl %eax, %eax
	movl %eax, %\name
	ret
	.pushsection .fixup_table, "a"
	.quad 9b, 10b
	.popsection
.endm
	load_segment ds
	load_segment es
	load_segment fs

/* bool msr_read_raw(uint32_t index, uint64_t *value), bool msr_write_raw(uint32_t index, uint64_t value): false if it faults. */
	.globl msr_read_raw
msr_read_raw:
	movl %edi, %ecx
11:	rdmsr
	shlq $32, %rdx
	orq %rdx, %rax
	movq %rax, (%rsi)
	movl $1, %eax
	ret
12:	xorl %eax, %eax
	ret

	.globl msr_write_raw
msr_write_raw:
	movl %edi, %ecx
	movl %esi, %eax
	shrq $32, %rsi
	movl %esi, %edx
13:	wrmsr
	movl $1, %eax
	ret

/* bool xsetbv_raw(uint64_t value): false if the CPU refuses it. */
	.globl xsetbv_raw
xsetbv_raw:
	xorl %ecx, %ecx
	movl %edi, %eax
	shrq $32, %rdi
	movl %edi, %edx
14:	xsetbv
	movl $1, %eax
	ret

/* bool fpu_restore_raw(void *image, uint64_t features, bool xsave): false if the image is not valid. */
	.globl fpu_restore_raw
fpu_restore_raw:
	movl %edx, %ecx
	movq %rsi, %rdx
	movl %esi, %eax
	shrq $32, %rdx
	testl %ecx, %ecx
	jz 16f
15:	xrstor64 (%rdi)
	movl $1, %eax
	ret
16:	fxrstor64 (%rdi)
	movl $1, %eax
	ret

/* bool guest_frame_write_raw(uint64_t *frame, const struct cpu_user_regs *regs, uint64_t cs, uint64_t rflags): the frame of an
   entry without an error code, rcx, r11, rip, cs, rflags, rsp, ss, with the two as given; false if it faults. */
.macro frame_word index, load, from
	\load \from, %rax
	may_fault frame_missing
	movq %rax, 8 * \index(%rdi)
.endm
	.globl guest_frame_write_raw
guest_frame_write_raw:
	frame_word 0, movq, REGS_RCX(%rsi)
	frame_word 1, movq, REGS_R11(%rsi)
	frame_word 2, movq, REGS_RIP(%rsi)
	may_fault frame_missing
	movq %rdx, 24(%rdi)
	may_fault frame_missing
	movq %rcx, 32(%rdi)
	frame_word 5, movq, REGS_RSP(%rsi)
	frame_word 6, movzwq, REGS_SS(%rsi)
	movl $1, %eax
	ret
frame_missing:
	xorl %eax, %eax
	ret

	.section .fixup_table, "a"
	.quad 1b, 3b
	.quad 2b, 4b
	.quad 5b, 6b
	.quad 7b, 8b
	.quad 11b, 12b
	.quad 13b, 12b
	.quad 14b, 12b
	.quad 15b, 12b
	.quad 16b, 12b
	.section .note.GNU-stack, "", @progbits
