#pragma once
/*
 * How a row is measured: a piece of code runs some times to warm up and SAMPLES times between two readings of the
 * time-stamp counter; the row printed is the median, the least and the most, less what an empty piece costs.
 * Where the counter counts instructions (QEMU's -icount), a row is a number of instructions.
 */
#include <guest.h>

#define WARM_UP 4
#define SAMPLES_MAX 101
/* Long pieces are measured less often. */
#define SAMPLES_SHORT 101
#define SAMPLES_LONG 11

extern uint64_t samples[SAMPLES_MAX];
extern uint64_t empty_cost;

void samples_take(const uint64_t *from, unsigned int count);
/* Finds what an empty piece costs, and prints CALIBRATION. */
void calibrate(void);
/* Sorts the first `count` of samples and prints the row; `per` operations were in each sample. */
void row_print(const char *name, unsigned int count, unsigned int per);

#define MEASURE_MANY(name, count, per, code)                                                                       \
	do {                                                                                                       \
		for (unsigned int round_ = 0; round_ < WARM_UP + (count); round_++) {                              \
			uint64_t before_ = read_tsc();                                                             \
			code;                                                                                      \
			uint64_t after_ = read_tsc();                                                              \
			if (round_ >= WARM_UP)                                                                     \
				samples[round_ - WARM_UP] = after_ - before_;                                      \
		}                                                                                                  \
		row_print(name, (count), (per));                                                                   \
	} while (0)
#define MEASURE(name, code) MEASURE_MANY(name, SAMPLES_SHORT, 1, code)

/* The families, a file each. */
void calls_measure(void);
void entries_measure(void);
void events_measure(void);
void grants_measure(void);
void tables_measure(void);
void trapped_measure(void);
