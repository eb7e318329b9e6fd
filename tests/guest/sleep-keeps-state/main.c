/*
 * What: a vCPU that sleeps finds its registers as they were: SSE, MXCSR, x87 control, segments, bases, debug registers;
 *       alone on its processor, and with another that sleeps and runs in between. Its way in from user mode still works.
 * Why: a processor that idled may still hold the state of who slept there; whose state it is must never be mistaken.
 * How: two vCPUs on one processor fill their registers with patterns of their own, sleep by timer, and compare after each sleep.
 * A failure means: guests compute wrongly, or read each other's secrets.
 * Machine: cpus=1 vcpus=2
 */
#include <guest.h>

#define MS 1000000ul
#define ROUNDS 20

USER_CODE(code_system_call, "syscall; ud2");

static uint8_t patterns[2][256] __attribute__((aligned(16)));
static uint8_t results[2][256] __attribute__((aligned(16)));
static uint64_t cells[2] = { 0xaaaa, 0xbbbb };

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

static uint64_t msr_read(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (uint64_t)high << 32;
}

static uint64_t fs_word(void)
{
	uint64_t value;

	asm volatile("mov %%fs:0, %0" : "=r"(value));
	return value;
}

/* Sleeps until a moment a little apart from the other's, so that each now and then sleeps alone. */
static void sleep_short(unsigned int who)
{
	struct sched_poll poll = { .timeout = time_now() + MS + who * MS / 3 };

	EXPECT_STATUS(hc_sched_op(SCHEDOP_poll, &poll), 0);
}

static unsigned int sleeps_and_compares(unsigned int who)
{
	uint32_t mxcsr = 0x1f80 | (who ? 0x6000 : 0x2000), got;
	uint16_t control = who ? 0x27f : 0x37f, got_control;
	unsigned int wrong = 0;

	hc_set_segment_base(SEGBASE_FS, (uintptr_t)&cells[who]);
	hc_set_segment_base(SEGBASE_GS_USER, 0x1000 * (who + 1));
	hc_set_debugreg(0, 0x5000 + who);
	asm volatile("ldmxcsr %0" : : "m"(mxcsr));
	asm volatile("fldcw %0" : : "m"(control));
	registers_load(patterns[who]);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		sleep_short(who);
		registers_store(results[who]);
		asm volatile("stmxcsr %0" : "=m"(got));
		asm volatile("fnstcw %0" : "=m"(got_control));
		wrong += bytes_compare(results[who], patterns[who], 256) != 0 || got != mxcsr || got_control != control ||
			 fs_word() != cells[who] || msr_read(0xc0000102) != 0x1000 * (who + 1) ||
			 hc_get_debugreg(0) != (long)(0x5000 + who);
	}
	return wrong;
}

static void second(void *argument)
{
	(void)argument;
	EXPECT_EQ(sleeps_and_compares(1), 0);
}

/* What the trap on FPU use, and the way in from user mode, were set to before the sleep holds after it. */
static void modes_are_kept(void)
{
	struct frame frame;

	hc_fpu_taskswitch(1);
	sleep_short(0);
	TRY("fninit", OUT(), IN());
	EXPECT_EQ(caught.vector, VECTOR_NM);
	user_init();
	for (unsigned int i = 0; i < 3; i++) {
		frame = user_frame(code_system_call);
		EXPECT_EQ(user_run(&frame), VECTOR_SYSCALL);
		sleep_short(0);
	}
}

void test_main(void)
{
	for (unsigned int i = 0; i < 256; i++) {
		patterns[0][i] = (uint8_t)(i + 1);
		patterns[1][i] = (uint8_t)(i * 3 + 0x80);
	}
	EXPECT_EQ(sleeps_and_compares(0), 0);
	vcpu_start(1, second, NULL);
	EXPECT_EQ(sleeps_and_compares(0), 0);
	EXPECT_TRUE(vcpu_join(1));
	EXPECT_EQ(sleeps_and_compares(0), 0);
	modes_are_kept();
}
