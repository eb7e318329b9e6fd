/*
 * What: what one vCPU has in DR6 is not found there by another one on the same processor.
 * Why: the CPU sets bits in DR6 and clears none: what is loaded for one guest would stay for the next, which debuggers there
 *      take for theirs, and by which domains could talk.
 * How: one vCPU sets status bits, with breakpoints on; another one without breakpoints steps singly after it, to the
 *      instruction where one of them is.
 * A failure means: a guest reads another one's debug status, and its own is wrong.
 * Machine: cpus=1 vcpus=2 bochs=1
 */
#include <guest.h>

#define DR6_STATUS 0xe00ful
#define DR6_STEP 0x4000ul
/* BD, BT, and the four breakpoints. */
#define OTHERS 0xa00ful
#define SECOND 1000000000ul

static volatile unsigned int stage;
static volatile uint64_t watched;
extern char stepped_to[];

static void second(void *argument)
{
	(void)argument;
	EXPECT_STATUS(hc_set_debugreg(0, (unsigned long)&watched), 0);
	EXPECT_STATUS(hc_set_debugreg(1, (unsigned long)stepped_to), 0);
	EXPECT_STATUS(hc_set_debugreg(6, OTHERS), 0);
	EXPECT_STATUS(hc_set_debugreg(7, 1 | 1u << 16 | 2u << 18 | 1u << 2), 0);
	stage = 1;
	EXPECT_TRUE(wait_for_count(&stage, 2, SECOND));
	EXPECT_EQ(hc_get_debugreg(6) & DR6_STATUS, OTHERS);
}

void test_main(void)
{
	vcpu_start(1, second, NULL);
	EXPECT_TRUE(wait_for_count(&stage, 1, SECOND));
	EXPECT_STATUS(hc_set_debugreg(6, 0), 0);
	TRY("pushfq; orl $0x100, (%%rsp); popfq; nop; stepped_to: nop", OUT(), IN());
	EXPECT_EQ(caught.vector, VECTOR_DB);
	EXPECT_EQ(hc_get_debugreg(6) & DR6_STATUS, DR6_STEP);
	stage = 2;
	EXPECT_TRUE(vcpu_join(1));
}
