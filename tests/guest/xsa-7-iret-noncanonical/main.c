/*
 * What: iret to a non-canonical rip, and with a non-canonical rsp, is an exception in the guest.
 * Why: XSA-7 (SYSRET to such an address faults in ring 0, on the guest's stack): the way out of the hypervisor must
 *      never fault there.
 * How: returns to 0x800000000000 in kernel and in user mode, with good and bad stacks.
 * A failure means: a guest can make the hypervisor fault with a stack of its choice: full control of the machine.
 */
#include <guest.h>

#define BAD 0x800000000000ul

USER_CODE(code_ud2, "ud2");

static struct frame frame;
static struct frame seen;
static unsigned int count;

static bool hook(struct frame *at)
{
	seen = *at;
	count++;
	user_leave(at);
}

static void kernel_rip(uint64_t rip)
{
	uint64_t here;

	asm volatile("mov %%rsp, %0" : "=r"(here));
	frame = (struct frame){
		.rip = rip, .cs = FLAT_KERNEL_CS & ~3ul, .ss = FLAT_KERNEL_SS, .rflags = 2, .rsp = here - 2048
	};
	kernel_run(&frame);
	EXPECT_EQ(seen.vector, VECTOR_GP);
	EXPECT_EQ(seen.rip, rip);
}

static void user_rip(uint64_t rip)
{
	frame = user_frame(code_ud2);
	frame.rip = rip;
	user_run(&frame);
	EXPECT_EQ(frame.vector, VECTOR_GP);
	EXPECT_EQ(frame.rip, rip);
}

static void user_rsp(void)
{
	frame = user_frame(code_ud2);
	frame.rsp = BAD;
	user_run(&frame);
	/* rsp itself is only bad when used. */
	EXPECT_TRUE(frame.vector == VECTOR_UD || frame.vector == VECTOR_GP || frame.vector == VECTOR_SS ||
		    frame.vector == VECTOR_FAILSAFE);
}

void test_main(void)
{
	user_init();
	trap_hook = hook;
	kernel_rip(BAD);
	kernel_rip(0xffff7ffffffff000ul);
	user_rip(BAD);
	user_rip(0xffff7ffffffff000ul);
	user_rsp();
}
