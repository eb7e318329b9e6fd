/*
 * The scale of a counter, from its rate.
 */
#include "tsc_scale.h"

struct tsc_scale tsc_scale_make(uint32_t khz)
{
	uint64_t rate = (uint64_t)khz * 1000;
	int shift = 0;

	while (rate > 2 * NANOSECONDS_PER_SECOND) {
		rate >>= 1;
		shift--;
	}
	while (rate <= NANOSECONDS_PER_SECOND) {
		rate <<= 1;
		shift++;
	}
	return (struct tsc_scale){.mul = (uint32_t)((NANOSECONDS_PER_SECOND << 32) / rate), .shift = (int8_t)shift};
}
