/*
 * Samples, sorted and printed: what every measuring program of domain 0 and of guests ends with. See micro.h.
 */
#include "micro.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t samples[SAMPLES_MAX];

void fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

long check(long result, const char *what)
{
	if (result < 0)
		fail(what);
	return result;
}

static int sample_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

uint64_t samples_median(unsigned int count)
{
	qsort(samples, count, sizeof(samples[0]), sample_compare);
	return samples[count / 2];
}

static uint64_t one_operation(uint64_t sample, unsigned int per, uint64_t extra)
{
	uint64_t one = sample / per;

	return one > extra ? one - extra : 0;
}

void row_report(const char *name, unsigned int count, unsigned int per, uint64_t extra)
{
	uint64_t median = samples_median(count);

	printf("ROW %s|%lu|%lu|%lu|%u|%u\n", name, one_operation(median, per, extra), one_operation(samples[0], per, extra),
	       one_operation(samples[count - 1], per, extra), count, per);
	fflush(stdout);
}
