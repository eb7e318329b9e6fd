/*
 * What: fpu_taskswitch sets the virtual CR0.TS: the next FPU instruction gives #NM, once, with TS cleared for the
 *       handler; clts and mov to cr0 work on the same bit.
 * Why: lazily switching kernels load FPU state in that handler.
 * How: sets and clears TS in each way and executes an SSE and an x87 instruction.
 * A failure means: a task sees another's FPU registers, or #NM repeats for ever.
 */
#include <guest.h>

#define READ_CR0() ({ uint64_t cr0_; asm volatile("mov %%cr0, %0" : "=r"(cr0_)); cr0_; })

void test_main(void)
{
	EXPECT_EQ(READ_CR0() & CR0_TS, 0);
	EXPECT_STATUS(hc_fpu_taskswitch(1), 0);
	EXPECT_EQ(READ_CR0() & CR0_TS, CR0_TS);
	TRY("movaps %%xmm0, %%xmm1", OUT(), IN());
	EXPECT_FAULT(VECTOR_NM, 0);
	/* The delivery cleared it, as kernels expect. */
	EXPECT_EQ(READ_CR0() & CR0_TS, 0);
	TRY("movaps %%xmm0, %%xmm1", OUT(), IN());
	EXPECT_NO_FAULT();

	EXPECT_STATUS(hc_fpu_taskswitch(1), 0);
	EXPECT_STATUS(hc_fpu_taskswitch(0), 0);
	TRY("fld1; fstp %%st(0)", OUT(), IN());
	EXPECT_NO_FAULT();

	EXPECT_STATUS(hc_fpu_taskswitch(1), 0);
	asm volatile("clts");
	TRY("fld1; fstp %%st(0)", OUT(), IN());
	EXPECT_NO_FAULT();

	asm volatile("mov %0, %%cr0" : : "r"(READ_CR0() | CR0_TS));
	TRY("fld1", OUT(), IN());
	EXPECT_FAULT(VECTOR_NM, 0);
	asm volatile("mov %0, %%cr0" : : "r"(READ_CR0() & ~CR0_TS));
	TRY("fld1; fstp %%st(0)", OUT(), IN());
	EXPECT_NO_FAULT();
}
