/*
 * What: a pending port raises the upcall when, and only when, port and vCPU are unmasked; the bits between follow;
 *       unmasking with the call delivers what waited; iret and any hypercall deliver at once.
 * Why: a lost event hangs a guest; one too many at the wrong time breaks its locks.
 * How: sends IPIs to ourselves with every combination of masks and counts upcalls.
 * A failure means: interrupts get lost or come while disabled.
 */
#include <guest.h>

static unsigned int port;

static void masked_port(void)
{
	struct vcpu_info *info = vcpu_info_here();

	port_mask(port);
	EXPECT_STATUS(port_send(port), 0);
	EXPECT_TRUE(port_pending(port));
	EXPECT_EQ(info->evtchn_upcall_pending, 0);
	EXPECT_EQ(info->evtchn_pending_sel >> (port / 64) & 1, 0);
	EXPECT_EQ(event_count[port], 0);
	/* The call opens it and sets what sending left out. */
	EXPECT_STATUS(port_unmask_call(port), 0);
	EXPECT_TRUE(!port_masked(port));
	EXPECT_EQ(info->evtchn_upcall_pending, 1);
	EXPECT_EQ(info->evtchn_pending_sel >> (port / 64) & 1, 1);
	EXPECT_EQ(event_count[port], 0);
}

static void masked_vcpu(void)
{
	events_enable();
	EXPECT_EQ(event_count[port], 1);
	EXPECT_EQ(upcall_count, 1);
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_mask, 0);
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_pending, 0);
	events_disable();
	EXPECT_STATUS(port_send(port), 0);
	EXPECT_EQ(event_count[port], 1);
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_pending, 1);
	/* Twice sent is once pending. */
	EXPECT_STATUS(port_send(port), 0);
	events_enable();
	EXPECT_EQ(event_count[port], 2);
}

static void open(void)
{
	EXPECT_STATUS(port_send(port), 0);
	EXPECT_EQ(event_count[port], 3);
	EXPECT_EQ(upcall_count, 3);
	/* The handler saw the mask set; after it the mask is as before. */
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_mask, 0);
}

static void pending_by_hand(void)
{
	/* Pending without a port: one upcall, nothing to do. */
	vcpu_info_here()->evtchn_upcall_pending = 1;
	hc_xen_version(XENVER_version, NULL);
	EXPECT_EQ(upcall_count, 4);
	EXPECT_EQ(event_count[port], 3);
	events_disable();
}

static void iret_opens(void)
{
	EXPECT_STATUS(port_send(port), 0);
	EXPECT_EQ(event_count[port], 3);
	/* The trap returns to a frame with IF set: the event comes before the next instruction. */
	attempt = (struct attempt) {};
	TRY("ud2", OUT(), IN());
	EXPECT_EQ(event_count[port], 3);
	vcpu_info_here()->evtchn_upcall_mask = 0;
	TRY("ud2", OUT(), IN());
	EXPECT_EQ(event_count[port], 4);
	events_disable();
}

USER_CODE(code_loop, "1: pause; jmp 1b");

static void from_user_mode(void)
{
	struct frame frame = user_frame(code_loop);

	EXPECT_STATUS(port_send(port), 0);
	/* Entering user mode with IF set lets it in at once: the frame is the user's. */
	EXPECT_EQ(user_run(&frame), VECTOR_EVENT);
	EXPECT_EQ(frame.rip, user_address(code_loop));
	EXPECT_EQ(frame.cs & 3, 3);
	EXPECT_EQ(frame.cs >> 32 & 0xff, 0);
	events_disable();
	event_upcall();
	EXPECT_EQ(event_count[port], 5);
}

void test_main(void)
{
	long got = port_bind_ipi(0);

	REQUIRE(got > 0);
	port = (unsigned int)got;
	user_init();
	masked_port();
	masked_vcpu();
	open();
	pending_by_hand();
	iret_opens();
	from_user_mode();
}
