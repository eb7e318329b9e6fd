/*
 * The high precision event timer (IA-PC HPET Specification 1.0a). Only the main counter is used. Registers
 * are read 32 bits at a time, since not every chipset answers a 64-bit read at once.
 */
#include <hyp/drivers/hpet.h>
#include <hyp/io.h>

#define CAPABILITIES 0x00
#define PERIOD 0x04
#define CONFIGURATION 0x10
#define COUNTER 0xf0
#define COUNTER_HIGH 0xf4
#define TIMER_CONFIGURATION(n) (0x100 + 0x20 * (n))
#define BYTES 0x400

#define CAPABILITIES_TIMERS(c) (((c) >> 8 & 0x1f) + 1)
#define CAPABILITIES_64_BIT BIT(13)
#define CONFIGURATION_ENABLE 0x1u
#define CONFIGURATION_LEGACY 0x2u
#define TIMER_INTERRUPT 0x4u
#define PERIOD_MIN_FS 100000u	 /* 10 GHz: faster is nonsense */
#define PERIOD_MAX_FS 100000000u /* section 2.3.4 */
#define FEMTOSECONDS_PER_SECOND UINT64_C(1000000000000000)

static volatile uint8_t *registers; /* NULL until it is known to work */
static paddr_t where;
static uint32_t period_fs;
static bool is_64_bit;

static void timers_silence(volatile uint8_t *at, uint32_t timers)
{
	for (uint32_t i = 0; i < timers; i++) {
		uint32_t configuration = mmio_read32(at + TIMER_CONFIGURATION(i));

		mmio_write32(at + TIMER_CONFIGURATION(i), configuration & ~TIMER_INTERRUPT);
	}
}

enum status hpet_init(paddr_t address)
{
	volatile uint8_t *at = mmio_map(address, BYTES);
	uint32_t capabilities, configuration;

	if (!at)
		return E_NOMEM;
	capabilities = mmio_read32(at + CAPABILITIES);
	period_fs = mmio_read32(at + PERIOD);
	if (capabilities == UINT32_MAX || period_fs < PERIOD_MIN_FS || period_fs > PERIOD_MAX_FS)
		return E_NODEV;
	timers_silence(at, CAPABILITIES_TIMERS(capabilities));
	/* Without the legacy route the interrupts of the PIT and the clock arrive again. */
	configuration = mmio_read32(at + CONFIGURATION) & ~CONFIGURATION_LEGACY;
	mmio_write32(at + CONFIGURATION, configuration | CONFIGURATION_ENABLE);
	is_64_bit = capabilities & CAPABILITIES_64_BIT;
	where = address;
	registers = at;
	return OK;
}

bool hpet_is_present(void)
{
	return registers;
}

uint64_t hpet_counter_read(void)
{
	uint32_t high, low, again;

	if (!is_64_bit)
		return mmio_read32(registers + COUNTER);
	high = mmio_read32(registers + COUNTER_HIGH);
	low = mmio_read32(registers + COUNTER);
	again = mmio_read32(registers + COUNTER_HIGH);
	/* The high half changes once in minutes: after a change, the low half read now belongs to the
	   new one. */
	if (again != high)
		low = mmio_read32(registers + COUNTER);
	return (uint64_t)again << 32 | low;
}

uint64_t hpet_counter_mask(void)
{
	return is_64_bit ? UINT64_MAX : UINT32_MAX;
}

uint64_t hpet_hz(void)
{
	return (FEMTOSECONDS_PER_SECOND + period_fs / 2) / period_fs;
}

bool hpet_owns_frame(mfn_t frame)
{
	return registers && mfn_equal(frame, paddr_to_mfn(where));
}
