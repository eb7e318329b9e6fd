/*
 * Sets of numbers, kept as ranges in order.
 *
 *   R1  range[i].first <= range[i].last, and range[i].last + 1 < range[i + 1].first: ranges neither meet nor overlap.
 *   R2  Storage is fixed, so changing a set fails only by RANGES_MAX, and leaves it as it was then.
 */
#include "range_set.h"

#include <hyp/string.h>

/* The first range that ends at or after `number`; s->count if none does. */
static unsigned int find(const struct range_set *s, uint64_t number)
{
	unsigned int i = 0;

	while (i < s->count && s->range[i].last < number)
		i++;
	return i;
}

/* Ranges [from, to) are replaced by `n` new ones. */
static enum status splice(struct range_set *s, unsigned int from, unsigned int to, const struct range *new, unsigned int n)
{
	if (s->count - (to - from) + n > RANGES_MAX)
		return E_NOMEM;
	memmove(&s->range[from + n], &s->range[to], (s->count - to) * sizeof(*s->range));
	memcpy(&s->range[from], new, n * sizeof(*new));
	s->count = s->count - (to - from) + n;
	return OK;
}

enum status range_set_add(struct range_set *s, uint64_t first, uint64_t last)
{
	struct range new = {first, last};
	unsigned int from, to;

	if (first > last)
		return E_INVAL;
	/* Neighbours that only touch it become part of it too. */
	from = to = find(s, first ? first - 1 : 0);
	while (to < s->count && (last == UINT64_MAX || s->range[to].first <= last + 1))
		to++;
	if (from < to) {
		new.first = MIN(first, s->range[from].first);
		new.last = MAX(last, s->range[to - 1].last);
	}
	return splice(s, from, to, &new, 1);
}

enum status range_set_remove(struct range_set *s, uint64_t first, uint64_t last)
{
	struct range rest[2];
	unsigned int from, to, n = 0;

	if (first > last)
		return E_INVAL;
	from = to = find(s, first);
	while (to < s->count && s->range[to].first <= last)
		to++;
	if (from == to)
		return OK;
	if (s->range[from].first < first)
		rest[n++] = (struct range){s->range[from].first, first - 1};
	if (s->range[to - 1].last > last)
		rest[n++] = (struct range){last + 1, s->range[to - 1].last};
	return splice(s, from, to, rest, n);
}

bool range_set_contains(const struct range_set *s, uint64_t first, uint64_t last)
{
	unsigned int i = find(s, first);

	return first <= last && i < s->count && s->range[i].first <= first && s->range[i].last >= last;
}
