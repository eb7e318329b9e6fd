#pragma once
/*
 * A token bucket: at most `burst` events at once, one more every `interval_ns`. Pure; the caller brings the
 * time and, if CPUs share the bucket, the lock.
 */
#include <hyp/types.h>

struct rate_limit {
	uint64_t interval_ns; /* at least 1 */
	uint64_t refilled_ns; /* up to when tokens are accounted for */
	uint32_t burst;
	uint32_t tokens;
	uint32_t dropped; /* refused since the last one that was let through */
};

void rate_limit_init(struct rate_limit *limit, uint32_t burst, uint64_t interval_ns, uint64_t now_ns);
/* True if the event may happen; `*dropped` is then how many were refused since the last. A clock that goes
   backwards earns nothing and harms nothing. */
bool rate_limit_take(struct rate_limit *limit, uint64_t now_ns, uint32_t *dropped);
