/*
 * How far the time-stamp counter of another CPU is from the boot CPU's.
 *
 * System time is one linear function of the counter (time.c). Where the counters of two CPUs differ, each needs a zero point of
 * its own, or time would run backwards for who moves, and for who tells another what the time was. So each CPU that starts
 * meets the boot CPU: the boot CPU asks, the other answers with its counter. Its reading came after the question and before the
 * answer's arrival, which bounds the difference from both sides; the shortest of many rounds bound it best.
 *
 *   Y1  If the bounds leave room for 0, no message between the CPUs has gone back in time: they count as equal.
 *   Y2  If the bounds leave room for nothing, no fixed difference explains the readings: a counter stops, jumps or has
 *       another rate.
 */
#include "tsc_sync.h"
#include <hyp/io.h>

#define ROUNDS 64u

void tsc_bounds_narrow(struct tsc_bounds *b, uint64_t before, uint64_t other, uint64_t after)
{
	b->low = MAX(b->low, (int64_t)(other - after));
	b->high = MIN(b->high, (int64_t)(other - before));
}

int64_t tsc_bounds_offset(const struct tsc_bounds *b)
{
	if (b->low <= 0 && b->high >= 0)
		return 0;
	return b->low + (b->high - b->low) / 2;
}

bool tsc_bounds_agree(const struct tsc_bounds *b) { return b->low <= b->high; }

static void wait_until(const uint32_t *count, uint32_t value)
{
	while (__atomic_load_n(count, __ATOMIC_ACQUIRE) != value)
		io_pause();
}

void tsc_meeting_ask(struct tsc_meeting *m, struct tsc_bounds *b)
{
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		uint64_t before = tsc_read();

		__atomic_store_n(&m->asked, round, __ATOMIC_SEQ_CST);
		wait_until(&m->answered, round);
		tsc_bounds_narrow(b, before, m->counter, tsc_read());
	}
}

void tsc_meeting_end(struct tsc_meeting *m) { __atomic_store_n(&m->asked, ROUNDS + 1, __ATOMIC_SEQ_CST); }

void tsc_meeting_answer(struct tsc_meeting *m)
{
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		wait_until(&m->asked, round);
		m->counter = tsc_read();
		__atomic_store_n(&m->answered, round, __ATOMIC_SEQ_CST);
	}
	wait_until(&m->asked, ROUNDS + 1);
}
