/*
 * The local APIC (Intel SDM vol. 3, chapter 11; AMD64 APM vol. 2, chapter 16).
 *
 * Two ways to reach the same registers: a page of memory (xAPIC, 8-bit ids) or model-specific registers
 * (x2APIC, 32-bit ids). Register r, numbered in units of 16 bytes, is at r << 4 of the page or is MSR 0x800
 * + r. The exception is the interrupt command: two words in the page, one 64-bit MSR in x2APIC mode.
 *
 * I1  The mode and the page are the same on all CPUs, and are decided once on the boot CPU.
 * I2  An x2APIC write does not order earlier stores (SDM 11.12.3): a fence goes before each command, so
 *     that whoever is interrupted sees what we wrote before.
 * I3  The timer's local vector is written before the timer is armed, with a fence between (SDM 11.5.4.1).
 */
#include <hyp/arch/x86_msr.h>
#include <hyp/drivers/lapic.h>

#define REGISTER_ID 0x02
#define REGISTER_VERSION 0x03
#define REGISTER_TASK_PRIORITY 0x08
#define REGISTER_EOI 0x0b
#define REGISTER_SPURIOUS 0x0f
#define REGISTER_IN_SERVICE 0x10 /* eight of them */
#define REGISTER_ERRORS 0x28
#define REGISTER_LVT_CMCI 0x2f
#define REGISTER_COMMAND 0x30
#define REGISTER_COMMAND_HIGH 0x31
#define REGISTER_LVT_TIMER 0x32
#define REGISTER_LVT_THERMAL 0x33
#define REGISTER_LVT_COUNTERS 0x34
#define REGISTER_LVT_LINE(n) (0x35 + (n))
#define REGISTER_LVT_ERROR 0x37
#define REGISTER_TIMER_INITIAL 0x38
#define REGISTER_TIMER_CURRENT 0x39
#define REGISTER_TIMER_DIVIDE 0x3e
#define REGISTER_SELF 0x3f /* only in x2APIC mode */
#define PAGE_REGISTERS_BYTES 0x400

#define SPURIOUS_ENABLE 0x100u
#define VERSION_LVT_MAX(v) ((v) >> 16 & 0xff)
#define LVT_MASKED 0x10000u
#define LVT_NMI 0x400u
#define LVT_ACTIVE_LOW 0x2000u
#define LVT_TIMER_DEADLINE 0x40000u
#define TIMER_DIVIDE_BY_1 0x0bu

#define COMMAND_FIXED 0x000u
#define COMMAND_NMI 0x400u
#define COMMAND_INIT 0x500u
#define COMMAND_STARTUP 0x600u
#define COMMAND_PENDING 0x1000u
#define COMMAND_ASSERT 0x4000u
#define COMMAND_TO_SELF 0x40000u

#define WAIT_READS_MAX 1000000
#define CALIBRATE_MS 10
#define CALIBRATE_READS_MAX 100000000
/* Nanoseconds that are looked ahead at most: an hour. What is farther away comes too early, and is armed again. */
#define INTERVAL_MAX BIT(42)
/* In-service vectors that the firmware can have left: each of 256 once. */
#define LEFT_OVER_MAX 256

static struct lapic_config config;
static volatile uint8_t *page; /* NULL in x2APIC mode */
static uint64_t counts_per_ns;	 /* of the timer, 32 bits behind the point, rounded up */
bool lapic_timer_has_deadlines;

static uint32_t register_read(uint32_t index)
{
	return page ? mmio_read32(page + (index << 4)) : (uint32_t)msr_read(MSR_X2APIC_BASE + index);
}

static void register_write(uint32_t index, uint32_t value)
{
	if (page)
		mmio_write32(page + (index << 4), value);
	else
		msr_write(MSR_X2APIC_BASE + index, value);
}

enum status lapic_setup(const struct lapic_config *wanted)
{
	/* A switch to x2APIC cannot be taken back without losing the CPU's state, so the firmware's stays. */
	bool switched = wanted->has_x2apic && (msr_read(MSR_APIC_BASE) & MSR_APIC_BASE_X2APIC);

	config = *wanted;
	lapic_timer_has_deadlines = config.has_deadline;
	page = NULL;
	if (switched || (wanted->has_x2apic && wanted->want_x2apic))
		return OK;
	page = mmio_map(wanted->address, PAGE_REGISTERS_BYTES);
	return page ? OK : E_NOMEM;
}

static void enable_mode(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE);

	/* First to xAPIC, then to x2APIC: both bits at once from off is not a legal step (SDM figure
	   11-27). */
	if (!(base & MSR_APIC_BASE_ENABLE)) {
		base |= MSR_APIC_BASE_ENABLE;
		msr_write(MSR_APIC_BASE, base);
	}
	if (!page && !(base & MSR_APIC_BASE_X2APIC))
		msr_write(MSR_APIC_BASE, base | MSR_APIC_BASE_X2APIC);
}

/* The entry of corrected machine checks is the seventh, and is touched only where it exists. */
static void mask_lines(void)
{
	uint32_t last = VERSION_LVT_MAX(register_read(REGISTER_VERSION));

	register_write(REGISTER_LVT_TIMER, LVT_MASKED);
	register_write(REGISTER_LVT_LINE(0), LVT_MASKED);
	register_write(REGISTER_LVT_LINE(1), LVT_MASKED);
	register_write(REGISTER_LVT_ERROR, LVT_MASKED);
	if (last >= 4)
		register_write(REGISTER_LVT_COUNTERS, LVT_MASKED);
	if (last >= 5)
		register_write(REGISTER_LVT_THERMAL, LVT_MASKED);
	if (last >= 6)
		register_write(REGISTER_LVT_CMCI, LVT_MASKED);
}

static bool has_in_service(void)
{
	for (uint32_t i = 0; i < 8; i++) {
		if (register_read(REGISTER_IN_SERVICE + i))
			return true;
	}
	return false;
}

void lapic_init_cpu(void)
{
	enable_mode();
	register_write(REGISTER_SPURIOUS, SPURIOUS_ENABLE | config.spurious_vector);
	mask_lines();
	register_write(REGISTER_TASK_PRIORITY, 0);
	for (unsigned int i = 0; i < LEFT_OVER_MAX && has_in_service(); i++)
		lapic_eoi();
	(void)lapic_errors();
	register_write(REGISTER_LVT_ERROR, config.error_vector);
}

void lapic_disable_cpu(void)
{
	mask_lines();
	register_write(REGISTER_SPURIOUS, config.spurious_vector);
}

bool lapic_is_x2apic(void)
{
	return !page;
}

uint32_t lapic_id(void)
{
	uint32_t id = register_read(REGISTER_ID);

	return page ? id >> 24 : id;
}

void lapic_eoi(void)
{
	register_write(REGISTER_EOI, 0);
}

uint32_t lapic_errors(void)
{
	/* The write makes the register show what was collected. */
	register_write(REGISTER_ERRORS, 0);
	return register_read(REGISTER_ERRORS);
}

bool lapic_owns_frame(mfn_t frame)
{
	return mfn_equal(frame, paddr_to_mfn(config.address));
}

static bool wait_accepted(void)
{
	for (unsigned int i = 0; i < WAIT_READS_MAX; i++) {
		if (!(register_read(REGISTER_COMMAND) & COMMAND_PENDING))
			return true;
		io_pause();
	}
	return false;
}

static void command_write(uint32_t apic_id, uint32_t command)
{
	if (!page) {
		io_fence();
		msr_write(MSR_X2APIC_BASE + REGISTER_COMMAND, (uint64_t)apic_id << 32 | command);
		return;
	}
	register_write(REGISTER_COMMAND_HIGH, apic_id << 24);
	register_write(REGISTER_COMMAND, command);
}

/* In x2APIC mode the command is never pending. */
static enum status send(uint32_t apic_id, uint32_t command)
{
	if (page && apic_id > 0xff)
		return E_RANGE;
	if (page && !wait_accepted())
		return E_TIMEDOUT;
	command_write(apic_id, command);
	return OK;
}

enum status lapic_send_vector(uint32_t apic_id, uint8_t vector)
{
	return send(apic_id, COMMAND_FIXED | COMMAND_ASSERT | vector);
}

/* The interrupted command keeps its destination, and finds the register as free as it was. */
void lapic_send_self(uint8_t vector)
{
	if (!page) {
		msr_write(MSR_X2APIC_BASE + REGISTER_SELF, vector);
	} else if (wait_accepted()) {
		register_write(REGISTER_COMMAND, COMMAND_FIXED | COMMAND_ASSERT | COMMAND_TO_SELF | vector);
		(void)wait_accepted();
	}
}

enum status lapic_send_nmi(uint32_t apic_id)
{
	return send(apic_id, COMMAND_NMI | COMMAND_ASSERT);
}

enum status lapic_send_init(uint32_t apic_id)
{
	return send(apic_id, COMMAND_INIT | COMMAND_ASSERT);
}

enum status lapic_send_startup(uint32_t apic_id, uint8_t first_page)
{
	return send(apic_id, COMMAND_STARTUP | COMMAND_ASSERT | first_page);
}

void lapic_line_set_nmi(unsigned int line, bool active_low)
{
	register_write(REGISTER_LVT_LINE(line & 1), LVT_NMI | (active_low ? LVT_ACTIVE_LOW : 0));
}

enum status lapic_timer_calibrate(uint32_t tsc_khz)
{
	uint64_t start, end, span = (uint64_t)tsc_khz * CALIBRATE_MS;
	uint32_t passed;

	if (lapic_timer_has_deadlines)
		return OK;
	register_write(REGISTER_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	start = tsc_read();
	register_write(REGISTER_TIMER_INITIAL, UINT32_MAX);
	end = start;
	for (unsigned int i = 0; i < CALIBRATE_READS_MAX && end - start < span; i++)
		end = tsc_read();
	passed = UINT32_MAX - register_read(REGISTER_TIMER_CURRENT);
	register_write(REGISTER_TIMER_INITIAL, 0);
	if (end - start < span)
		return E_NODEV;
	counts_per_ns = ((uint64_t)passed << 32) / ((end - start) * 1000000 / tsc_khz) + 1;
	return passed ? OK : E_NODEV;
}

void lapic_timer_init_cpu(void)
{
	register_write(REGISTER_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	register_write(REGISTER_LVT_TIMER, config.timer_vector | (lapic_timer_has_deadlines ? LVT_TIMER_DEADLINE : 0));
	io_fence();
	lapic_timer_stop();
}

void lapic_timer_stop(void)
{
	if (lapic_timer_has_deadlines)
		msr_write(MSR_TSC_DEADLINE, 0);
	else
		register_write(REGISTER_TIMER_INITIAL, 0);
}

void lapic_timer_at(uint64_t deadline_tsc)
{
	msr_write(MSR_TSC_DEADLINE, MAX(deadline_tsc, UINT64_C(1)));
}

void lapic_timer_after(uint64_t interval_ns)
{
	/* Not shorter than the interval, if it fits. */
	uint64_t count = (uint64_t)((unsigned __int128)MIN(interval_ns, INTERVAL_MAX) * counts_per_ns >> 32) + 1;

	register_write(REGISTER_TIMER_INITIAL, (uint32_t)MIN(count, UINT32_MAX));
}
