/*
 * What: the vCPU's time records and the wall clock: never backwards, at the right rate, with versions that are even and change.
 * Why: every clock of the guest is computed from it.
 * How: reads it many times across hypercalls and sleeps; compares with the wall clock and its version; sets it anew.
 * A failure means: time jumps in the guest.
 */
#include <guest.h>

#define SECOND_NS 1000000000ul
#define SLEEP_NS 5000000ul
/* Records are written again at least once in so long a time, if the vCPU wakes at its end. */
#define RENEWAL_NS (3 * SECOND_NS / 2)

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

static void sleep_ns(uint64_t ns)
{
	struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = time_now() + ns };

	EXPECT_STATUS(hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), 0);
	while (time_now() < timer.timeout_abs_ns)
		hc_sched_op(SCHEDOP_block, NULL);
}

/* A reader that came while the record changed clears the lowest bit of what it saw: that must not be what comes next. Seen
   where the change breaks off, since all behind the version lies on a page that is not there. */
static void the_version_is_one_more_while_it_changes(void)
{
	static uint8_t pages[2 * PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
	volatile struct vcpu_time_info *record = (void *)(pages + PAGE_BYTES - offsetof(struct vcpu_time_info, tsc_timestamp));
	struct vcpu_register_time_memory_area area = { .addr.p = (uintptr_t)record };
	uintptr_t behind = (uintptr_t)pages + PAGE_BYTES;
	uint64_t entry = *entry_of((void *)behind, 1);
	bool is_one_more = false;

	EXPECT_STATUS(hc_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area), 0);
	/* It may be written more than once in a sleep; Xen begins nothing that it cannot end. */
	for (unsigned int i = 0; i < 10 && !is_one_more; i++) {
		uint32_t version = record->version;

		EXPECT_EQ(version % 2, 0);
		EXPECT_STATUS(hc_update_va_mapping(behind, 0, UVMF_INVLPG), 0);
		sleep_ns(SLEEP_NS);
		is_one_more = record->version == version + 1 || record->version == version;
		EXPECT_STATUS(hc_update_va_mapping(behind, entry, UVMF_INVLPG), 0);
		sleep_ns(SLEEP_NS);
	}
	EXPECT_TRUE(is_one_more);
	area.addr.p = 0;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area), 0);
}

/* A second record, registered, says what the first does; whoever reads it on another CPU sees by the version that it was
   written again, as it is when the vCPU has slept. */
static void second_record(void)
{
	static volatile struct vcpu_time_info record;
	const volatile struct vcpu_time_info *first = &vcpu_info_here()->time;
	struct vcpu_register_time_memory_area area = { .addr.p = (uintptr_t)&record };
	uint32_t version;

	EXPECT_STATUS(hc_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area), 0);
	EXPECT_EQ(record.tsc_to_system_mul, first->tsc_to_system_mul);
	EXPECT_EQ(record.tsc_shift, first->tsc_shift);
	EXPECT_EQ(record.flags, first->flags);
	version = record.version;
	EXPECT_TRUE(version && version % 2 == 0);
	sleep_ns(RENEWAL_NS);
	EXPECT_TRUE(record.version != version && record.version % 2 == 0);
	/* They follow the clock: to a kernel that counts from them second by second it is never far. */
	sleep_ns(6 * SECOND_NS);
	EXPECT_TRUE(time_now() - first->system_time < 5 * SECOND_NS);
	EXPECT_EQ(record.tsc_timestamp, first->tsc_timestamp);
	EXPECT_EQ(record.system_time, first->system_time);
	area.addr.p = 0;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area), 0);
}

void test_main(void)
{
	never_backwards();
	EXPECT_TRUE(port_bind_virq(VIRQ_TIMER, 0) > 0);
	second_record();
	the_version_is_one_more_while_it_changes();
	wall_clock();
}
