#pragma once
/* Accesses that may fault and then report it (entry/copy.S). */
#include "cpu.h"
#include "layout.h"
#include <hyp/types.h>

size_t guest_copy_raw(void *to, const void *from, size_t bytes);
size_t guest_clear_raw(void *to, size_t bytes);
bool guest_frame_write_raw(uint64_t *frame, const struct cpu_user_regs *regs, uint64_t cs, uint64_t rflags);
bool segment_load_gs_user(unsigned int selector);
bool segment_load_ds(unsigned int selector);
bool segment_load_es(unsigned int selector);
bool segment_load_fs(unsigned int selector);
bool msr_read_raw(uint32_t index, uint64_t *value);
bool msr_write_raw(uint32_t index, uint64_t value);
bool xsetbv_raw(uint64_t value);
bool fpu_restore_raw(void *image, uint64_t features, bool xsave);

/* Is all of [start, start + bytes) a guest's? A range that wraps is not. */
static inline bool range_is_guest(vaddr_t start, size_t bytes)
{
	vaddr_t last = start + bytes - 1;

	if (last < start)
		return false;
	return last < HYP_START || start >= HYP_END;
}

/* One instruction that may fault; operand 0 becomes true if it did not. */
#define MAY_FAULT(instruction)                                                                                                   \
	"1: " instruction "\n\t"                                                                                                 \
	"movb $1, %0\n\t"                                                                                                        \
	"2:\n\t"                                                                                                                 \
	".pushsection .fixup_table, \"a\"\n\t"                                                                                   \
	".quad 1b, 2b\n\t"                                                                                                       \
	".popsection"

/* Both: false: it is not there. */
static inline bool guest_word_write_raw(uint64_t *to, uint64_t word)
{
	bool is_there = false;

	__asm__ volatile(MAY_FAULT("movq %2, %1") : "+q"(is_there), "=m"(*to) : "r"(word));
	return is_there;
}
static inline bool guest_word_read_raw(const uint64_t *from, uint64_t *out)
{
	bool is_there = false;
	uint64_t word;

	__asm__ volatile(MAY_FAULT("movq %2, %1") : "+q"(is_there), "=&r"(word) : "m"(*from));
	*out = word;
	return is_there;
}

/* A word of the guest's, in the address space that is loaded. False: not all of it is the guest's, or it is not there; then cr2
   may be another. */
static inline bool guest_word_read(vaddr_t from, uint64_t *out)
{
	bool is_there;

	/* Is any of its 8 bytes the hypervisor's? What wraps is the guest's at both ends. */
	if (from - (HYP_START - 7) < HYP_END - HYP_START + 7)
		return false;
	guest_access_begin();
	is_there = guest_word_read_raw((const uint64_t *)from, out);
	guest_access_end();
	return is_there;
}
