/* IO-APICs, against a model of the chip: an index register, a data register, a table, an EOI register. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fakes/io_fake.h>
#include <hyp/drivers/ioapic.h>

#define OLD_ADDRESS 0xfec00000u
#define NEW_ADDRESS 0xfec01000u
#define LINES 24
#define NEW_GSI 100

#define MASKED (1u << 16)
#define LEVEL (1u << 15)
#define IN_SERVICE (1u << 14)
#define SMI (2u << 8)

struct model {
	uint32_t index, version;
	uint32_t table[2 * LINES];
	bool torn;	       /* the destination changed while the line was not masked */
	bool unmasked_as_edge; /* the line was an edge and not masked, ever */
	unsigned int eois;
};

static struct model old_chip, new_chip;
static uint8_t old_memory[128], new_memory[128];

static uint32_t model_read(struct model *m, uint64_t offset)
{
	assert_int_equal(offset, 0x10);
	if (m->index == 0)
		return 2u << 24;
	if (m->index == 1)
		return m->version;
	if (m->index >= 0x10 && m->index < 0x10 + 2 * LINES)
		return m->table[m->index - 0x10];
	return 0;
}

static void table_write(struct model *m, uint32_t at, uint32_t value)
{
	if (at & 1) {
		m->torn |= m->table[at] != value && !(m->table[at - 1] & MASKED);
		m->table[at] = value;
		return;
	}
	m->unmasked_as_edge |= !(value & (MASKED | LEVEL));
	/* In service is the chip's to say; it forgets it when the line becomes an edge. */
	m->table[at] = (value & ~IN_SERVICE) | (value & LEVEL ? m->table[at] & IN_SERVICE : 0);
}

static void model_write(struct model *m, uint64_t offset, uint32_t value)
{
	if (offset == 0) {
		m->index = value;
	} else if (offset == 0x40) {
		m->eois++;
		for (unsigned int i = 0; i < LINES; i++) {
			if ((m->table[2 * i] & 0xff) == value)
				m->table[2 * i] &= ~IN_SERVICE;
		}
	} else {
		assert_int_equal(offset, 0x10);
		assert_in_range(m->index, 0x10, 0x10 + 2 * LINES - 1);
		table_write(m, m->index - 0x10, value);
	}
}

static uint32_t old_read(uint64_t offset, unsigned int bytes)
{
	assert_int_equal(bytes, 4);
	return model_read(&old_chip, offset);
}
static void old_write(uint64_t offset, unsigned int bytes, uint32_t value)
{
	assert_int_equal(bytes, 4);
	model_write(&old_chip, offset, value);
}
static uint32_t new_read(uint64_t offset, unsigned int bytes)
{
	assert_int_equal(bytes, 4);
	return model_read(&new_chip, offset);
}
static void new_write(uint64_t offset, unsigned int bytes, uint32_t value)
{
	assert_int_equal(bytes, 4);
	model_write(&new_chip, offset, value);
}

static const struct io_fake_registers old_registers = {old_read, old_write}, new_registers = {new_read, new_write};

/* A third address that reads all-ones. */
static uint8_t absent_memory[128];

static int group_set_up(void **state)
{
	(void)state;
	io_fake_reset();
	old_chip.version = (LINES - 1) << 16 | 0x11;
	new_chip.version = (LINES - 1) << 16 | 0x20;
	memset(absent_memory, 0xff, sizeof(absent_memory));
	io_fake_add_memory(OLD_ADDRESS, old_memory, 0x44, &old_registers);
	io_fake_add_memory(NEW_ADDRESS, new_memory, sizeof(new_memory), &new_registers);
	io_fake_add_memory(0xfec02000, absent_memory, sizeof(absent_memory), NULL);
	return ioapic_add(OLD_ADDRESS, 0) || ioapic_add(NEW_ADDRESS, NEW_GSI);
}

static int set_up(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LINES; i++) {
		old_chip.table[2 * i] = new_chip.table[2 * i] = MASKED;
		old_chip.table[2 * i + 1] = new_chip.table[2 * i + 1] = 0;
	}
	old_chip.torn = new_chip.torn = old_chip.unmasked_as_edge = new_chip.unmasked_as_edge = false;
	new_chip.eois = old_chip.eois = 0;
	ioapic_configure(false, false);
	return 0;
}

static void gsis_belong_to_the_chip_that_has_them(void **state)
{
	(void)state;
	assert_int_equal(ioapic_count(), 2);
	assert_int_equal(ioapic_gsi_end(), NEW_GSI + LINES);
	assert_true(ioapic_has_gsi(0));
	assert_true(ioapic_has_gsi(LINES - 1));
	assert_false(ioapic_has_gsi(LINES));
	assert_false(ioapic_has_gsi(NEW_GSI - 1));
	assert_true(ioapic_has_gsi(NEW_GSI));
	assert_false(ioapic_has_gsi(NEW_GSI + LINES));
	assert_false(ioapic_has_gsi(UINT32_MAX));
}

static void chip_that_is_not_there_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ioapic_add(0xfec02000, 500), E_NODEV);
	assert_int_equal(ioapic_add(0xfec03000, 500), E_NOMEM);
}

static void chip_whose_interrupts_overlap_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ioapic_add(NEW_ADDRESS, NEW_GSI + LINES - 1), E_EXIST);
	assert_int_equal(ioapic_add(NEW_ADDRESS, NEW_GSI - LINES + 1), E_EXIST);
	assert_int_equal(ioapic_add(NEW_ADDRESS, UINT32_MAX - 3), E_EXIST);
	assert_int_equal(ioapic_count(), 2);
}

/* But the two that firmware made system management interrupts, of which it masked one. The other modes are lowest priority,
   NMI and ExtINT. */
static void all_lines_are_masked_when_a_chip_is_added(void **state)
{
	(void)state;
	memset(new_chip.table, 0, sizeof(new_chip.table));
	new_chip.table[2 * 3] = 0x100;
	new_chip.table[2 * 4] = 0x400;
	new_chip.table[2 * 5] = 0x700;
	new_chip.table[2 * 20] = SMI;
	new_chip.table[2 * 20 + 1] = 1u << 24;
	new_chip.table[2 * 21] = MASKED | SMI;
	assert_int_equal(ioapic_add(NEW_ADDRESS, 1000), OK);
	for (unsigned int i = 0; i < LINES; i++)
		assert_int_equal(new_chip.table[2 * i], i == 20 ? SMI : i == 21 ? MASKED | SMI : MASKED);
	assert_int_equal(new_chip.table[2 * 20 + 1], 1u << 24);
}

static void route_is_written_masked_and_whole(void **state)
{
	const struct ioapic_route route = {.apic_id = 0x7f, .vector = 0x31, .level = true, .active_low = true};

	(void)state;
	old_chip.table[2 * 9] = 0x30;
	assert_int_equal(ioapic_route(9, &route), OK);
	assert_int_equal(old_chip.table[2 * 9], MASKED | LEVEL | 1u << 13 | 0x31);
	assert_int_equal(old_chip.table[2 * 9 + 1], 0x7fu << 24);
	assert_false(old_chip.torn);
}

static void masking_changes_nothing_else(void **state)
{
	const struct ioapic_route route = {.apic_id = 3, .vector = 0x41, .active_low = true};

	(void)state;
	assert_int_equal(ioapic_route(NEW_GSI + 5, &route), OK);
	assert_true(ioapic_is_masked(NEW_GSI + 5));
	ioapic_unmask(NEW_GSI + 5);
	assert_int_equal(new_chip.table[10], 1u << 13 | 0x41);
	assert_false(ioapic_is_masked(NEW_GSI + 5));
	ioapic_mask(NEW_GSI + 5);
	assert_int_equal(new_chip.table[10], MASKED | 1u << 13 | 0x41);
	assert_int_equal(new_chip.table[11], 3u << 24);
}

static void route_of_no_gsi_is_refused(void **state)
{
	const struct ioapic_route route = {.vector = 0x31};

	(void)state;
	assert_int_equal(ioapic_route(LINES, &route), E_NOENT);
	ioapic_mask(LINES);
	ioapic_unmask(LINES);
	assert_true(ioapic_is_masked(LINES));
}

static void apic_id_of_more_than_8_bits_is_refused(void **state)
{
	const struct ioapic_route route = {.apic_id = 0x100, .vector = 0x31};

	(void)state;
	assert_int_equal(ioapic_route(4, &route), E_RANGE);
	assert_int_equal(old_chip.table[8], MASKED);
}

static void extended_apic_id_of_15_bits_is_split(void **state)
{
	struct ioapic_route route = {.apic_id = 0x7fab, .vector = 0x31};

	(void)state;
	ioapic_configure(true, false);
	assert_int_equal(ioapic_route(4, &route), OK);
	assert_int_equal(old_chip.table[9], 0xabu << 24 | 0x7fu << 17);
	route.apic_id = 0x8000;
	assert_int_equal(ioapic_route(4, &route), E_RANGE);
}

static void vector_of_an_exception_is_refused(void **state)
{
	const struct ioapic_route route = {.vector = 15};

	(void)state;
	assert_int_equal(ioapic_route(4, &route), E_INVAL);
}

static void eoi_is_not_sent_where_cpus_broadcast_it(void **state)
{
	(void)state;
	new_chip.table[0] = LEVEL | IN_SERVICE | 0x50;
	ioapic_eoi(NEW_GSI);
	assert_int_equal(new_chip.eois, 0);
	assert_true(ioapic_is_in_service(NEW_GSI));
}

static void eoi_uses_the_register_of_new_chips(void **state)
{
	(void)state;
	ioapic_configure(false, true);
	new_chip.table[2] = LEVEL | IN_SERVICE | 0x51;
	ioapic_eoi(NEW_GSI + 1);
	assert_int_equal(new_chip.eois, 1);
	assert_int_equal(new_chip.table[2], LEVEL | 0x51);
}

static void eoi_of_old_chips_ends_service_and_restores_the_line(void **state)
{
	(void)state;
	ioapic_configure(false, true);
	old_chip.table[4] = LEVEL | IN_SERVICE | 0x52;
	ioapic_eoi(2);
	assert_int_equal(old_chip.eois, 0);
	assert_int_equal(old_chip.table[4], LEVEL | 0x52);
	assert_false(old_chip.unmasked_as_edge);
}

static void guest_reads_the_registers_that_exist(void **state)
{
	uint32_t value;

	(void)state;
	assert_int_equal(ioapic_register_read(OLD_ADDRESS, 0, &value), OK);
	assert_int_equal(value, 2u << 24);
	assert_int_equal(ioapic_register_read(NEW_ADDRESS, 1, &value), OK);
	assert_int_equal(value, 0x170020);
	assert_int_equal(ioapic_register_read(OLD_ADDRESS, 2, &value), OK);
	assert_int_equal(ioapic_register_read(OLD_ADDRESS, 0x10, &value), OK);
	assert_int_equal(ioapic_register_read(OLD_ADDRESS, 0x10 + 2 * LINES - 1, &value), OK);
}

static void guest_reads_of_anything_else_are_refused(void **state)
{
	uint32_t value = 7;

	(void)state;
	assert_int_equal(ioapic_register_read(OLD_ADDRESS, 3, &value), E_INVAL);
	assert_int_equal(ioapic_register_read(OLD_ADDRESS, 0x10 + 2 * LINES, &value), E_INVAL);
	assert_int_equal(ioapic_register_read(OLD_ADDRESS, UINT32_MAX, &value), E_INVAL);
	assert_int_equal(ioapic_register_read(OLD_ADDRESS + 4, 0, &value), E_INVAL);
	assert_int_equal(value, 7);
}

static void frames_of_the_chips_are_known(void **state)
{
	(void)state;
	assert_true(ioapic_owns_frame(mfn(OLD_ADDRESS >> 12)));
	assert_false(ioapic_owns_frame(mfn(0xfebff)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(gsis_belong_to_the_chip_that_has_them, set_up),
		cmocka_unit_test_setup(chip_that_is_not_there_is_refused, set_up),
		cmocka_unit_test_setup(chip_whose_interrupts_overlap_is_refused, set_up),
		cmocka_unit_test_setup(route_is_written_masked_and_whole, set_up),
		cmocka_unit_test_setup(masking_changes_nothing_else, set_up),
		cmocka_unit_test_setup(route_of_no_gsi_is_refused, set_up),
		cmocka_unit_test_setup(apic_id_of_more_than_8_bits_is_refused, set_up),
		cmocka_unit_test_setup(extended_apic_id_of_15_bits_is_split, set_up),
		cmocka_unit_test_setup(vector_of_an_exception_is_refused, set_up),
		cmocka_unit_test_setup(eoi_is_not_sent_where_cpus_broadcast_it, set_up),
		cmocka_unit_test_setup(eoi_uses_the_register_of_new_chips, set_up),
		cmocka_unit_test_setup(eoi_of_old_chips_ends_service_and_restores_the_line, set_up),
		cmocka_unit_test_setup(guest_reads_the_registers_that_exist, set_up),
		cmocka_unit_test_setup(guest_reads_of_anything_else_are_refused, set_up),
		cmocka_unit_test_setup(frames_of_the_chips_are_known, set_up),
		/* Last: it adds a chip. */
		cmocka_unit_test_setup(all_lines_are_masked_when_a_chip_is_added, set_up),
	};

	return cmocka_run_group_tests(tests, group_set_up, NULL);
}
