/*
 * A domain's time-stamp counter.
 *
 * It is the machine's, unless the builder asked for one of the domain's own (tsc_mode always_emulate): that one counts at the
 * rate it has been created with, from 0 at its creation, and goes on where it was when the domain is restored, on a
 * machine with another rate too. RDTSC traps then (CR4.TSD, ../switch.c), and what is told is a function of system time: the
 * same on all CPUs. The domain's time records have the inverse of that function (guest_time.c).
 */
#include "guest_tsc.h"
#include "../ops.h"
#include "../switch.h"
#include <hyp/control.h>
#include <hyp/timer.h>

enum { MODE_DEFAULT, MODE_ALWAYS_EMULATE, MODE_NATIVE };

uint32_t guest_tsc_khz(const struct domain *d) { return guest_tsc_is_emulated(d) ? d->arch.tsc.khz : tsc_khz; }

struct tsc_scale guest_tsc_scale(const struct domain *d)
{
	return guest_tsc_is_emulated(d) ? tsc_scale_make(d->arch.tsc.khz) : tsc_scale;
}

uint64_t guest_tsc_read(const struct domain *d)
{
	struct tsc_scale scale;

	if (!guest_tsc_is_emulated(d))
		return tsc_read();
	scale = guest_tsc_scale(d);
	return ns_to_ticks(&scale, time_now() - d->arch.tsc.zero_ns);
}

enum status arch_tsc_info_set(struct domain *d, const struct xen_domctl_tsc_info *info)
{
	struct guest_tsc tsc = {.mode = info->tsc_mode};

	if (info->tsc_mode > MODE_NATIVE)
		return E_INVAL;
	if (info->tsc_mode == MODE_ALWAYS_EMULATE) {
		tsc.khz = info->gtsc_khz ? info->gtsc_khz : tsc_khz;
		tsc.zero_ns = time_now() - info->elapsed_nsec;
	}
	/* It goes up with each restore, so that the guest can tell. */
	tsc.incarnation = info->incarnation + 1;
	d->arch.tsc = tsc;
	/* The records are written when their state is loaded. */
	for (unsigned int i = 0; i < d->vcpu_max; i++)
		if (domain_vcpu(d, i))
			vcpu_state_changed(domain_vcpu(d, i));
	return OK;
}

void arch_tsc_info_get(const struct domain *d, struct xen_domctl_tsc_info *info)
{
	info->tsc_mode = d->arch.tsc.mode;
	info->gtsc_khz = guest_tsc_khz(d);
	info->incarnation = d->arch.tsc.incarnation;
	info->elapsed_nsec = time_now() - d->arch.tsc.zero_ns;
}
