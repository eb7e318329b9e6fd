/*
 * Watchdogs: a domain that stops setting its own is shut down with SHUTDOWN_watchdog.
 *
 * Each domain has DOMAIN_WATCHDOGS of them, numbered from 1. They belong to the domain, not to a vCPU, and go on while the
 * domain is paused.
 */
#include <hyp/domain.h>
#include <hyp/log.h>

static void watchdog_expired(struct timer *t)
{
	struct domain *d = container_of(t, struct watchdog, timer)->domain;

	if (read_once(d->is_shutdown) || read_once(d->state) != DOMAIN_ALIVE)
		return;
	log_guest(LOG_WARNING, d->id, "its watchdog expired");
	domain_shutdown(d, SHUTDOWN_watchdog);
}

void domain_watchdogs_init(struct domain *d)
{
	for (unsigned int i = 0; i < DOMAIN_WATCHDOGS; i++) {
		d->watchdog[i].domain = d;
		timer_init(&d->watchdog[i].timer, watchdog_expired, cpuset_next(&cpus_online, 0) % CPUS_MAX);
	}
}

bool domain_watchdogs_stop(struct domain *d)
{
	bool are_stopped = true;

	for (unsigned int i = 0; i < DOMAIN_WATCHDOGS; i++) {
		timer_stop(&d->watchdog[i].timer);
		are_stopped &= !timer_is_running(&d->watchdog[i].timer);
	}
	return are_stopped;
}

static void start(struct watchdog *w, uint32_t timeout_s)
{
	timer_set(&w->timer, time_now() + timeout_s * NANOSECONDS_PER_SECOND);
}

static long take_free(struct domain *d, uint32_t timeout_s) REQUIRES(d->lock)
{
	for (unsigned int i = 0; i < DOMAIN_WATCHDOGS; i++) {
		if (d->watchdog[i].is_used)
			continue;
		d->watchdog[i].is_used = true;
		start(&d->watchdog[i], timeout_s);
		return i + 1;
	}
	return E_NOSPC;
}

static long set_again(struct watchdog *w, uint32_t timeout_s)
{
	if (!w->is_used)
		return E_INVAL;
	if (timeout_s) {
		start(w, timeout_s);
	} else {
		timer_stop(&w->timer);
		w->is_used = false;
	}
	return 0;
}

long domain_watchdog(struct domain *d, uint32_t id, uint32_t timeout_s)
{
	long result;

	if (id > DOMAIN_WATCHDOGS)
		return E_INVAL;
	spin_lock(&d->lock);
	result = id ? set_again(&d->watchdog[id - 1], timeout_s) : take_free(d, timeout_s);
	spin_unlock(&d->lock);
	return result;
}
