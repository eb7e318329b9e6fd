/*
 * What: the runstate of a vCPU, by get_runstate_info and in a registered area: running when asked, times that add up and
 *       grow, blocked time after sleeping.
 * Why: steal time of the guest's scheduler.
 * How: compares both sources, sleeps, compares again; unmaps the area; with the update flag.
 * A failure means: load and steal figures of guests are wrong, or a bad area kills the guest.
 */
#include <guest.h>

static struct vcpu_runstate_info area;

static uint64_t total(const struct vcpu_runstate_info *info)
{
	return info->time[0] + info->time[1] + info->time[2] + info->time[3];
}

static void sleep_ns(uint64_t ns)
{
	struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = time_now() + ns };

	hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer);
	/* A tick from before may end the first sleep. */
	while (time_now() < timer.timeout_abs_ns)
		hc_sched_op(SCHEDOP_block, NULL);
	events_disable();
}

void test_main(void)
{
	struct vcpu_runstate_info now = {}, later = {};
	struct vcpu_register_runstate_memory_area registration = { .addr.p = (uintptr_t)&area };

	EXPECT_TRUE(port_bind_virq(VIRQ_TIMER, 0) > 0);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_get_runstate_info, 0, &now), 0);
	EXPECT_EQ(now.state, RUNSTATE_running);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &registration), 0);
	EXPECT_EQ(area.state, RUNSTATE_running);
	EXPECT_TRUE(area.state_entry_time <= time_now() + 1000000);
	sleep_ns(30000000);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_get_runstate_info, 0, &later), 0);
	EXPECT_TRUE(later.time[RUNSTATE_blocked] >= now.time[RUNSTATE_blocked] + 20000000);
	EXPECT_TRUE(total(&later) > total(&now));
	EXPECT_EQ(area.state, RUNSTATE_running);
	EXPECT_TRUE(area.time[RUNSTATE_blocked] >= now.time[RUNSTATE_blocked] + 20000000);
	EXPECT_EQ(area.time[RUNSTATE_offline], later.time[RUNSTATE_offline]);

	EXPECT_STATUS(hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag), 0);
	sleep_ns(5000000);
	EXPECT_EQ(area.state_entry_time & XEN_RUNSTATE_UPDATE, 0);

	/* An area that is not mapped any more: the update is left out, and nothing else happens. */
	uint8_t *page = page_alloc();

	registration.addr.p = (uintptr_t)page;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &registration), 0);
	EXPECT_STATUS(map(page, 0), 0);
	sleep_ns(5000000);
	registration.addr.p = HYPERVISOR_VIRT_START;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &registration), -XEN_EFAULT);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_get_runstate_info, 7, &now), -XEN_ENOENT);
}
