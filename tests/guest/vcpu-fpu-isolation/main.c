/*
 * What: two vCPUs on one processor keep their x87, SSE and MXCSR state, and a fresh one starts with the reset state.
 * Why: XSA-52, XSA-172 and others: state of one leaks into another.
 * How: each fills its registers with its own pattern, yields many times, and compares; the second looks first for what
 *      the first has left.
 * A failure means: guests compute wrongly, or read each other's secrets.
 * Machine: cpus=1 vcpus=2
 */
#include <guest.h>

#define ROUNDS 300

static uint8_t patterns[2][256] __attribute__((aligned(16)));
static uint8_t results[2][256] __attribute__((aligned(16)));

static void registers_load(const uint8_t *from)
{
	asm volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\nmovaps \\n * 16(%0), %%xmm\\n\n.endr"
		     :
		     : "r"(from)
		     : "memory");
}

static void registers_store(uint8_t *to)
{
	asm volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\nmovaps %%xmm\\n, \\n * 16(%0)\n.endr"
		     :
		     : "r"(to)
		     : "memory");
}

static unsigned int yields_and_compares(unsigned int who)
{
	unsigned int wrong = 0;
	uint32_t mxcsr = 0x1f80 | (who ? 0x6000 : 0x2000), got;
	uint16_t control = who ? 0x27f : 0x37f, got_control;

	asm volatile("ldmxcsr %0" : : "m"(mxcsr));
	asm volatile("fldcw %0" : : "m"(control));
	registers_load(patterns[who]);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		hc_sched_op(SCHEDOP_yield, NULL);
		registers_store(results[who]);
		asm volatile("stmxcsr %0" : "=m"(got));
		asm volatile("fnstcw %0" : "=m"(got_control));
		wrong += bytes_compare(results[who], patterns[who], 256) != 0 || got != mxcsr ||
			 got_control != control;
	}
	return wrong;
}

static void second(void *argument)
{
	uint32_t mxcsr;

	(void)argument;
	registers_store(results[1]);
	asm volatile("stmxcsr %0" : "=m"(mxcsr));
	EXPECT_EQ(mxcsr, 0x1f80);
	unsigned int nonzero = 0;

	for (unsigned int i = 0; i < 256; i++)
		nonzero += results[1][i] != 0;
	EXPECT_EQ(nonzero, 0);
	EXPECT_EQ(yields_and_compares(1), 0);
}

void test_main(void)
{
	for (unsigned int i = 0; i < 256; i++) {
		patterns[0][i] = (uint8_t)(i + 1);
		patterns[1][i] = (uint8_t)(i * 3 + 0x80);
	}
	registers_load(patterns[0]);
	vcpu_start(1, second, NULL);
	EXPECT_EQ(yields_and_compares(0), 0);
	EXPECT_TRUE(vcpu_join(1));
}
