/* The battery clock: what its registers mean, and reading it while it updates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <fakes/io_fake.h>
#include <hyp/drivers/rtc.h>

#define BCD_24 0x02
#define BCD_12 0x00
#define BINARY_24 0x06

static uint64_t decoded(struct rtc_raw raw)
{
	uint64_t seconds = 0;

	assert_int_equal(rtc_decode(&raw, &seconds), OK);
	return seconds;
}

static enum status refused(struct rtc_raw raw)
{
	uint64_t seconds;

	return rtc_decode(&raw, &seconds);
}

static void bcd_date_is_decoded(void **state)
{
	(void)state;
	/* 2026-11-21 11:20:45 */
	assert_int_equal(decoded((struct rtc_raw){0x45, 0x20, 0x11, 0x21, 0x11, 0x26, 0x20, BCD_24}), 1795260045);
}

static void binary_date_is_decoded(void **state)
{
	(void)state;
	assert_int_equal(decoded((struct rtc_raw){45, 20, 11, 21, 11, 26, 20, BINARY_24}), 1795260045);
	/* The century is BCD on some machines all the same. */
	assert_int_equal(decoded((struct rtc_raw){45, 20, 11, 21, 11, 26, 0x20, BINARY_24}), 1795260045);
}

static void twelve_hour_clock_knows_noon_and_midnight(void **state)
{
	static const struct {
		uint8_t raw;
		unsigned int hour;
	} cases[] = {{0x12, 0}, {0x01, 1}, {0x11, 11}, {0x92, 12}, {0x81, 13}, {0x91, 23}};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(cases); i++)
		assert_int_equal(decoded((struct rtc_raw){0, 0, cases[i].raw, 1, 1, 0x70, 0x19, BCD_12}),
				 cases[i].hour * 3600);
}

static void year_without_century_is_of_1970_to_2069(void **state)
{
	(void)state;
	assert_int_equal(decoded((struct rtc_raw){0, 0, 0, 1, 1, 0x70, 0, BCD_24}), 0);
	assert_int_equal(decoded((struct rtc_raw){0, 0, 0, 1, 1, 0x00, 0, BCD_24}), 946684800);
	assert_int_equal(decoded((struct rtc_raw){0, 0, 0, 1, 1, 0x69, 0, BCD_24}), 3124224000);
}

static void century_that_makes_no_sense_is_ignored(void **state)
{
	(void)state;
	assert_int_equal(decoded((struct rtc_raw){0, 0, 0, 1, 1, 0x00, 0xff, BCD_24}), 946684800);
}

/* Every day of 1970 to 2169 against the C library. */
static void every_day_agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 73048; day++) {
		time_t seconds = day * 86400 + day % 86400;
		struct tm tm;

		gmtime_r(&seconds, &tm);
		assert_int_equal(decoded((struct rtc_raw){(uint8_t)tm.tm_sec, (uint8_t)tm.tm_min, (uint8_t)tm.tm_hour,
							  (uint8_t)tm.tm_mday, (uint8_t)(tm.tm_mon + 1),
							  (uint8_t)(tm.tm_year % 100),
							  (uint8_t)(19 + tm.tm_year / 100), BINARY_24}),
				 seconds);
	}
}

static void dates_that_do_not_exist_are_refused(void **state)
{
	static const struct rtc_raw cases[] = {
		{0x60, 0, 0, 1, 1, 0x20, 0x20, BCD_24}, {0, 0x60, 0, 1, 1, 0x20, 0x20, BCD_24},
		{0, 0, 0x24, 1, 1, 0x20, 0x20, BCD_24}, {0, 0, 0x00, 1, 1, 0x20, 0x20, BCD_12},
		{0, 0, 0x13, 1, 1, 0x20, 0x20, BCD_12}, {0, 0, 0, 0, 1, 0x20, 0x20, BCD_24},
		{0, 0, 0, 0x32, 1, 0x20, 0x20, BCD_24}, {0, 0, 0, 0x29, 2, 0x21, 0x20, BCD_24},
		{0, 0, 0, 0x29, 2, 0x00, 0x21, BCD_24}, {0, 0, 0, 1, 0, 0x20, 0x20, BCD_24},
		{0, 0, 0, 1, 0x13, 0x20, 0x20, BCD_24}, {0x0a, 0, 0, 1, 1, 0x20, 0x20, BCD_24},
		{0, 0, 0, 1, 1, 0x69, 0x19, BCD_24},	{0, 0, 0, 1, 1, 0x70, 0x21, BCD_24},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(cases); i++)
		assert_int_equal(refused(cases[i]), E_INVAL);
}

/* A clock whose second changes after `changes_after` reads of its data, once. */
static uint8_t cmos[128], selected;
static unsigned int reads, changes_after, updating_reads;

static uint32_t port_in(uint16_t port, unsigned int bytes)
{
	assert_int_equal(bytes, 1);
	if (port != 0x71)
		return UINT32_MAX;
	if (selected == 10 && updating_reads) {
		updating_reads--;
		return 0x80;
	}
	if (++reads == changes_after)
		cmos[0] = 0x46;
	return cmos[selected];
}

static void port_out(uint16_t port, unsigned int bytes, uint32_t value)
{
	(void)bytes;
	if (port == 0x70)
		selected = value & 0x7f;
	else if (port == 0x71)
		cmos[selected] = (uint8_t)value;
}

static const struct io_fake_ports ports = {port_in, port_out};

static int clock_set_up(void **state)
{
	(void)state;
	io_fake_reset();
	io_fake_set_ports(&ports);
	memset(cmos, 0, sizeof(cmos));
	cmos[0] = 0x45;
	cmos[2] = 0x20;
	cmos[4] = 0x11;
	cmos[7] = 0x21;
	cmos[8] = 0x11;
	cmos[9] = 0x26;
	cmos[11] = BCD_24;
	cmos[0x32] = 0x20;
	reads = changes_after = updating_reads = 0;
	return 0;
}

static void clock_is_read(void **state)
{
	uint64_t seconds;

	(void)state;
	assert_int_equal(rtc_read(0x32, &seconds), OK);
	assert_int_equal(seconds, 1795260045);
	assert_int_equal(rtc_read(0, &seconds), OK);
	assert_int_equal(seconds, 1795260045);
}

static void clock_that_updates_is_waited_for(void **state)
{
	uint64_t seconds;

	(void)state;
	updating_reads = 500;
	assert_int_equal(rtc_read(0x32, &seconds), OK);
	assert_int_equal(updating_reads, 0);
}

static void clock_that_changes_between_readings_is_read_again(void **state)
{
	(void)state;
	for (changes_after = 1; changes_after < 40; changes_after++) {
		uint64_t seconds;

		reads = 0;
		cmos[0] = 0x45;
		assert_int_equal(rtc_read(0x32, &seconds), OK);
		assert_in_range(seconds, 1795260045, 1795260046);
	}
}

static void clock_that_always_updates_is_given_up(void **state)
{
	uint64_t seconds;

	(void)state;
	updating_reads = UINT32_MAX;
	assert_int_equal(rtc_read(0x32, &seconds), E_TIMEDOUT);
}

static void machine_without_a_clock_says_so(void **state)
{
	uint64_t seconds;

	(void)state;
	io_fake_set_ports(NULL);
	assert_int_equal(rtc_read(0x32, &seconds), E_NODEV);
}

static void index_with_the_nmi_bit_does_not_mask_it(void **state)
{
	(void)state;
	rtc_cmos_write(0x80 | 0x20, 0x77);
	assert_int_equal(cmos[0x20], 0x77);
	assert_int_equal(rtc_cmos_read(0xa0), 0x77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bcd_date_is_decoded),
		cmocka_unit_test(binary_date_is_decoded),
		cmocka_unit_test(twelve_hour_clock_knows_noon_and_midnight),
		cmocka_unit_test(year_without_century_is_of_1970_to_2069),
		cmocka_unit_test(century_that_makes_no_sense_is_ignored),
		cmocka_unit_test(every_day_agrees_with_the_c_library),
		cmocka_unit_test(dates_that_do_not_exist_are_refused),
		cmocka_unit_test_setup(clock_is_read, clock_set_up),
		cmocka_unit_test_setup(clock_that_updates_is_waited_for, clock_set_up),
		cmocka_unit_test_setup(clock_that_changes_between_readings_is_read_again, clock_set_up),
		cmocka_unit_test_setup(clock_that_always_updates_is_given_up, clock_set_up),
		cmocka_unit_test_setup(machine_without_a_clock_says_so, clock_set_up),
		cmocka_unit_test_setup(index_with_the_nmi_bit_does_not_mask_it, clock_set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
