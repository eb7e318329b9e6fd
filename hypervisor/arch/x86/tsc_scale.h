#pragma once
/* Ticks of a time-stamp counter and nanoseconds: one is the inverse of the other, so that clocks made of them do not part. */
#include <hyp/types.h>

/* How ticks become nanoseconds, also for guests: ((ticks << left >> right) * mul) >> 32, with mul in [2^31, 2^32) and one of the
   shifts 0. */
struct tsc_scale {
	uint32_t mul;
	uint8_t left, right;
	uint64_t base; /* the boot CPU's counter at system time 0 */
};

/* The scale of a counter of this rate, not 0; its base is 0. */
struct tsc_scale tsc_scale_make(uint32_t khz);

static inline uint64_t ticks_to_ns(const struct tsc_scale *scale, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)(ticks << scale->left >> scale->right) * scale->mul >> 32);
}

/* A point of the line that ticks_to_ns is, not after `ticks`, and so close that what is left of them, shifted, has 32 bits: a
   line from there on is the same to the nanosecond. */
struct tsc_point {
	uint64_t ticks, ns;
};

static inline struct tsc_point tsc_scale_start(const struct tsc_scale *scale, uint64_t ticks)
{
	/* So many ticks, shifted, are 2^32, and exactly `mul` nanoseconds. */
	unsigned int bits = 32u + scale->right - scale->left;
	/* The counter of a CPU may be a little behind the common start. */
	uint64_t count = (int64_t)ticks < 0 ? 0 : ticks >> bits;

	return (struct tsc_point){.ticks = count << bits, .ns = count * scale->mul};
}

/* How often it counts in so many nanoseconds; UINT64_MAX for what is too far. */
static inline uint64_t ns_to_ticks(const struct tsc_scale *scale, uint64_t ns)
{
	uint64_t high = ns >> 32, low = ns << 32, ticks;

	/* Beyond a century there is no need for precision; below it, high < mul, so the division does not overflow. */
	if (ns >> 62)
		return UINT64_MAX;
	__asm__("divq %2" : "=a"(ticks), "+d"(high) : "r"((uint64_t)scale->mul), "a"(low) : "cc");
	if (!scale->right)
		return ticks >> scale->left;
	return ticks >> (64 - scale->right) ? UINT64_MAX : ticks << scale->right;
}
/* What a counter that was at `base` (which may be before its start: "negative") says after so many ticks; at least 1, and
   UINT64_MAX for what is too far. */
static inline uint64_t ticks_to_tsc(uint64_t base, uint64_t ticks)
{
	int64_t tsc = (int64_t)(base + ticks);

	if ((int64_t)ticks < 0 || ((int64_t)base > 0 && tsc < 0))
		return UINT64_MAX;
	return tsc < 1 ? 1 : (uint64_t)tsc;
}

/* The two shifts as guests are told them: to the left, or negative. */
static inline int tsc_scale_shift(const struct tsc_scale *scale) { return scale->left - scale->right; }
