/*
 * The hypervisor's keys on its console (Ctrl-A three times, then 'h' lists them): what the machine is doing, for the one
 * who looks at it when a guest does not answer any more. `xl debug-keys` presses them too.
 *
 *   K1  A key only reads, but for 'R', and 'q', which has kernels speak too. Words are read without the locks that protect
 *       them where one look does no harm, so that a line may be out of date.
 *   K2  What a key prints is bounded: the port is slow, and its CPU does nothing else meanwhile.
 *
 * Keys come by the port's interrupt, or by sysctl: no lock is held in either case.
 */
#include "init.h"
#include "../arch/x86/cpu.h"
#include "../arch/x86/traps.h"
#include <hyp/console_input.h>
#include <hyp/domain.h>
#include <hyp/drivers/acpi_power.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/timer.h>

#define DOMAINS_SHOWN 32u
#define VCPUS_SHOWN 32u

/* Calls show for the first domains, and says if there are more. */
static void domains_show(void (*show)(struct domain *d))
{
	struct domain *d = domain_find_next(0);

	for (unsigned int shown = 0; d && shown < DOMAINS_SHOWN; shown++) {
		domid_t next = (domid_t)(d->id + 1);

		show(d);
		domain_put(d);
		d = domain_find_next(next);
	}
	if (!d)
		return;
	log_info("more domains, from d%u on", d->id);
	domain_put(d);
}

/* Domains and vCPUs ---------------------------------------------------------------------------------------------- */

static void vcpu_show(const struct vcpu *v)
{
	uint32_t stop = read_once(v->stop);

	log_info("  v%u: %s cpu %u%s%s%s, pauses %u, upcall %s%s", v->id, read_once(v->sched.running) ? "on" : "for",
		 read_once(v->sched.cpu), stop & VCPU_DOWN ? ", down" : "", stop & VCPU_BLOCKED ? ", blocked" : "",
		 stop & VCPU_POLLING ? ", polling" : "", read_once(v->pause_count),
		 !v->info ? "none" : read_once(v->info->evtchn_upcall_pending) ? "pending" : "idle",
		 v->info && read_once(v->info->evtchn_upcall_mask) ? ", masked" : "");
}

/* A kernel that hears of VIRQ_DEBUG says how it sees its event channels. */
static void domain_show(struct domain *d)
{
	static const char *const states[] = {"alive", "dying", "dead"};

	log_info("d%u: %s%s, references %u, pauses %u, frames %lu of %lu, shutdown code %u", d->id, states[d->state],
		 d->is_shutdown ? ", shut down" : "", read_once(d->references), read_once(d->pause_count),
		 (unsigned long)read_once(d->pages), (unsigned long)d->pages_max, d->shutdown_code);
	for (unsigned int i = 0; i < MIN(d->vcpu_max, VCPUS_SHOWN); i++) {
		struct vcpu *v = domain_vcpu(d, i);

		if (!v)
			continue;
		vcpu_show(v);
		evtchn_send_vcpu_virq(v, VIRQ_DEBUG);
	}
}

static void key_domains(void) { domains_show(domain_show); }

static void event_channels_show(struct domain *d) { evtchn_dump(d); }
static void key_event_channels(void) { domains_show(event_channels_show); }

static void grants_show(struct domain *d) { grant_dump(d); }
static void key_grants(void) { domains_show(grants_show); }

/* The machine ------------------------------------------------------------------------------------------------------ */

static void key_memory(void)
{
	log_info("frames: %lu in all, %lu free (%lu of them not clean), %lu promised, %lu to be had",
		 (unsigned long)frames_total_count(), (unsigned long)frames_free_count(),
		 (unsigned long)frames_dirty_count(), (unsigned long)frames_claimed_count(),
		 (unsigned long)frames_available_count());
}

static void key_timers(void)
{
	uint64_t now = time_now();

	log_info("system time %lu ns", (unsigned long)now);
	cpuset_for_each(cpu, &cpus_online) {
		uint64_t next = timer_next_deadline(cpu);

		if (next == UINT64_MAX)
			log_info("cpu %u: no timer", cpu);
		else
			log_info("cpu %u: next timer in %ld ns", cpu, (long)(next - now));
	}
}

/* Each CPU prints its own when it is about to return to its guest: there they are whole. */
static void key_registers(void) { registers_ask(cpuset_next(&cpus_online, 0)); }

static void key_restart(void)
{
	log_warning("restart by key");
	machine_reset();
}

void startup_debug_keys(void)
{
	static const struct {
		char key;
		const char *help;
		void (*handler)(void);
	} keys[] = {
		{'a', "timers", key_timers},
		{'d', "registers of the guests on all CPUs", key_registers},
		{'e', "event channels", key_event_channels},
		{'g', "grants in use", key_grants},
		{'m', "memory", key_memory},
		{'q', "domains and vCPUs", key_domains},
		{'r', "run queues", sched_dump},
		{'R', "restart the machine at once", key_restart},
	};

	for (unsigned int i = 0; i < ARRAY_COUNT(keys); i++)
		if (console_key_register(keys[i].key, keys[i].help, keys[i].handler) != OK)
			log_warning("key '%c' is taken", keys[i].key);
}
