/*
 * Samples, sorted and printed; and the counter, measured by itself. See measure.h.
 */
#include "measure.h"

uint64_t samples[SAMPLES_MAX];
uint64_t empty_cost;

void samples_take(const uint64_t *from, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		samples[i] = from[i];
}

static void samples_sort(unsigned int count)
{
	for (unsigned int i = 1; i < count; i++) {
		uint64_t value = samples[i];
		unsigned int at = i;

		for (; at && samples[at - 1] > value; at--)
			samples[at] = samples[at - 1];
		samples[at] = value;
	}
}

static uint64_t cost(uint64_t sample, unsigned int per)
{
	return (sample - (sample < empty_cost ? sample : empty_cost)) / per;
}

void row_print(const char *name, unsigned int count, unsigned int per)
{
	samples_sort(count);
	print("ROW %s|%lu|%lu|%lu\n", name, cost(samples[count / 2], per), cost(samples[0], per),
	      cost(samples[count - 1], per));
}

void calibrate(void)
{
	for (unsigned int i = 0; i < SAMPLES_SHORT; i++) {
		uint64_t before = read_tsc();

		asm volatile("" : : : "memory");
		samples[i] = read_tsc() - before;
	}
	samples_sort(SAMPLES_SHORT);
	empty_cost = samples[SAMPLES_SHORT / 2];
	for (unsigned int i = 0; i < SAMPLES_SHORT; i++) {
		uint64_t before = read_tsc();

		asm volatile(".rept 1000; nop; .endr" : : : "memory");
		samples[i] = read_tsc() - before;
	}
	samples_sort(SAMPLES_SHORT);
	print("CALIBRATION %lu\n", samples[SAMPLES_SHORT / 2] - empty_cost);
}
