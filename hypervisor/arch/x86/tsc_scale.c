/*
 * The scale of a counter, from its rate.
 */
#include "tsc_scale.h"

struct tsc_scale tsc_scale_make(uint32_t khz)
{
	uint64_t rate = (uint64_t)khz * 1000;
	struct tsc_scale scale = {0};

	while (rate > 2 * NANOSECONDS_PER_SECOND) {
		rate >>= 1;
		scale.right++;
	}
	while (rate <= NANOSECONDS_PER_SECOND) {
		rate <<= 1;
		scale.left++;
	}
	scale.mul = (uint32_t)((NANOSECONDS_PER_SECOND << 32) / rate);
	return scale;
}
