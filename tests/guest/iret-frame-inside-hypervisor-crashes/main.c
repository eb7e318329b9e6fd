/*
 * What: iret with its frame in the hypervisor's range kills the domain, also when what lies there is a perfect frame.
 * Why: the frame is read with the hypervisor's rights; without a check the guest would learn what is there.
 * How: writes a frame into consecutive entries of the M2P, which a guest may fill for its own frames, and returns by it;
 *      a user address space exists, so nothing else is in the way.
 * A failure means: iret reads the hypervisor's memory for its guest.
 */
#include <guest.h>

#define WORDS 9

USER_CODE(code_call, "syscall");

void test_main(void)
{
	struct frame user = user_frame(code_call);
	uint64_t frame[WORDS] = {0};
	unsigned long first = 0;

	EXPECT_EQ(user_run(&user), VECTOR_SYSCALL);
	user = user_frame(code_call);
	frame[4] = user.rip;
	frame[5] = user.cs;
	frame[6] = user.rflags | EFLAGS_IF;
	frame[7] = user.rsp;
	frame[8] = user.ss;
	for (unsigned int i = 0; i < WORDS; i++) {
		unsigned long mfn = mfn_of(page_alloc());

		first = i ? first : mfn;
		REQUIRE(mfn == first + i);
	}
	for (unsigned int i = 0; i < WORDS; i++)
		EXPECT_STATUS(update((uint64_t)(first + i) << 12 | MMU_MACHPHYS_UPDATE, frame[i]), 0);
	EXPECT_CRASH("iret with no frame");
	asm volatile("mov %0, %%rsp; syscall" : : "r"(MACH2PHYS_VIRT_START + first * 8), "a"(__HYPERVISOR_iret) : "memory");
	EXPECT_TRUE(false);
}
