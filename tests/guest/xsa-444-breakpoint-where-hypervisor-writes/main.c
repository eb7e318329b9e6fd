/*
 * What: breakpoints of a guest on memory that the hypervisor touches for it (exception frames, hypercall buffers,
 *       vcpu_info, descriptor pages) do not disturb the hypervisor.
 * Why: XSA-444 and CVE-2015-8104: a #DB inside the delivery of a #DB, for ever.
 * How: watches each such word and makes the hypervisor touch it.
 * A failure means: one guest hangs or stops the machine.
 */
#include <guest.h>

static uint8_t stack[4096] __attribute__((aligned(16)));
static char text[] = "watched\n";
static unsigned int count;

static bool hook(struct frame *at)
{
	if (at->vector != VECTOR_DB)
		return false;
	/* One too many would be a livelock: the test then ends. */
	if (++count > 100)
		frame_die(at, "breakpoints without end");
	return true;
}

static void watch(const volatile void *address)
{
	EXPECT_STATUS(hc_set_debugreg(0, (uintptr_t)address & ~7ul), 0);
	EXPECT_STATUS(hc_set_debugreg(7, 1 | 3u << 16 | 2u << 18), 0);
}

static void watch_nothing(void)
{
	EXPECT_STATUS(hc_set_debugreg(7, 0), 0);
	EXPECT_STATUS(hc_set_debugreg(6, 0), 0);
}

static void exception_frame(void)
{
	uint64_t rsp;

	asm volatile("mov %%rsp, %0" : "=r"(rsp));
	(void)rsp;
	/* The frame of the ud2 lands on the watched words of this other stack. */
	for (unsigned int offset = 8; offset <= 64; offset += 8) {
		watch(stack + 2048 - offset);
		TRY("mov %[stack], %%rsp; ud2", OUT(), IN([stack] "r"(stack + 2048)));
		EXPECT_EQ(caught.vector, VECTOR_UD);
		watch_nothing();
	}
}

static void buffers(void)
{
	struct xen_feature_info features = {};

	watch(text);
	EXPECT_STATUS(hc_console_io(CONSOLEIO_write, sizeof(text) - 1, text), 0);
	watch(&features);
	EXPECT_STATUS(hc_xen_version(XENVER_get_features, &features), 0);
	watch_nothing();
}

static void shared_words(void)
{
	long port = port_bind_ipi(0);

	REQUIRE(port > 0);
	watch(&shared->vcpu_info[0]);
	EXPECT_STATUS(port_send((unsigned int)port), 0);
	watch(&shared->vcpu_info[0].time);
	time_wait(1000);
	hc_sched_op(SCHEDOP_yield, NULL);
	watch_nothing();
	EXPECT_TRUE(port_pending((unsigned int)port));
}

static void descriptors(void)
{
	uint64_t *gdt = page_alloc();
	unsigned long frame = mfn_of(gdt);

	gdt[1] = 0x00cff2000000ffffull;
	EXPECT_STATUS(table_seal(gdt), 0);
	EXPECT_STATUS(hc_set_gdt(&frame, 16), 0);
	watch(&gdt[1]);
	TRY("mov %%ax, %%es", OUT(), IN("a"(0xb)));
	EXPECT_NO_FAULT();
	EXPECT_STATUS(hc_update_descriptor(machine_of(&gdt[1]), 0x00cff2000000ffffull), 0);
	asm volatile("mov %0, %%es" : : "r"(0));
	watch_nothing();
}

void test_main(void)
{
	trap_hook = hook;
	exception_frame();
	buffers();
	shared_words();
	descriptors();
	print("%u breakpoints\n", count);
	EXPECT_STATUS(hc_xen_version(XENVER_pagesize, NULL), PAGE_BYTES);
}
