/*
 * What: operations, types and counts are 32 bits wide: what a kernel leaves in the upper half of their registers means
 *       nothing. Values and addresses are 64 bits wide.
 * Why: a compiler may leave anything in the upper half of a register that holds an int.
 * How: one operation of each family, with and without a set bit 35.
 * A failure means: calls of some kernels fail at random.
 */
#include <guest.h>

#define HIGH (1ul << 35)

void test_main(void)
{
	struct evtchn_status status = {.dom = DOMID_SELF, .port = 1};
	struct physdev_set_iopl iopl = {.iopl = 1};
	struct gnttab_query_size size = {.dom = DOMID_SELF};
	struct callback_register callback = {.type = CALLBACKTYPE_event, .address = (uintptr_t)callback_event};
	uint64_t value;

	EXPECT_STATUS(HC(__HYPERVISOR_xen_version, HIGH | XENVER_version, 0, 0, 0, 0), 4 << 16 | 17);
	EXPECT_STATUS(HC(__HYPERVISOR_event_channel_op, HIGH | EVTCHNOP_status, &status, 0, 0, 0), 0);
	EXPECT_STATUS(HC(__HYPERVISOR_physdev_op, HIGH | PHYSDEVOP_set_iopl, &iopl, 0, 0, 0), 0);
	EXPECT_STATUS(HC(__HYPERVISOR_sched_op, HIGH | SCHEDOP_yield, 0, 0, 0, 0), 0);
	EXPECT_STATUS(HC(__HYPERVISOR_callback_op, HIGH | CALLBACKOP_register, &callback, 0, 0, 0), 0);
	EXPECT_STATUS(HC(__HYPERVISOR_grant_table_op, HIGH | GNTTABOP_query_size, &size, HIGH | 1, 0, 0), 0);
	EXPECT_STATUS(HC(__HYPERVISOR_vcpu_op, HIGH | VCPUOP_is_up, HIGH, 0, 0, 0), 1);
	EXPECT_STATUS(HC(__HYPERVISOR_vm_assist, HIGH | VMASST_CMD_enable, HIGH | VMASST_TYPE_runstate_update_flag, 0, 0, 0),
		      0);
	EXPECT_STATUS(HC(__HYPERVISOR_console_io, HIGH | CONSOLEIO_write, HIGH | 8, "console\n", 0, 0), 0);
	EXPECT_STATUS(HC(__HYPERVISOR_set_segment_base, HIGH | SEGBASE_GS_USER, 0x123456789000ul, 0, 0, 0), 0);
	TRY("rdmsr; shl $32, %%rdx; or %%rdx, %%rax", OUT("=a"(value)), IN("c"(0xc0000102)), "rdx");
	EXPECT_EQ(value, 0x123456789000ul);
	EXPECT_STATUS(HC(__HYPERVISOR_set_debugreg, HIGH | 3, 0x123456789000ul, 0, 0, 0), 0);
	EXPECT_STATUS(HC(__HYPERVISOR_get_debugreg, HIGH | 3, 0, 0, 0, 0), 0x123456789000l);
	EXPECT_STATUS(HC(__HYPERVISOR_multicall, 0, HIGH, 0, 0, 0), 0);
	EXPECT_STATUS(HC(__HYPERVISOR_mmu_update, 0, HIGH, 0, DOMID_SELF, 0), 0);
	EXPECT_STATUS(HC(__HYPERVISOR_mmuext_op, 0, HIGH, 0, DOMID_SELF, 0), 0);
}
