#pragma once
/* How far two CPUs' time stamp counters are apart. */
#include <hyp/types.h>

/* This CPU's counter, the other's at some moment afterwards, and this one's again after that moment. */
struct tsc_sample {
	uint64_t before, there, after;
};

/* Ticks by which this CPU's counter is ahead of the other's (negative: behind); 0 if the samples let them be equal.
   `count` at least 1; wrong by half of the shortest window at most, if both count at one rate. */
int64_t tsc_ahead(const struct tsc_sample *samples, unsigned int count);
