/*
 * The map of the machine's physical memory.
 *
 * What firmware and loaders hand over is unsorted, overlapping, and now and then absurd. Entries are added as
 * they come; memmap_normalise makes of them a map on which questions have one answer:
 *  I1  entries are sorted by start, not empty, and do not overlap;
 *  I2  neighbours of one type that touch are one entry, so a range of RAM lies in one entry or is not RAM;
 *  I3  where entries overlapped, the more restrictive type won;
 *  I4  no entry reaches past MEMMAP_LIMIT, so start + bytes never overflows;
 *  I5  what does not fit in the array can only take RAM away: a byte that any entry called something else than
 *      RAM never becomes RAM.
 *
 * The work is in place, since the map is too large for a stack. No lock: start-up is one CPU, and the map does not
 * change after it.
 */
#include <hyp/boot/memmap.h>
#include <hyp/string.h>

static paddr_t entry_end(const struct memmap_entry *e) { return e->start + e->bytes; }

/* A total order of types, from the freest to the most restrictive. */
static uint64_t type_rank(uint32_t type)
{
	uint64_t rank = type == MEMMAP_RAM	  ? 0
			: type == MEMMAP_ACPI	  ? 1
			: type == MEMMAP_NVS	  ? 2
			: type == MEMMAP_UNUSABLE ? 4
						  : 3;

	return rank << 32 | type;
}

static void entry_remove(struct memmap *m, unsigned int i)
{
	m->count--;
	memmove(&m->entry[i], &m->entry[i + 1], (m->count - i) * sizeof(m->entry[0]));
}

/* Into its place by start, behind those of the same start. The caller knows that there is room. */
static void entry_insert(struct memmap *m, paddr_t start, paddr_t end, uint32_t type)
{
	unsigned int i = m->count;

	if (start >= end)
		return;
	while (i && m->entry[i - 1].start > start)
		i--;
	memmove(&m->entry[i + 1], &m->entry[i], (m->count - i) * sizeof(m->entry[0]));
	m->entry[i] = (struct memmap_entry){start, end - start, type};
	m->count++;
}

/* Takes [start, end) out of all RAM without a need for room: of RAM on both sides the larger side stays. */
static void ram_cut(struct memmap *m, paddr_t start, paddr_t end)
{
	for (unsigned int i = 0; i < m->count; i++) {
		struct memmap_entry *e = &m->entry[i];
		uint64_t below, above;

		if (e->type != MEMMAP_RAM || e->start >= end || entry_end(e) <= start)
			continue;
		below = start > e->start ? start - e->start : 0;
		above = entry_end(e) > end ? entry_end(e) - end : 0;
		if (above > below)
			e->start = end;
		e->bytes = MAX(above, below);
		if (!e->bytes)
			entry_remove(m, i--);
	}
}

void memmap_add(struct memmap *m, paddr_t start, uint64_t bytes, uint32_t type)
{
	if (!bytes || start >= MEMMAP_LIMIT)
		return;
	bytes = MIN(bytes, MEMMAP_LIMIT - start);

	if (m->count == MEMMAP_MAX)
		memmap_normalise(m);
	if (m->count == MEMMAP_MAX)
		m->truncated = true;
	/* A map that lost entries takes no more RAM: it could lie where a lost entry said otherwise (I5). */
	if (m->truncated && type == MEMMAP_RAM)
		return;
	if (m->count == MEMMAP_MAX)
		ram_cut(m, start, start + bytes);
	else
		m->entry[m->count++] = (struct memmap_entry){start, bytes, type};
}

static void entries_sort(struct memmap *m)
{
	for (unsigned int i = 1; i < m->count; i++) {
		struct memmap_entry e = m->entry[i];
		unsigned int at = i;

		for (; at && m->entry[at - 1].start > e.start; at--)
			m->entry[at] = m->entry[at - 1];
		m->entry[at] = e;
	}
}

/* The later entry wins where the two overlap: the earlier one keeps what is before and behind. */
static void later_wins(struct memmap *m, unsigned int i)
{
	struct memmap_entry *a = &m->entry[i], *b = a + 1;
	paddr_t start = a->start, middle = b->start, b_end = entry_end(b), end = entry_end(a);
	uint32_t type = a->type;

	if (start < middle && b_end < end && m->count == MEMMAP_MAX) {
		/* No room for a third: the stricter of the two takes the end (I5). */
		a->bytes = middle - start;
		b->bytes = end - middle;
		m->truncated = true;
		return;
	}
	entry_remove(m, i);
	entry_insert(m, start, middle, type);
	entry_insert(m, b_end, end, type);
}

/* Looks at entries i and i + 1, where entry i does not start later. True if they agree with I1 to I3; if not, makes
   one step in that direction, which leaves fewer entries or fewer bytes, so the steps come to an end. */
static bool pair_settle(struct memmap *m, unsigned int i)
{
	struct memmap_entry *a = &m->entry[i], b = m->entry[i + 1];
	paddr_t a_end = entry_end(a), b_end = entry_end(&b);

	if (a->type == b.type && b.start <= a_end) {
		a->bytes = MAX(a_end, b_end) - a->start;
		entry_remove(m, i + 1);
		return false;
	}
	if (b.start >= a_end)
		return true;
	if (type_rank(a->type) > type_rank(b.type)) {
		entry_remove(m, i + 1);
		entry_insert(m, a_end, b_end, b.type);
	} else {
		later_wins(m, i);
	}
	return false;
}

void memmap_normalise(struct memmap *m)
{
	unsigned int i = 0;

	entries_sort(m);
	while (i + 1 < m->count) {
		if (pair_settle(m, i))
			i++;
		else if (i)
			i--; /* what changed may now touch the one before */
	}
}

void memmap_reserve(struct memmap *m, paddr_t start, uint64_t bytes, uint32_t type)
{
	memmap_add(m, start, bytes, type);
	memmap_normalise(m);
}

/* Downwards, since a reservation changes nothing in front of the entry that it took. */
void memmap_limit_ram(struct memmap *m, paddr_t limit)
{
	for (unsigned int i = m->count; i--;) {
		const struct memmap_entry *e = &m->entry[i];
		paddr_t start = MAX(e->start, limit);

		if (e->type == MEMMAP_RAM && start < entry_end(e))
			memmap_reserve(m, start, entry_end(e) - start, MEMMAP_UNUSABLE);
	}
}

const struct memmap_entry *memmap_find(const struct memmap *m, paddr_t paddr)
{
	unsigned int low = 0, high = m->count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;
		const struct memmap_entry *e = &m->entry[middle];

		if (paddr < e->start)
			high = middle;
		else if (paddr >= entry_end(e))
			low = middle + 1;
		else
			return e;
	}
	return NULL;
}

bool memmap_is_ram(const struct memmap *m, paddr_t start, uint64_t bytes)
{
	const struct memmap_entry *e = memmap_find(m, start);

	return bytes && e && e->type == MEMMAP_RAM && bytes <= entry_end(e) - start;
}

/* Does the block fit into [low, high)? The bounds are below MEMMAP_LIMIT, so no sum overflows. */
static bool block_fits(paddr_t low, paddr_t high, uint64_t bytes, uint64_t align, bool top_down, paddr_t *out)
{
	low = (low + align - 1) & ~(align - 1);
	if (low >= high || bytes > high - low)
		return false;
	*out = top_down ? (high - bytes) & ~(align - 1) : low;
	return true;
}

enum status memmap_find_ram(const struct memmap *m, uint64_t bytes, uint64_t align, paddr_t min, paddr_t max,
			    bool top_down, paddr_t *out)
{
	if (!bytes || !align || (align & (align - 1)))
		return E_INVAL;
	for (unsigned int i = 0; i < m->count; i++) {
		const struct memmap_entry *e = &m->entry[top_down ? m->count - 1 - i : i];
		paddr_t low = MAX(e->start, min), high = MIN(entry_end(e), max);

		if (e->type == MEMMAP_RAM && low < high && block_fits(low, high, bytes, align, top_down, out))
			return OK;
	}
	return E_NOMEM;
}

uint64_t memmap_ram_bytes(const struct memmap *m)
{
	uint64_t bytes = 0;

	memmap_for_each(e, m)
		if (e->type == MEMMAP_RAM)
			bytes += e->bytes;
	return bytes;
}

paddr_t memmap_max_paddr(const struct memmap *m)
{
	for (unsigned int i = m->count; i; i--)
		if (m->entry[i - 1].type == MEMMAP_RAM)
			return entry_end(&m->entry[i - 1]);
	return 0;
}
