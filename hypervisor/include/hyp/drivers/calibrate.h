#pragma once
/* How fast the time stamp counts, measured against a timer whose rate is known. */
#include <hyp/types.h>

struct calibrate_timer {
	const char *name;
	uint64_t hz;
	uint64_t mask; /* of the bits that count, from bit 0 */
	uint64_t (*read)(void);
};

/* Tries the timers in order and takes the first that counts. `read_tsc` as tsc_read. Sets the rate and
   which timer it was measured against. E_NODEV if none counts or the result is not between 1 MHz and 100
   GHz. */
enum status calibrate_tsc(const struct calibrate_timer *timers, unsigned int count, uint64_t (*read_tsc)(void),
			  uint32_t *khz, const struct calibrate_timer **used);

/* The same with the timers that this machine has: HPET and PM timer if initialised, then the PIT. */
enum status calibrate_tsc_on_machine(uint32_t *khz, const char **timer_name);
