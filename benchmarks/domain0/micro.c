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

#include <stdio.h>
#include <string.h>

static const struct row *const families[] = { call_rows,	process_rows, switch_rows, memory_rows,
					      file_rows, pipe_rows };

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
