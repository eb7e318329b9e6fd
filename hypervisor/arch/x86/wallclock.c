/*
 * The wall clock of all domains.
 *
 * A guest computes the time of day from two numbers: system time, and what the time of day was when that was 0. The second is
 * in its shared_info, under a version that is odd while it changes. It comes from the battery clock at first and from
 * domain 0, which knows better, later. A domain's own offset is added to what it sees.
 *
 * W1  One CPU at a time changes the clock or a domain's copy of it, so copies never go back to an older setting.
 */
#include "wallclock.h"
#include "time.h"
#include <hyp/domain.h>
#include <hyp/lock.h>

static struct spinlock wallclock_lock = SPINLOCK_INIT; /* below d->lock; with it wallclock_boot_ns and all copies */

/* A day before 1970, or after 2554, is as near as the record can say. */
static uint64_t with_offset(uint64_t ns, int64_t offset_ns)
{
	uint64_t sum = ns + (uint64_t)offset_ns;

	if (offset_ns < 0)
		return sum < ns ? sum : 0;
	return sum >= ns ? sum : UINT64_MAX;
}

static void record_write(struct domain *d) REQUIRES(wallclock_lock)
{
	struct shared_info *s = d->shared_info;
	uint64_t ns = with_offset(wallclock_boot_ns, read_once(d->time_offset_ns)), secs = ns / NANOSECONDS_PER_SECOND;
	/* The guest may have changed the word: odd and larger is all that its readers need. */
	uint32_t version = read_once(s->wc_version) | 1;

	__atomic_store_n(&s->wc_version, version, __ATOMIC_SEQ_CST);
	write_once(s->wc_sec, (uint32_t)secs);
	write_once(s->wc_sec_hi, (uint32_t)(secs >> 32));
	write_once(s->wc_nsec, (uint32_t)(ns % NANOSECONDS_PER_SECOND));
	__atomic_store_n(&s->wc_version, version + 1, __ATOMIC_SEQ_CST);
}

void wallclock_publish(struct domain *d)
{
	spin_lock(&wallclock_lock);
	record_write(d);
	spin_unlock(&wallclock_lock);
}

static uint64_t boot_time(uint64_t secs, uint32_t nsecs, uint64_t system_time)
{
	uint64_t ns;

	if (secs > (UINT64_MAX - nsecs) / NANOSECONDS_PER_SECOND)
		return UINT64_MAX;
	ns = secs * NANOSECONDS_PER_SECOND + nsecs;
	return ns > system_time ? ns - system_time : 0;
}

void wallclock_set(uint64_t secs, uint32_t nsecs, uint64_t system_time)
{
	struct domain *next;

	spin_lock(&wallclock_lock);
	wallclock_boot_ns = boot_time(secs, nsecs, system_time);
	spin_unlock(&wallclock_lock);
	for (struct domain *d = domain_find_next(0); d; d = next) {
		wallclock_publish(d);
		next = domain_find_next((domid_t)(d->id + 1));
		domain_put(d);
	}
}
