/*
 * What: in and out of kernel and user code: refused without I/O privilege, executed or swallowed with it, by
 *       set_iopl for the kernel and set_iobitmap for processes.
 * Why: drivers of domain 0 and programs such as hwclock; every other port is the hypervisor's.
 * How: tries ports before and after set_iopl, all widths and forms; gives user code one port by a bitmap.
 * A failure means: domain 0 cannot reach devices, or a process reaches them all.
 */
#include <guest.h>

USER_CODE(code_in_80, "in $0x80, %al; ud2");
USER_CODE(code_in_84, "in $0x84, %al; ud2");

static uint8_t bitmap[8192];

static void without_privilege(void)
{
	TRY("in $0x80, %%al", OUT(), IN(), "rax");
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("out %%al, $0x80", OUT(), IN());
	EXPECT_FAULT(VECTOR_GP, 0);
}

static void iopl_is_checked(void)
{
	struct physdev_set_iopl iopl = { .iopl = 4 };

	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_set_iopl, &iopl), -XEN_EINVAL);
	iopl.iopl = 1;
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
}

static void with_privilege(void)
{
	uint64_t rax = 0;

	TRY("out %%al, $0x80", OUT(), IN("a"(0x5a)));
	EXPECT_NO_FAULT();
	/* The width decides how much of rax changes. */
	rax = 0x1122334455667788ul;
	TRY("in %%dx, %%al", OUT("+a"(rax)), IN("d"(0x80)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(rax & ~0xfful, 0x1122334455667700ul);
	rax = 0x1122334455667788ul;
	TRY("in %%dx, %%ax", OUT("+a"(rax)), IN("d"(0x82)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(rax & ~0xfffful, 0x1122334455660000ul);
	rax = 0x1122334455667788ul;
	TRY("in %%dx, %%eax", OUT("+a"(rax)), IN("d"(0x84)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(rax >> 32, 0);
}

static void withheld_ports_read_ones(void)
{
	/* The interrupt controllers, timer channel 0 and the console's serial port are the hypervisor's. */
	static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x3f8, 0x3fd };

	for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		uint64_t rax = 0;

		TRY("in %%dx, %%al", OUT("+a"(rax)), IN("d"(ports[i])));
		EXPECT_NO_FAULT();
		EXPECT_EQ(rax, 0xff);
	}
	TRY("out %%al, %%dx", OUT(), IN("a"(0xff), "d"(0x21)));
	EXPECT_NO_FAULT();
}

static void strings_of_ports(void)
{
	static uint8_t buffer[4] = { 1, 2, 3, 4 };
	uint64_t to = (uintptr_t)buffer, count = 1;

	TRY("rep insb", OUT("+D"(to), "+c"(count)), IN("d"(0x21)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(count, 0);
	EXPECT_EQ(to, buffer + 1);
	EXPECT_EQ(buffer[0], 0xff);
	EXPECT_EQ(buffer[1], 2);
}

static void user_ports_by_bitmap(void)
{
	struct physdev_set_iobitmap op = { .nr_ports = 65536 };
	struct frame frame = user_frame(code_in_80);

	EXPECT_EQ(user_run(&frame), VECTOR_GP);
	bytes_fill(bitmap, 0xff, sizeof(bitmap));
	bitmap[0x80 / 8] = (uint8_t)~1u;
	set_xen_guest_handle(op.bitmap, bitmap);
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_set_iobitmap, &op), 0);
	frame = user_frame(code_in_80);
	EXPECT_EQ(user_run(&frame), VECTOR_UD);
	frame = user_frame(code_in_84);
	EXPECT_EQ(user_run(&frame), VECTOR_GP);
	op.nr_ports = 65537;
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_set_iobitmap, &op), -XEN_EINVAL);
}

static void cli_and_sti_are_accepted(void)
{
	uint8_t before = vcpu_info_here()->evtchn_upcall_mask;

	TRY("cli", OUT(), IN());
	EXPECT_NO_FAULT();
	TRY("sti", OUT(), IN());
	EXPECT_NO_FAULT();
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_mask, before);
	EXPECT_TRUE(read_flags() & EFLAGS_IF);
}

void test_main(void)
{
	without_privilege();
	iopl_is_checked();
	with_privilege();
	withheld_ports_read_ones();
	strings_of_ports();
	user_ports_by_bitmap();
	cli_and_sti_are_accepted();
}
