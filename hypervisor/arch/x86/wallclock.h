#pragma once
/* The wall clock: what time of day it was when system time was 0. Any CPU, interrupts off. */
#include <hyp/types.h>

struct domain;

/* It is `secs` and `nsecs` after 1970 at `system_time`; told to all domains. */
void wallclock_set(uint64_t secs, uint32_t nsecs, uint64_t system_time);
/* Writes the clock to d's shared_info. For each new domain, and when its time_offset_ns has changed. */
void wallclock_publish(struct domain *d);
