#pragma once
/* A domain's time-stamp counter: the machine's or its own. See guest_tsc.c. */
#include "../time.h"
#include <hyp/domain.h>

static inline bool guest_tsc_is_emulated(const struct domain *d) { return d->arch.tsc.khz; }
/* What RDTSC and its register tell, on this CPU. */
uint64_t guest_tsc_read(const struct domain *d);
/* Its rate, and how its ticks become nanoseconds. */
uint32_t guest_tsc_khz(const struct domain *d);
struct tsc_scale guest_tsc_scale(const struct domain *d);
