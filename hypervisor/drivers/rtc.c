/*
 * The battery clock (Motorola MC146818A data sheet; the century register is the PC's, named by the ACPI
 * FADT).
 *
 * The clock updates itself once a second, and is garbage for up to 2 ms meanwhile, announced 244 us before
 * by a bit. It is read while the bit is clear, twice, until two readings agree. Registers are reached by an
 * index port, so each access is two, under a lock.
 */
#include <hyp/drivers/rtc.h>
#include <hyp/io.h>
#include <hyp/lock.h>

#define INDEX 0x70 /* bit 7 would mask the non-maskable interrupt; it stays clear */
#define DATA 0x71
#define INDEX_BITS 0x7f

#define REGISTER_SECOND 0
#define REGISTER_MINUTE 2
#define REGISTER_HOUR 4
#define REGISTER_DAY 7
#define REGISTER_MONTH 8
#define REGISTER_YEAR 9
#define REGISTER_STATUS_A 10
#define REGISTER_STATUS_B 11

#define STATUS_A_UPDATING 0x80
#define STATUS_B_24_HOURS 0x02
#define STATUS_B_BINARY 0x04
#define HOUR_PM 0x80

/* An update takes 2.3 ms with its announcement, a read of the bit 2 us at the least. */
#define WAIT_READS_MAX 100000
#define READINGS_MAX 8

static struct spinlock lock = SPINLOCK_INIT; /* the index port */

uint8_t rtc_cmos_read(uint8_t index)
{
	uint8_t value;

	spin_lock(&lock);
	io_out8(INDEX, index & INDEX_BITS);
	value = io_in8(DATA);
	spin_unlock(&lock);
	return value;
}

void rtc_cmos_write(uint8_t index, uint8_t value)
{
	spin_lock(&lock);
	io_out8(INDEX, index & INDEX_BITS);
	io_out8(DATA, value);
	spin_unlock(&lock);
}

/* False if the digits are none. */
static bool number_decode(uint8_t raw, bool is_binary, unsigned int *number)
{
	if (is_binary) {
		*number = raw;
		return true;
	}
	*number = (raw >> 4) * 10u + (raw & 15);
	return raw >> 4 <= 9 && (raw & 15) <= 9;
}

static bool hour_decode(const struct rtc_raw *raw, bool is_binary, unsigned int *hour)
{
	if (raw->status_b & STATUS_B_24_HOURS)
		return number_decode(raw->hour, is_binary, hour) && *hour < 24;
	if (!number_decode(raw->hour & ~HOUR_PM, is_binary, hour) || *hour < 1 || *hour > 12)
		return false;
	/* Noon and midnight are written 12. */
	*hour = *hour % 12 + (raw->hour & HOUR_PM ? 12 : 0);
	return true;
}

static bool year_decode(const struct rtc_raw *raw, bool is_binary, unsigned int *year)
{
	unsigned int century;

	if (!number_decode(raw->year, is_binary, year) || *year > 99)
		return false;
	/* The register is BCD also where the clock is binary on some machines: 0x19 and 0x20 are no
	   binary centuries. */
	if (raw->century && number_decode(raw->century, is_binary && raw->century < 0x19, &century) &&
	    century >= 19 && century <= 21)
		*year += century * 100;
	else
		*year += *year < 70 ? 2000 : 1900;
	return *year >= 1970 && *year <= 2169;
}

static bool is_leap(unsigned int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned int month_days(unsigned int year, unsigned int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

static uint64_t days_since_1970(unsigned int year, unsigned int month, unsigned int day)
{
	uint64_t days = day - 1;

	for (unsigned int y = 1970; y < year; y++)
		days += is_leap(y) ? 366 : 365;
	for (unsigned int m = 1; m < month; m++)
		days += month_days(year, m);
	return days;
}

enum status rtc_decode(const struct rtc_raw *raw, uint64_t *seconds)
{
	bool is_binary = raw->status_b & STATUS_B_BINARY;
	unsigned int second, minute, hour, day, month, year;

	if (!number_decode(raw->second, is_binary, &second) || !number_decode(raw->minute, is_binary, &minute) ||
	    !hour_decode(raw, is_binary, &hour) || !number_decode(raw->day, is_binary, &day) ||
	    !number_decode(raw->month, is_binary, &month) || !year_decode(raw, is_binary, &year))
		return E_INVAL;
	if (second > 59 || minute > 59 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return E_INVAL;
	*seconds = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return OK;
}

static bool wait_quiet(void)
{
	for (unsigned int i = 0; i < WAIT_READS_MAX; i++) {
		if (!(rtc_cmos_read(REGISTER_STATUS_A) & STATUS_A_UPDATING))
			return true;
		io_pause();
	}
	return false;
}

static struct rtc_raw read_raw(uint8_t century_register)
{
	return (struct rtc_raw){
		.second = rtc_cmos_read(REGISTER_SECOND),
		.minute = rtc_cmos_read(REGISTER_MINUTE),
		.hour = rtc_cmos_read(REGISTER_HOUR),
		.day = rtc_cmos_read(REGISTER_DAY),
		.month = rtc_cmos_read(REGISTER_MONTH),
		.year = rtc_cmos_read(REGISTER_YEAR),
		.century = century_register ? rtc_cmos_read(century_register) : 0,
		.status_b = rtc_cmos_read(REGISTER_STATUS_B),
	};
}

static bool is_same(const struct rtc_raw *a, const struct rtc_raw *b)
{
	return a->second == b->second && a->minute == b->minute && a->hour == b->hour && a->day == b->day &&
	       a->month == b->month && a->year == b->year && a->century == b->century;
}

enum status rtc_read(uint8_t century_register, uint64_t *seconds)
{
	if (rtc_cmos_read(REGISTER_STATUS_B) == 0xff)
		return E_NODEV;
	for (unsigned int i = 0; i < READINGS_MAX; i++) {
		struct rtc_raw first, second;

		if (!wait_quiet())
			return E_TIMEDOUT;
		first = read_raw(century_register);
		second = read_raw(century_register);
		if (is_same(&first, &second))
			return rtc_decode(&second, seconds) ? E_NODEV : OK;
	}
	return E_TIMEDOUT;
}
