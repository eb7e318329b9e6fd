/*
 * What: the vCPU's time record and the wall clock: never backwards, at the right rate, with an even version.
 * Why: every clock of the guest is computed from it.
 * How: reads it many times across hypercalls and sleeps; compares with the wall clock and its version; sets it anew.
 * A failure means: time jumps in the guest.
 */
#include <guest.h>

static void never_backwards(void)
{
	uint64_t last = time_now(), wrong = 0;

	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t now = time_now();

		wrong += now < last;
		last = now;
		if (i % 100 == 0)
			hc_sched_op(SCHEDOP_yield, NULL);
	}
	EXPECT_EQ(wrong, 0);
	EXPECT_TRUE(last < 120ul * 1000000000);
	EXPECT_EQ(vcpu_info_here()->time.version % 2, 0);
	EXPECT_TRUE(vcpu_info_here()->time.tsc_to_system_mul != 0);
}

static uint64_t wall_seconds(void)
{
	const volatile struct shared_info *info = shared;

	return info->wc_sec | (uint64_t)info->wc_sec_hi << 32;
}

static void wall_clock(void)
{
	struct xen_platform_op op = { .cmd = XENPF_settime64 };

	EXPECT_EQ(shared->wc_version % 2, 0);
	/* After 2020, before 2100. */
	EXPECT_TRUE(wall_seconds() > 1577836800ul && wall_seconds() < 4102444800ul);
	EXPECT_TRUE(shared->wc_nsec < 1000000000);

	uint32_t version = shared->wc_version;
	uint64_t now = time_now();

	op.u.settime64.secs = 2000000000;
	op.u.settime64.nsecs = 500000000;
	op.u.settime64.system_time = now;
	EXPECT_STATUS(hc_platform_op(&op), 0);
	uint64_t base = 2000000000ul * 1000000000 + 500000000 - now;

	EXPECT_EQ(wall_seconds() * 1000000000 + shared->wc_nsec, base);
	EXPECT_TRUE(shared->wc_version != version && shared->wc_version % 2 == 0);
	op.u.settime64.mbz = 1;
	EXPECT_STATUS(hc_platform_op(&op), -XEN_EINVAL);
}

void test_main(void)
{
	never_backwards();
	wall_clock();
}
