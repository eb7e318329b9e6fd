/* The local APIC: the same calls in both modes, and what each writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fakes/io_fake.h>
#include <hyp/arch/x86_msr.h>
#include <hyp/drivers/lapic.h>

#define ADDRESS 0xfee00000u
#define REGISTER_BYTES 0x400

static uint32_t registers[REGISTER_BYTES / 4];
static unsigned int eois, commands;
static bool never_accepts;
static uint64_t command_msr;
static unsigned int in_service;

static uint32_t page_read(uint64_t offset, unsigned int bytes)
{
	assert_int_equal(bytes, 4);
	assert_int_equal(offset % 16, 0);
	if (offset == 0x100)
		return in_service ? 1 : 0;
	if (offset == 0x300 && never_accepts)
		return 0x1000;
	if (offset == 0x390)
		return UINT32_MAX - 10000000;
	return registers[offset / 4];
}

static void page_write(uint64_t offset, unsigned int bytes, uint32_t value)
{
	assert_int_equal(bytes, 4);
	if (offset == 0xb0) {
		eois++;
		in_service -= in_service > 0;
	}
	commands += offset == 0x300;
	registers[offset / 4] = value;
}

static const struct io_fake_registers page = {page_read, page_write};

static void msr_hook(uint32_t index, uint64_t value)
{
	if (index == 0x830) {
		command_msr = value;
		commands++;
	}
	eois += index == 0x80b;
}

static const struct lapic_config base_config = {
	.address = ADDRESS, .spurious_vector = 0xff, .timer_vector = 0xf0, .error_vector = 0xfe};

static void start(struct lapic_config config)
{
	io_fake_reset();
	io_fake_add_memory(ADDRESS, registers, sizeof(registers), &page);
	io_fake_set_msr_hook(msr_hook);
	memset(registers, 0, sizeof(registers));
	registers[0x30 / 4] = 0x00060015;
	registers[0x20 / 4] = 7u << 24;
	msr_write(MSR_APIC_BASE, ADDRESS | MSR_APIC_BASE_BOOT_CPU);
	msr_write(0x803, 0x00060015);
	eois = commands = in_service = 0;
	never_accepts = false;
	assert_int_equal(lapic_setup(&config), OK);
}

static void start_x2apic(void)
{
	struct lapic_config config = base_config;

	config.has_x2apic = config.want_x2apic = true;
	start(config);
	lapic_init_cpu();
	commands = eois = 0;
}

static void start_xapic(void)
{
	start(base_config);
	lapic_init_cpu();
	commands = eois = 0;
}

static void xapic_is_enabled_with_all_lines_masked(void **state)
{
	(void)state;
	start_xapic();
	assert_false(lapic_is_x2apic());
	assert_int_equal(msr_read(MSR_APIC_BASE) & (MSR_APIC_BASE_ENABLE | MSR_APIC_BASE_X2APIC), MSR_APIC_BASE_ENABLE);
	assert_int_equal(registers[0xf0 / 4], 0x1ff);
	assert_int_equal(registers[0x320 / 4], 0x10000);
	assert_int_equal(registers[0x350 / 4], 0x10000);
	assert_int_equal(registers[0x360 / 4], 0x10000);
	assert_int_equal(registers[0x370 / 4], 0xfe);
	assert_int_equal(lapic_id(), 7);
}

static void x2apic_is_enabled_in_two_steps(void **state)
{
	(void)state;
	start_x2apic();
	assert_true(lapic_is_x2apic());
	assert_int_equal(msr_read(MSR_APIC_BASE),
			 ADDRESS | MSR_APIC_BASE_BOOT_CPU | MSR_APIC_BASE_ENABLE | MSR_APIC_BASE_X2APIC);
	assert_int_equal(msr_read(0x80f), 0x1ff);
	msr_write(0x802, 0x12345);
	assert_int_equal(lapic_id(), 0x12345);
}

static void x2apic_of_the_firmware_is_kept(void **state)
{
	struct lapic_config config = base_config;

	(void)state;
	start(config);
	config.has_x2apic = true;
	msr_write(MSR_APIC_BASE, ADDRESS | MSR_APIC_BASE_ENABLE | MSR_APIC_BASE_X2APIC);
	assert_int_equal(lapic_setup(&config), OK);
	assert_true(lapic_is_x2apic());
}

static void registers_that_cannot_be_mapped_are_an_error(void **state)
{
	(void)state;
	start(base_config);
	io_fake_reset();
	assert_int_equal(lapic_setup(&base_config), E_NOMEM);
}

static void vectors_left_in_service_are_ended(void **state)
{
	(void)state;
	start(base_config);
	in_service = 5;
	lapic_init_cpu();
	assert_int_equal(eois, 5);
}

static void vectors_in_service_for_ever_do_not_hang(void **state)
{
	(void)state;
	start(base_config);
	in_service = UINT32_MAX;
	lapic_init_cpu();
	assert_in_range(eois, 1, 256);
}

static void xapic_command_has_destination_first(void **state)
{
	(void)state;
	start_xapic();
	assert_int_equal(lapic_send_vector(3, 0xf1), OK);
	assert_int_equal(registers[0x310 / 4], 3u << 24);
	assert_int_equal(registers[0x300 / 4], 0x40f1);
	assert_int_equal(lapic_send_init(3), OK);
	assert_int_equal(registers[0x300 / 4], 0x4500);
	assert_int_equal(lapic_send_startup(3, 8), OK);
	assert_int_equal(registers[0x300 / 4], 0x4608);
	assert_int_equal(lapic_send_nmi(3), OK);
	assert_int_equal(registers[0x300 / 4], 0x4400);
	assert_int_equal(commands, 4);
}

static void x2apic_command_is_one_write_with_32_bits_of_id(void **state)
{
	(void)state;
	start_x2apic();
	assert_int_equal(lapic_send_vector(0x10203, 0xf1), OK);
	assert_int_equal(command_msr, UINT64_C(0x10203000040f1));
	assert_int_equal(commands, 1);
}

static void xapic_refuses_ids_of_more_than_8_bits(void **state)
{
	(void)state;
	start_xapic();
	assert_int_equal(lapic_send_vector(0x100, 0xf1), E_RANGE);
	assert_int_equal(commands, 0);
}

static void command_that_is_never_accepted_is_an_error(void **state)
{
	(void)state;
	start_xapic();
	never_accepts = true;
	assert_int_equal(lapic_send_vector(3, 0xf1), E_TIMEDOUT);
	assert_int_equal(commands, 0);
}

static void xapic_interrupt_to_self_keeps_the_destination_of_an_interrupted_command(void **state)
{
	(void)state;
	start_xapic();
	registers[0x310 / 4] = 3u << 24;
	lapic_send_self(0xf1);
	assert_int_equal(registers[0x300 / 4], 0x440f1);
	assert_int_equal(registers[0x310 / 4], 3u << 24);
	assert_int_equal(commands, 1);
	never_accepts = true;
	lapic_send_self(0xf1);
	assert_int_equal(commands, 1);
}

static void x2apic_interrupt_to_self_has_a_register(void **state)
{
	(void)state;
	start_x2apic();
	lapic_send_self(0xf1);
	assert_int_equal(msr_read(0x83f), 0xf1);
	assert_int_equal(commands, 0);
}

static void eoi_is_one_write(void **state)
{
	(void)state;
	start_xapic();
	lapic_eoi();
	assert_int_equal(eois, 1);
	start_x2apic();
	lapic_eoi();
	assert_int_equal(eois, 1);
}

static void nmi_line_has_its_polarity(void **state)
{
	(void)state;
	start_xapic();
	lapic_line_set_nmi(1, false);
	assert_int_equal(registers[0x360 / 4], 0x400);
	lapic_line_set_nmi(0, true);
	assert_int_equal(registers[0x350 / 4], 0x2400);
}

static void deadline_timer_takes_the_time_stamp(void **state)
{
	struct lapic_config config = base_config;

	(void)state;
	config.has_deadline = true;
	start(config);
	lapic_init_cpu();
	assert_true(lapic_timer_has_deadlines);
	assert_int_equal(lapic_timer_calibrate(2000000), OK);
	lapic_timer_init_cpu();
	assert_int_equal(registers[0x320 / 4], 0x400f0);
	lapic_timer_at(123456789);
	assert_int_equal(msr_read(MSR_TSC_DEADLINE), 123456789);
	/* To the CPU 0 means none. */
	lapic_timer_at(0);
	assert_int_equal(msr_read(MSR_TSC_DEADLINE), 1);
	lapic_timer_stop();
	assert_int_equal(msr_read(MSR_TSC_DEADLINE), 0);
}

/* 10 000 000 ticks pass in the 10 ms of the measurement: the timer runs at 1 GHz, the time stamp at 2. */
static void start_one_shot(void)
{
	start_xapic();
	io_fake_set_tsc(0, 1000);
	assert_int_equal(lapic_timer_calibrate(2000000), OK);
}

static void one_shot_timer_counts_at_its_own_rate(void **state)
{
	(void)state;
	start_one_shot();
	lapic_timer_init_cpu();
	assert_int_equal(registers[0x320 / 4], 0xf0);
	assert_int_equal(registers[0x380 / 4], 0);
	assert_false(lapic_timer_has_deadlines);
	lapic_timer_after(1000000);
	assert_in_range(registers[0x380 / 4], 1000000, 1001000);
	lapic_timer_stop();
	assert_int_equal(registers[0x380 / 4], 0);
}

static void one_shot_timer_never_loses_a_deadline(void **state)
{
	(void)state;
	start_one_shot();
	lapic_timer_after(0);
	assert_int_equal(registers[0x380 / 4], 1);
	lapic_timer_after(UINT64_MAX);
	assert_int_equal(registers[0x380 / 4], UINT32_MAX);
}

/* What comes too early is armed again, for nothing. */
static void one_shot_timer_is_not_early(void **state)
{
	(void)state;
	start_one_shot();
	for (uint64_t interval = 1; interval < 4000000; interval += 997) {
		lapic_timer_after(interval);
		assert_in_range(registers[0x380 / 4], interval, interval + interval / 1000 + 2);
	}
}

static void time_stamp_that_stands_still_is_an_error(void **state)
{
	(void)state;
	start_xapic();
	io_fake_set_tsc(5, 0);
	assert_int_equal(lapic_timer_calibrate(2000000), E_NODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xapic_is_enabled_with_all_lines_masked),
		cmocka_unit_test(x2apic_is_enabled_in_two_steps),
		cmocka_unit_test(x2apic_of_the_firmware_is_kept),
		cmocka_unit_test(registers_that_cannot_be_mapped_are_an_error),
		cmocka_unit_test(vectors_left_in_service_are_ended),
		cmocka_unit_test(vectors_in_service_for_ever_do_not_hang),
		cmocka_unit_test(xapic_command_has_destination_first),
		cmocka_unit_test(x2apic_command_is_one_write_with_32_bits_of_id),
		cmocka_unit_test(xapic_refuses_ids_of_more_than_8_bits),
		cmocka_unit_test(command_that_is_never_accepted_is_an_error),
		cmocka_unit_test(xapic_interrupt_to_self_keeps_the_destination_of_an_interrupted_command),
		cmocka_unit_test(x2apic_interrupt_to_self_has_a_register),
		cmocka_unit_test(eoi_is_one_write),
		cmocka_unit_test(nmi_line_has_its_polarity),
		cmocka_unit_test(deadline_timer_takes_the_time_stamp),
		cmocka_unit_test(one_shot_timer_counts_at_its_own_rate),
		cmocka_unit_test(one_shot_timer_never_loses_a_deadline),
		cmocka_unit_test(one_shot_timer_is_not_early),
		cmocka_unit_test(time_stamp_that_stands_still_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
