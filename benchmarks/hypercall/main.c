/*
 * A PV kernel that measures the hypervisor under it, Hospes or Xen, and prints a line for each operation:
 *
 *	ROW name|median|least|most
 *
 * It runs as domain 0 on one CPU. Before the rows it prints CALIBRATION: what the counter says of a thousand
 * instructions, from which the reader knows whether the counter counts instructions.
 */
#include "measure.h"

const char test_name[] = "bench-hypercall";
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

static void calibrate(void)
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

void test_main(void)
{
	events_disable();
	/* Boot's periodic tick, where there is one, would fall into the samples. */
	hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	calibrate();
	calls_measure();
	entries_measure();
	trapped_measure();
	tables_measure();
	events_measure();
	grants_measure();
}
