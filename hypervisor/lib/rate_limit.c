/*
 * A token bucket, for whatever a guest could cause too often: text, above all.
 *
 * I1  tokens <= burst.
 * I2  Over any time t, at most burst + t / interval_ns events are let through.
 * Fractions of an interval are not lost: refilled_ns advances by whole intervals, except when the bucket is
 * full, where time that passes earns nothing.
 */
#include <hyp/rate_limit.h>

void rate_limit_init(struct rate_limit *limit, uint32_t burst, uint64_t interval_ns, uint64_t now_ns)
{
	*limit = (struct rate_limit){
		.interval_ns = MAX(interval_ns, 1), .refilled_ns = now_ns, .burst = burst, .tokens = burst};
}

static void refill(struct rate_limit *limit, uint64_t now_ns)
{
	uint64_t earned;

	if (now_ns <= limit->refilled_ns)
		return;
	earned = (now_ns - limit->refilled_ns) / limit->interval_ns;
	if (earned >= limit->burst - limit->tokens) {
		limit->tokens = limit->burst;
		limit->refilled_ns = now_ns;
		return;
	}
	limit->tokens += (uint32_t)earned;
	limit->refilled_ns += earned * limit->interval_ns;
}

bool rate_limit_take(struct rate_limit *limit, uint64_t now_ns, uint32_t *dropped)
{
	refill(limit, now_ns);
	if (!limit->tokens) {
		if (limit->dropped < UINT32_MAX)
			limit->dropped++;
		return false;
	}
	limit->tokens--;
	*dropped = limit->dropped;
	limit->dropped = 0;
	return true;
}
