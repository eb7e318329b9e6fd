/*
 * The rows of lmbench's kind, for domain 0 and for the same root booted natively.
 *
 *	micro [PATTERN...]	the rows whose name contains a pattern; all without one
 *	micro -l		their names
 *
 * Prints "CALIBRATION ticks", the ticks of a thousand instructions, and for each row
 * "ROW name|median|least|most|samples|operations in a sample".
 */
#include "micro.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t samples[SAMPLES_MAX];
static const struct row *const families[] = { call_rows,	process_rows, switch_rows, memory_rows,
					      file_rows, pipe_rows };

void fail(const char *what)
{
	fprintf(stderr, "micro: %s: %s\n", what, strerror(errno));
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

static bool wanted(const char *name, char **patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (strstr(name, *patterns))
			return true;
	return false;
}

/* Without the profiler's marks: this is no row. */
static void calibrate(void)
{
	for (unsigned int i = 0; i < SHORT_SAMPLES; i++) {
		uint64_t first = ticks(), second = ticks();

		asm volatile(".rept 1000; nop; .endr" : : : "memory");
		samples[i] = ticks() - second - (second - first);
	}
	printf("CALIBRATION %lu\n", samples_median(SHORT_SAMPLES));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	bool list = argc > 1 && strcmp(argv[1], "-l") == 0;

	if (!list)
		calibrate();
	for (unsigned int f = 0; f < sizeof(families) / sizeof(families[0]); f++)
		for (const struct row *row = families[f]; row->name; row++) {
			if (list)
				puts(row->name);
			else if (wanted(row->name, argv + 1))
				row->measure(row->name);
		}
	return 0;
}
