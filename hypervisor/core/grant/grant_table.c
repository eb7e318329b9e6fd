/*
 * The table of a domain: its shared frames, one active entry for each shared one, its limits.
 *
 * T1  The table only grows. A frame of it lives until the domain's struct goes, because whoever unmaps a grant, long
 *     after its granter died, still clears the flags in the shared entry.
 * T2  shared[i] is there for each i < frames, and for no other. The active entries of a piece of the table are there from the
 *     first time that somebody tries to pin one of them: at most as many as the shared ones.
 *
 * Lock: d->grant.lock. The allocator's locks are taken under it.
 */
#include "grant_internal.h"

#include <hyp/heap.h>
#include <hyp/log.h>

static_assert(sizeof(grant_entry_v1_t) == sizeof(uint64_t), "an entry is read and changed as one word");

struct grant_active *grant_active_find(const struct domain *d, grant_ref_t ref)
{
	const struct grant_table *t = &d->grant;

	if (ref / GRANT_ENTRIES_PER_FRAME >= t->frames || !t->active[ref / GRANT_ENTRIES_PER_PIECE])
		return NULL;
	return &t->active[ref / GRANT_ENTRIES_PER_PIECE][ref % GRANT_ENTRIES_PER_PIECE];
}

struct grant_active *grant_active_make(struct domain *d, grant_ref_t ref)
{
	struct grant_active **piece = &d->grant.active[ref / GRANT_ENTRIES_PER_PIECE];

	if (!*piece)
		*piece = heap_alloc_array(struct grant_active, GRANT_ENTRIES_PER_PIECE);
	return grant_active_find(d, ref);
}

uint64_t *grant_shared_find(const struct domain *d, grant_ref_t ref)
{
	const struct grant_table *t = &d->grant;

	if (ref / GRANT_ENTRIES_PER_FRAME >= t->frames)
		return NULL;
	return (uint64_t *)t->shared[ref / GRANT_ENTRIES_PER_FRAME] + ref % GRANT_ENTRIES_PER_FRAME;
}

static enum status frame_add(struct domain *d) REQUIRES(d->grant.lock)
{
	struct grant_table *t = &d->grant;
	void *shared = shared_page_alloc(d);

	if (!shared)
		return E_NOMEM;
	t->shared[t->frames] = shared;
	t->frames++;
	return OK;
}

static enum status grow_locked(struct domain *d, uint32_t frames) REQUIRES(d->grant.lock)
{
	enum status s = OK;

	if (frames > d->grant.frames_max)
		return E_INVAL;
	if (frames > d->grant.frames && read_once(d->state) != DOMAIN_ALIVE)
		return E_INVAL;
	while (s == OK && d->grant.frames < frames)
		s = frame_add(d);
	return s;
}

enum status grant_table_grow(struct domain *d, uint32_t frames)
{
	enum status s;

	spin_lock(&d->grant.lock);
	s = grow_locked(d, frames);
	spin_unlock(&d->grant.lock);
	return s;
}

enum status grant_table_frame(struct domain *d, uint32_t index, mfn_t *frame)
{
	enum status s = E_INVAL;

	if (index >= GRANT_FRAMES_LIMIT)
		return E_INVAL;
	spin_lock(&d->grant.lock);
	s = grow_locked(d, index + 1);
	if (s == OK)
		*frame = arch_virt_to_mfn(d->grant.shared[index]);
	spin_unlock(&d->grant.lock);
	return s;
}

uint32_t grant_table_frame_count(struct domain *d)
{
	uint32_t frames;

	spin_lock(&d->grant.lock);
	frames = d->grant.frames;
	spin_unlock(&d->grant.lock);
	return frames;
}

enum status grant_domain_init(struct domain *d, uint32_t frames_max, uint32_t maptrack_frames_max)
{
	struct grant_table *t = &d->grant;

	if (frames_max == 0 || frames_max > GRANT_FRAMES_LIMIT || maptrack_frames_max > GRANT_MAPTRACK_FRAMES_LIMIT)
		return E_INVAL;
	*t = (struct grant_table){.frames_max = frames_max,
				  .maptrack_frames_max = maptrack_frames_max,
				  .maptrack_free = GRANT_HANDLE_NONE};
	t->active = heap_alloc_array(struct grant_active *, frames_max * GRANT_PIECES_PER_FRAME);
	t->shared = heap_alloc_array(void *, frames_max);
	if (!t->active || !t->shared || grant_table_grow(d, 1) != OK) {
		grant_domain_fini(d);
		return E_NOMEM;
	}
	return OK;
}

/* Also of a table that grant_domain_init did not finish, or never began. */
void grant_domain_fini(struct domain *d)
{
	struct grant_table *t = &d->grant;

	for (uint32_t i = 0; i < t->frames; i++)
		shared_page_release(t->shared[i]);
	for (uint32_t i = 0; i < t->frames * GRANT_PIECES_PER_FRAME; i++)
		heap_free_array(t->active[i], GRANT_ENTRIES_PER_PIECE);
	for (uint32_t i = 0; t->maptrack && i < t->maptrack_frames_max && t->maptrack[i]; i++)
		hv_page_free(t->maptrack[i]);
	heap_free_array(t->active, t->frames_max * GRANT_PIECES_PER_FRAME);
	heap_free_array(t->shared, t->frames_max);
	heap_free_array(t->maptrack, t->maptrack_frames_max);
	*t = (struct grant_table){.maptrack_free = GRANT_HANDLE_NONE};
}

/* For the diagnostic keys: no lock, so that it works when the machine hangs; a line may be out of date. */
#define LINES_MAX 256u

void grant_dump(const struct domain *d) NO_LOCK_CHECK
{
	const struct grant_table *t = &d->grant;
	unsigned int lines = 0;

	log_info("d%u: %u of %u grant frames, %u handles", d->id, t->frames, t->frames_max, t->maptrack_count);
	for (grant_ref_t ref = 0; ref < t->frames * GRANT_ENTRIES_PER_FRAME && lines < LINES_MAX; ref++) {
		const struct grant_active *a = grant_active_find(d, ref);

		if (a && a->pins && ++lines)
			log_info("  %5u frame %x to d%u: %u uses, %u writing", ref, a->frame, a->user, a->pins, a->write_pins);
	}
}
