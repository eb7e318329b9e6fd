#pragma once
/* The battery clock: the time of day when the machine starts, shared with domain 0. Any CPU, interrupts
   off. */
#include <hyp/types.h>

/* The registers as they were read. */
struct rtc_raw {
	uint8_t second, minute, hour, day, month, year;
	uint8_t century;  /* 0 if the machine has no such register */
	uint8_t status_b; /* binary or BCD, 24 or 12 hours */
};

/* Pure. Seconds since 1970 of the UTC that the registers show; E_INVAL if they show no date of 1970 to
   2169. */
enum status rtc_decode(const struct rtc_raw *raw, uint64_t *seconds);
/* `century_register` is the FADT's, 0 if none. E_NODEV if there is no clock, E_TIMEDOUT if it never
   stands still. */
enum status rtc_read(uint8_t century_register, uint64_t *seconds);

/* One byte of the clock's memory. Domain 0's accesses to ports 0x70 and 0x71 come through these, with
   the index that it latched, so that ours and its own do not disturb each other. */
uint8_t rtc_cmos_read(uint8_t index);
void rtc_cmos_write(uint8_t index, uint8_t value);
