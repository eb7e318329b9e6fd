#pragma once
/*
 * Walking a table from one entry that is not empty to the next. Most entries of most tables are empty (all bits 0): four cache
 * lines of them are looked at at a time, then one, then single entries.
 */
#include <hyp/types.h>

#define RUN 8u
#define RUNS (4 * RUN)

static inline uint64_t run_or(const uint64_t *entry)
{
	return entry[0] | entry[1] | entry[2] | entry[3] | entry[4] | entry[5] | entry[6] | entry[7];
}

static inline bool runs_are_empty(const uint64_t *entry)
{
	return !(run_or(entry) | run_or(entry + RUN) | run_or(entry + 2 * RUN) | run_or(entry + 3 * RUN));
}

/* The first entry in [from, end) that is not empty; `end` if there is none. */
static inline unsigned int run_start(const uint64_t *table, unsigned int from, unsigned int end)
{
	while (from < end && !table[from]) {
		if (from % RUN || from + RUN > end || run_or(&table[from])) {
			from++;
			continue;
		}
		from += RUN;
		while (from + RUNS <= end && runs_are_empty(&table[from]))
			from += RUNS;
	}
	return from;
}

/* One more than the last entry below `end` that is not empty; 0 if there is none. */
static inline unsigned int run_end(const uint64_t *table, unsigned int end)
{
	while (end && !table[end - 1]) {
		if (end % RUN || run_or(&table[end - RUN])) {
			end--;
			continue;
		}
		end -= RUN;
		while (end >= RUNS && runs_are_empty(&table[end - RUNS]))
			end -= RUNS;
	}
	return end;
}
