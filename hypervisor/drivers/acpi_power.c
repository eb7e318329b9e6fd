/*
 * How the machine is switched off and restarted (ACPI Specification 6.4, sections 4.8.3.2 and 4.8.3.6; the
 * keyboard controller and the reset control port 0xcf9 of the PC chipsets).
 *
 * There are many ways to restart a PC and each machine ignores some. They are tried from the most to the
 * least polite, with time between. The last cannot fail: an exception without a descriptor table shuts the
 * processor down, and the chipset answers a shutdown with a reset.
 */
#include <hyp/drivers/acpi_power.h>
#include <hyp/io.h>

#define PM1_SLEEP_ENABLE 0x2000u

#define KEYBOARD_STATUS 0x64
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_STATUS_FULL 0x02
#define KEYBOARD_PULSE_RESET 0xfe

#define RESET_CONTROL 0xcf9
#define RESET_CONTROL_HARD 0x02
#define RESET_CONTROL_GO 0x04

#define DELAY 0x80 /* a write takes about a microsecond */
#define KEYBOARD_WAIT_MAX 0x10000
#define PATIENCE_US 100000
#define SLEEP_PATIENCE_US 3000000

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_ADDRESS_ENABLE 0x80000000u

static struct acpi_power_config power;
static volatile uint8_t *reset_memory; /* mapped early: a machine that stops maps nothing */

void acpi_power_setup(const struct acpi_power_config *config)
{
	power = *config;
	if (power.reset_address && power.reset_space == ACPI_SPACE_MEMORY)
		reset_memory = mmio_map(power.reset_address, 1);
}

static void wait_us(unsigned int microseconds)
{
	for (unsigned int i = 0; i < microseconds; i++)
		io_out8(DELAY, 0);
}

enum status acpi_power_sleep(uint16_t pm1a_value, uint16_t pm1b_value)
{
	uint16_t a = pm1a_value & (uint16_t)~PM1_SLEEP_ENABLE, b = pm1b_value & (uint16_t)~PM1_SLEEP_ENABLE;

	if (!power.pm1a_control)
		return E_NODEV;
	/* The type is written first without, then with the bit that acts: some chipsets latch it by then
	   only. */
	io_out16(power.pm1a_control, a);
	if (power.pm1b_control)
		io_out16(power.pm1b_control, b);
	io_out16(power.pm1a_control, a | PM1_SLEEP_ENABLE);
	if (power.pm1b_control)
		io_out16(power.pm1b_control, b | PM1_SLEEP_ENABLE);
	wait_us(SLEEP_PATIENCE_US);
	return E_TIMEDOUT;
}

bool acpi_power_owns_port(uint16_t port)
{
	return (power.pm1a_control && (uint16_t)(port - power.pm1a_control) < 2) ||
	       (power.pm1b_control && (uint16_t)(port - power.pm1b_control) < 2);
}

/* Device in bits 36:32, function in 18:16, offset in 7:0, all on bus 0. Without the lock of the ports:
   its holder may be who failed. */
static void reset_by_pci(void)
{
	uint32_t device = power.reset_address >> 32 & 0x1f, function = power.reset_address >> 16 & 7;
	uint32_t offset = power.reset_address & 0xff;

	io_out32(PCI_ADDRESS, PCI_ADDRESS_ENABLE | device << 11 | function << 8 | (offset & 0xfc));
	io_out8((uint16_t)(PCI_DATA + (offset & 3)), power.reset_value);
}

static void reset_by_acpi(void)
{
	if (!power.reset_address)
		return;
	switch (power.reset_space) {
	case ACPI_SPACE_MEMORY:
		if (reset_memory)
			mmio_write8(reset_memory, power.reset_value);
		break;
	case ACPI_SPACE_PORTS:
		io_out8((uint16_t)power.reset_address, power.reset_value);
		break;
	case ACPI_SPACE_PCI:
		reset_by_pci();
		break;
	}
	wait_us(PATIENCE_US);
}

static void reset_by_keyboard(void)
{
	for (unsigned int i = 0; i < KEYBOARD_WAIT_MAX; i++) {
		if (!(io_in8(KEYBOARD_STATUS) & KEYBOARD_STATUS_FULL))
			break;
		wait_us(2);
	}
	io_out8(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
	wait_us(PATIENCE_US);
}

static void reset_by_chipset(void)
{
	uint8_t control = io_in8(RESET_CONTROL) & (uint8_t)~(RESET_CONTROL_HARD | RESET_CONTROL_GO);

	io_out8(RESET_CONTROL, control | RESET_CONTROL_HARD);
	wait_us(50);
	io_out8(RESET_CONTROL, control | RESET_CONTROL_HARD | RESET_CONTROL_GO);
	wait_us(PATIENCE_US);
}

[[gnu::noreturn]] static void reset_by_shutdown(void)
{
	static const struct [[gnu::packed]] {
		uint16_t limit;
		uint64_t base;
	} no_table;

	__asm__ volatile("lidt %0; int3" : : "m"(no_table));
	for (;;)
		__asm__ volatile("cli; hlt");
}

void machine_reset(void)
{
	reset_by_acpi();
	reset_by_keyboard();
	reset_by_chipset();
	reset_by_shutdown();
}
