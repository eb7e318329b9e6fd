#pragma once
/*
 * How a row of domain 0's table is measured. A row is a function that fills samples, each the ticks of the time-stamp
 * counter that `per` operations took, and hands them to row_report, which prints median, least and most of one operation.
 * Under QEMU's -icount the counter counts instructions, those of the kernel and of the hypervisor under it with them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLES_MAX 512

struct row {
	const char *name;
	void (*measure)(const char *name);
};

/* The families: each ends with a row without name. */
extern const struct row call_rows[], process_rows[], memory_rows[], file_rows[], pipe_rows[], switch_rows[];

extern uint64_t samples[SAMPLES_MAX];

static inline uint64_t ticks(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return low | (uint64_t)high << 32;
}

/*
 * The two ends of a sample: a mark for the profiler (benchmarks/plugin), which is an instruction that does nothing, and
 * the counter.
 */
static inline uint64_t sample_begin(void)
{
	asm volatile("nopl 0x48505301(%%rax,%%rax,1)" : : : "memory");
	return ticks();
}

static inline uint64_t sample_end(uint64_t begin)
{
	uint64_t now = ticks();

	asm volatile("nopl 0x48505302(%%rax,%%rax,1)" : : : "memory");
	return now - begin;
}

/* Sorts the first `count` samples in place; `extra` is taken from each operation. */
void row_report(const char *name, unsigned int count, unsigned int per, uint64_t extra);
uint64_t samples_median(unsigned int count);

/* The machine refused something: says what and ends the program. */
[[gnu::noreturn]] void fail(const char *what);
long check(long result, const char *what);

/* One sample: `per` times the code. The first samples warm caches and are not kept. */
#define WARM_UP 3
#define SAMPLE(count, per, code)                                                                                   \
	do {                                                                                                       \
		for (unsigned int round_ = 0; round_ < WARM_UP + (count); round_++) {                              \
			uint64_t begin_ = sample_begin();                                                          \
			for (unsigned int i_ = 0; i_ < (per); i_++) {                                              \
				code;                                                                              \
			}                                                                                          \
			uint64_t taken_ = sample_end(begin_);                                                      \
			if (round_ >= WARM_UP)                                                                     \
				samples[round_ - WARM_UP] = taken_;                                                \
		}                                                                                                  \
	} while (0)
/* A short operation: often enough that the counter's reading does not show, seldom enough to end before the next tick. */
#define SHORT_SAMPLES 101
#define SHORT_PER 50
#define MEASURE_SHORT(name, code)                                                                                  \
	do {                                                                                                       \
		SAMPLE(SHORT_SAMPLES, SHORT_PER, code);                                                            \
		row_report(name, SHORT_SAMPLES, SHORT_PER, 0);                                                     \
	} while (0)
#define MEASURE_LONG(name, count, code)                                                                            \
	do {                                                                                                       \
		SAMPLE(count, 1, code);                                                                            \
		row_report(name, count, 1, 0);                                                                     \
	} while (0)
