/*
 * The TLB clock: which CPUs have flushed since a page-table entry went away.
 *
 * Flushing every CPU whenever a frame changes its use would be dear, and nearly always useless: most CPUs have
 * flushed in between for reasons of their own. So there is a clock. Who drops the last use of a frame remembers the
 * time (its stamp, s); each CPU remembers the time of its last flush (f). A CPU needs a flush before the frame's next
 * use unless f > s. Time moves on at a flush, and only if somebody has taken the present time as a stamp.
 *
 * Why no stale entry survives. Let an entry E of a page table be gone before s is read.
 *   C1  tlb_clock_flushing draws f before the flush. Take f > s. The clock rises, so it became f after s was read
 *       (between the change of E and the reading of s lies an atomic read-modify-write, which on x86 makes the
 *       change visible to all first). The flush comes later still; what the CPU loads after it, it loads from page
 *       tables without E; what it had loaded before is flushed.
 *   C2  f == s proves nothing, since the flush may have come before s was taken: such a CPU is flushed (again).
 *   C3  Between the call and the flush instruction a CPU touches no guest memory. So others may trust f before the
 *       flush is done: E can only be used again after it.
 *   C4  `taken` says that the present time was used as a stamp. Reading it too early or overwriting it with an older
 *       value only keeps the clock where it is, and then C2 flushes once too often.
 *
 * The clock has 16 bits, to fit in struct page, and comes round: after 0xffff it is 0, and stays 0 until
 * tlb_clock_service has flushed every CPU; then it starts at 1. One such round is an epoch.
 *   C5  While the clock is 0, everybody needs a flush, and each flush leaves f == 0. When it starts again, each f is
 *       therefore 0 or of the new epoch: also a CPU that was in the middle of tlb_clock_flushing with an older time
 *       has answered the flush after that.
 *   C6  A stamp of an earlier epoch: every CPU has flushed since, no flush is needed. If s > now it is recognised as
 *       one. If s <= now it is taken for one of this epoch, and costs at most a flush.
 *   C7  A stamp taken while the clock was 0 may be younger than a CPU's flush of that time; f == 0 <= s flushes it.
 *   C8  A stamp that was read just before the clock became 0 but stored after: the CPU that did it holds no PTE use
 *       any more (E was gone before the reading), so C6 holds for it as for the others.
 *
 * A CPU that runs no guest and has loaded a root without any guest's memory holds nothing (`is_idle`): it is not disturbed.
 *   C9  tlb_clock_busy makes it one of the others before it loads a guest's root. If is_idle was still seen set, what the
 *       CPU loads later it loads from page tables without E, as in C1. At the end of an epoch idle CPUs flush, too (C5).
 *
 * No lock. Everything is a word that is read and written whole; on x86 loads are not moved before loads.
 */
#include <hyp/log.h>
#include <hyp/mm.h>

#define CLOCK_MASK 0xffffu

static uint32_t tlb_clock; /* [a] */
static uint32_t taken;	   /* [a] the time that was last given out as a stamp */
static uint32_t restarting; /* [a] 1: a CPU is in tlb_clock_restart */

/* Each CPU writes its own at every flush: a line each. */
static struct flush_time {
	uint16_t time; /* [a] of the last flush */
	bool is_idle;  /* [a] */
} __attribute__((aligned(64))) flushed[CPUS_MAX];

void tlb_clock_init(void)
{
	tlb_clock = 1;
	taken = 0;
	restarting = 0;
	for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++)
		flushed[cpu] = (struct flush_time){0};
}

void tlb_clock_idle(unsigned int cpu) { __atomic_store_n(&flushed[cpu].is_idle, true, __ATOMIC_SEQ_CST); }

void tlb_clock_busy(unsigned int cpu) { __atomic_store_n(&flushed[cpu].is_idle, false, __ATOMIC_SEQ_CST); }

uint16_t tlb_clock_now(void)
{
	uint32_t now = __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);

	if (__atomic_load_n(&taken, __ATOMIC_RELAXED) != now)
		__atomic_store_n(&taken, now, __ATOMIC_RELAXED);
	return (uint16_t)now;
}

void tlb_clock_flushing(unsigned int cpu)
{
	uint32_t now = __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);

	/* If another CPU moves the clock first, `now` becomes what it moved it to: drawn before our flush, too. */
	if (now && __atomic_load_n(&taken, __ATOMIC_RELAXED) == now) {
		uint32_t next = (now + 1) & CLOCK_MASK;

		if (__atomic_compare_exchange_n(&tlb_clock, &now, next, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			now = next;
	}
	__atomic_store_n(&flushed[cpu].time, (uint16_t)now, __ATOMIC_RELEASE);
}

struct cpuset tlb_clock_filter(const struct cpuset *cpus, uint16_t stamp)
{
	uint32_t now = __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);
	struct cpuset stale = {0};

	if (!now)
		return *cpus;
	if (stamp > now)
		return stale;
	for (unsigned int w = 0; w < ARRAY_COUNT(cpus->word); w++)
		for (uint64_t left = cpus->word[w]; left; left &= left - 1) {
			unsigned int bit = (unsigned int)__builtin_ctzll(left), cpu = w * 64 + bit;

			if (!__atomic_load_n(&flushed[cpu].is_idle, __ATOMIC_SEQ_CST) &&
			    __atomic_load_n(&flushed[cpu].time, __ATOMIC_SEQ_CST) <= stamp)
				stale.word[w] |= BIT(bit);
		}
	return stale;
}

/* Ends the epoch, unless another CPU is about it. */
static void tlb_clock_restart(void)
{
	if (__atomic_exchange_n(&restarting, 1, __ATOMIC_SEQ_CST))
		return;
	/* Another CPU may have come and gone since the clock was seen at 0. Nobody else moves it away from 0. */
	if (!__atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST)) {
		arch_tlb_flush(&cpus_online);
		__atomic_store_n(&taken, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&tlb_clock, 1, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&restarting, 0, __ATOMIC_SEQ_CST);
}

void tlb_clock_service(void)
{
	if (unlikely(!__atomic_load_n(&tlb_clock, __ATOMIC_RELAXED)))
		tlb_clock_restart();
}

void tlb_clock_flush_stale(const struct cpuset *cpus, uint16_t stamp)
{
	struct cpuset stale;

	tlb_clock_service();
	stale = tlb_clock_filter(cpus, stamp);
	if (!cpuset_is_empty(&stale))
		arch_tlb_flush(&stale);
}
