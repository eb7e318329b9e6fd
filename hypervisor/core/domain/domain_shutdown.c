/*
 * A domain stops itself, or is stopped: shutdown with a reason, crash, and the way back from a suspend.
 *
 * A domain that is shut down keeps its memory and its vCPUs' state; it holds one pause until domain_resume. Only the
 * first shutdown counts. Domain 0's shutdown is the machine's.
 */
#include <hyp/domain.h>
#include <hyp/log.h>

#define CRASH_TEXT_BYTES 160

/* True for the call that shuts it down. The reason that is in force goes to *reason. */
static bool begin_shutdown(struct domain *d, uint8_t *reason) EXCLUDES(d->shutdown_lock)
{
	bool is_first;

	spin_lock(&d->shutdown_lock);
	if (d->shutdown_code == SHUTDOWN_CODE_NONE)
		d->shutdown_code = *reason;
	*reason = d->shutdown_code;
	is_first = !d->is_shutdown;
	d->is_shutdown = true;
	if (is_first)
		domain_pause(d);
	spin_unlock(&d->shutdown_lock);
	return is_first;
}

/* One who waits for a suspend is told by a port of the domain's, and domain 0 is not bothered then. */
static void announce(struct domain *d, uint8_t reason)
{
	uint32_t port = read_once(d->control.suspend_port);

	if (reason == SHUTDOWN_suspend && port && evtchn_send(d, port) == OK)
		return;
	if (domain0)
		evtchn_send_global_virq(VIRQ_DOM_EXC);
}

void domain_shutdown(struct domain *d, uint8_t reason)
{
	bool is_first = begin_shutdown(d, &reason);

	if (d == domain0)
		arch_machine_shutdown(reason);
	if (is_first)
		announce(d, reason);
}

void domain_latch_shutdown_code(struct domain *d, uint8_t reason)
{
	spin_lock(&d->shutdown_lock);
	if (d->shutdown_code == SHUTDOWN_CODE_NONE)
		d->shutdown_code = reason;
	spin_unlock(&d->shutdown_lock);
}

void domain_resume(struct domain *d)
{
	spin_lock(&d->shutdown_lock);
	if (d->is_shutdown) {
		d->is_shutdown = false;
		d->shutdown_code = SHUTDOWN_CODE_NONE;
		domain_unpause(d);
	}
	spin_unlock(&d->shutdown_lock);
}

void domain_crash(struct domain *d, const char *why, ...)
{
	char text[CRASH_TEXT_BYTES];
	va_list args;

	va_start(args, why);
	(void)format_text_v(text, sizeof(text), why, args);
	va_end(args);
	if (d == domain0)
		log_error("domain 0 crashed: %s", text);
	else if (!read_once(d->is_shutdown))
		log_guest(LOG_WARNING, d->id, "crashed: %s", text);
	domain_shutdown(d, SHUTDOWN_crash);
}
