/*
 * What: time on CPUs whose time-stamp counters are not one clock: the record says so, and time is common all the same.
 * Why: a guest that takes such a counter for the time reads times that run backwards from one vCPU to the other.
 * How: two vCPUs note the time for each other under a lock: neither ever reads an earlier one; the flag is clear on both.
 * A failure means: the flag is set where it is not true, or the time of a CPU is not that of the others.
 * Machine: cpus=2 options=tsc=skewed seconds=90
 */
#include <guest.h>

#define ROUNDS 20000u

static uint32_t taken;
static uint64_t latest;
static volatile uint32_t ready;
static uint64_t backwards[2], flags[2];

static void note_times(void *who)
{
	uint64_t *mine = who;

	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	while (ready != 2)
		__builtin_ia32_pause();
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t now;

		while (__atomic_exchange_n(&taken, 1, __ATOMIC_ACQUIRE))
			__builtin_ia32_pause();
		now = time_now();
		*mine += now < latest;
		latest = now;
		__atomic_store_n(&taken, 0, __ATOMIC_RELEASE);
	}
	flags[mine - backwards] = vcpu_info_here()->time.flags;
}

void test_main(void)
{
	vcpu_start(1, note_times, &backwards[1]);
	note_times(&backwards[0]);
	EXPECT_TRUE(vcpu_join(1));
	for (unsigned int i = 0; i < 2; i++) {
		EXPECT_EQ(backwards[i], 0);
		EXPECT_EQ(flags[i] & XEN_PVCLOCK_TSC_STABLE_BIT, 0);
	}
}
