/*
 * What: timers with deadlines at both ends of 64 bits neither stop the machine nor fire for ever.
 * Why: XSA-20: an overflow in the deadline made the hypervisor's timer loop spin.
 * How: sets extreme deadlines by every call, then sees that time goes on and an ordinary timer fires.
 * A failure means: one guest stops all.
 */
#include <guest.h>

static const uint64_t extremes[] = { 1,
				     2,
				     1ul << 31,
				     1ul << 32,
				     1ul << 50,
				     1ul << 51,
				     1ul << 62,
				     (1ul << 63) - 1,
				     1ul << 63,
				     (1ul << 63) + 1,
				     ~0ul - 1000000,
				     ~0ul - 1,
				     ~0ul };

void test_main(void)
{
	long port = port_bind_virq(VIRQ_TIMER, 0);
	struct vcpu_set_singleshot_timer timer = {};

	REQUIRE(port > 0);
	for (unsigned int i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++) {
		timer.timeout_abs_ns = extremes[i];
		timer.flags = 0;
		EXPECT_TRUE(hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer) <= 0);
		timer.flags = VCPU_SSHOTTMR_future;
		EXPECT_TRUE(hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer) <= 0);
		EXPECT_TRUE(hc_set_timer_op(extremes[i]) <= 0);
		struct vcpu_set_periodic_timer periodic = { .period_ns = extremes[i] };

		EXPECT_TRUE(hc_vcpu_op(VCPUOP_set_periodic_timer, 0, &periodic) <= 0);
	}
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	uint64_t before = time_now();

	timer.flags = 0;
	timer.timeout_abs_ns = before + 20000000;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), 0);
	events_enable();
	time_wait(5000000);
	unsigned int already = event_count[port];

	EXPECT_TRUE(wait_for_count(&event_count[port], already + 1, 2000000000ul));
	EXPECT_TRUE(time_now() - before >= 19000000);
	EXPECT_TRUE(time_now() - before < 3000000000ul);
}
