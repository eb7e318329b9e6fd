/* Sources of interrupts: when a line may be moved, against a model of an IO-APIC's table; where a table of messages may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arch/x86/irq_source.h>
#include <fakes/pci_fake.h>
#include <hyp/arch_pt.h>
#include <hyp/domain.h>
#include <hyp/drivers/ioapic.h>

#define IO_APIC 0xfec00000u
#define LINES 24u
#define GSI 20u
#define LOW (2 * GSI)

#define MASKED (1u << 16)
#define LEVEL (1u << 15)
#define IN_SERVICE (1u << 14)

#define VECTOR 0x51

#define CAPABILITY 0x50
#define DEVICES 0xfd000000u
#define TABLE_OFFSET 0x800u

static uint32_t selected, table[2 * LINES];
static uint8_t io_apic_memory[128];

static uint32_t io_apic_read(uint64_t offset, unsigned int bytes)
{
	assert_int_equal(bytes, 4);
	assert_int_equal(offset, 0x10);
	if (selected == 1)
		return (LINES - 1) << 16 | 0x11;
	return selected >= 0x10 && selected < 0x10 + 2 * LINES ? table[selected - 0x10] : 0;
}

static void io_apic_write(uint64_t offset, unsigned int bytes, uint32_t value)
{
	assert_int_equal(bytes, 4);
	if (!offset) {
		selected = value;
		return;
	}
	assert_in_range(selected, 0x10, 0x10 + 2 * LINES - 1);
	table[selected - 0x10] = value;
}

static const struct io_fake_registers io_apic = {io_apic_read, io_apic_write};
static const struct irq_source level = {.kind = IRQ_SOURCE_GSI, .gsi = GSI, .level = true, .active_low = true};
static const struct irq_source edge = {.kind = IRQ_SOURCE_GSI, .gsi = GSI};

static int group_set_up(void **state)
{
	(void)state;
	pci_fake_reset();
	io_fake_add_memory(IO_APIC, io_apic_memory, sizeof(io_apic_memory), &io_apic);
	return ioapic_add(IO_APIC, 0);
}

/* In service is the chip's to say. */
static void goes_to_1(const struct irq_source *source, uint32_t in_service)
{
	assert_int_equal(irq_source_program(source, VECTOR, 1), OK);
	table[LOW] |= in_service;
}

static uint32_t destination(void) { return table[LOW + 1] >> 24; }

static void level_in_service_is_not_moved(void **state)
{
	(void)state;
	goes_to_1(&level, IN_SERVICE);
	assert_int_equal(irq_source_move(&level, VECTOR, 2, true), E_BUSY);
	assert_int_equal(destination(), 1);
	assert_int_equal(table[LOW] & 0xff, VECTOR);
	assert_true(table[LOW] & LEVEL);
}

static void level_that_has_ended_is_moved_and_stays_masked(void **state)
{
	(void)state;
	goes_to_1(&level, 0);
	assert_int_equal(irq_source_move(&level, VECTOR, 2, true), OK);
	assert_int_equal(destination(), 2);
	assert_true(table[LOW] & MASKED);
}

static void edge_is_moved_and_goes_on(void **state)
{
	(void)state;
	goes_to_1(&edge, 0);
	assert_int_equal(irq_source_move(&edge, VECTOR, 2, false), OK);
	assert_int_equal(destination(), 2);
	assert_false(table[LOW] & MASKED);
}

/* Four entries in the first BAR. */
static void virtual_function_present(void)
{
	pci_fake_set(PCI_VENDOR_ID, 4, UINT32_MAX);
	pci_fake_set(PCI_CAPABILITY_POINTER, 1, CAPABILITY);
	pci_fake_set(CAPABILITY, 2, PCI_CAPABILITY_MSIX);
	pci_fake_set(CAPABILITY + 2, 2, 3);
	pci_fake_set(CAPABILITY + 4, 4, TABLE_OFFSET);
}

static void table_is_found_only_among_devices(void **state)
{
	static uint8_t registers[0x1000];
	static struct domain privileged = {.privileged = true};
	struct msix_table found;

	(void)state;
	virtual_function_present();
	io_fake_add_memory(DEVICES, registers, sizeof(registers), NULL);
	domain0 = &privileged;
	fake_iomem_first = DEVICES >> PAGE_SHIFT;
	assert_int_equal(irq_source_find_table(PCI_FAKE_FUNCTION, DEVICES, &found), OK);
	assert_int_equal(found.address, DEVICES + TABLE_OFFSET);
	assert_int_equal(found.entries, 4);
	assert_int_equal(irq_source_find_table(PCI_FAKE_FUNCTION, DEVICES - PAGE_BYTES, &found), E_NXIO);
	assert_int_equal(irq_source_find_table(PCI_FAKE_FUNCTION, UINT64_MAX - TABLE_OFFSET, &found), E_NXIO);
	assert_int_equal(irq_source_find_table(PCI_FAKE_FUNCTION, 0, &found), E_NXIO);
	domain0 = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(level_in_service_is_not_moved),
		cmocka_unit_test(level_that_has_ended_is_moved_and_stays_masked),
		cmocka_unit_test(table_is_found_only_among_devices),
		cmocka_unit_test(edge_is_moved_and_goes_on),
	};

	return cmocka_run_group_tests(tests, group_set_up, NULL);
}
