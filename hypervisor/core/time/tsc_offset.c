/*
 * How far two CPUs' time stamp counters are apart, from samples of both.
 *
 * The other's value belongs to a moment between the two of this CPU. So the difference of the counters lies between
 * before - there and after - there, and in what all these ranges have in common. If that contains 0 nobody can tell the
 * counters apart by looking at them: they are taken for one. Ranges with nothing in common come of counters that do not
 * count at one rate; the narrowest is then the best that is known.
 */
#include <hyp/tsc_offset.h>

struct range {
	int64_t low, high;
};

static struct range range_of(const struct tsc_sample *s)
{
	return (struct range){(int64_t)(s->before - s->there), (int64_t)(s->after - s->there)};
}

static bool is_narrower(struct range a, struct range b) { return a.high - a.low < b.high - b.low; }

int64_t tsc_ahead(const struct tsc_sample *samples, unsigned int count)
{
	struct range common = range_of(&samples[0]), narrowest = common;

	for (unsigned int i = 1; i < count; i++) {
		struct range r = range_of(&samples[i]);

		common.low = MAX(common.low, r.low);
		common.high = MIN(common.high, r.high);
		if (is_narrower(r, narrowest))
			narrowest = r;
	}
	if (common.low > common.high)
		common = narrowest;
	else if (common.low <= 0 && common.high >= 0)
		return 0;
	return common.low + (common.high - common.low) / 2;
}
