/*
 * Map handles: what a domain has mapped from others, by number.
 *
 * H1  A handle is free (flags 0, on the free list), taken (flags 0, its caller's alone), or stands for a mapping (flags
 *     say which parts, host and device, exist or are going). Only the last has a granter, with a reference.
 * H2  Each part is unmapped once: who claims it moves its bit from "exists" to "going" under the lock, and gives it
 *     back or retires it. A second unmapping, on another CPU or later in the same batch, finds no part to claim.
 * H3  A handle is free again only when no part exists or is going, that is after the flush: its number is not used anew
 *     while an old mapping may still be in a TLB.
 *
 * Numbers name a domain's own handles only: guessing them unmaps one's own mappings.
 * Lock: the mapper's maptrack lock. The allocator's is taken under it.
 */
#include "grant_internal.h"

#include <hyp/heap.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>

static_assert(sizeof(struct grant_map) == 16, "256 handles fill a page");

/* The handle, or NULL for a number that was never given out. */
static struct grant_map *handle_find(const struct domain *mapper, grant_handle_t handle)
	REQUIRES(mapper->grant.maptrack_lock)
{
	const struct grant_table *t = &mapper->grant;

	if (handle >= t->maptrack_count)
		return NULL;
	return &t->maptrack[handle / GRANT_HANDLES_PER_PAGE][handle % GRANT_HANDLES_PER_PAGE];
}

/* One more page of handles, all on the free list, lowest first. */
static bool handles_add(struct domain *mapper) REQUIRES(mapper->grant.maptrack_lock)
{
	struct grant_table *t = &mapper->grant;
	uint32_t page = t->maptrack_count / GRANT_HANDLES_PER_PAGE, first = t->maptrack_count;
	struct grant_map *maps;

	if (page >= t->maptrack_frames_max)
		return false;
	/* Most domains map nothing of others. */
	if (!t->maptrack)
		t->maptrack = heap_alloc_array(struct grant_map *, t->maptrack_frames_max);
	maps = t->maptrack ? hv_page_alloc() : NULL;
	if (!maps)
		return false;
	for (uint32_t i = 0; i < GRANT_HANDLES_PER_PAGE; i++)
		maps[i].ref = i + 1 < GRANT_HANDLES_PER_PAGE ? first + i + 1 : GRANT_HANDLE_NONE;
	t->maptrack[page] = maps;
	t->maptrack_count += GRANT_HANDLES_PER_PAGE;
	t->maptrack_free = first;
	return true;
}

int16_t grant_handle_alloc(struct domain *mapper, grant_handle_t *handle)
{
	struct grant_table *t = &mapper->grant;
	int16_t s = GNTST_no_space;

	spin_lock(&mapper->grant.maptrack_lock);
	/* A domain that dies maps nothing more. */
	if (read_once(mapper->state) == DOMAIN_ALIVE && (t->maptrack_free != GRANT_HANDLE_NONE || handles_add(mapper))) {
		*handle = t->maptrack_free;
		t->maptrack_free = handle_find(mapper, *handle)->ref;
		s = GNTST_okay;
	}
	spin_unlock(&mapper->grant.maptrack_lock);
	return s;
}

static void free_locked(struct domain *mapper, grant_handle_t handle) REQUIRES(mapper->grant.maptrack_lock)
{
	struct grant_map *map = handle_find(mapper, handle);

	*map = (struct grant_map){.ref = mapper->grant.maptrack_free};
	mapper->grant.maptrack_free = handle;
}

void grant_handle_free(struct domain *mapper, grant_handle_t handle)
{
	spin_lock(&mapper->grant.maptrack_lock);
	free_locked(mapper, handle);
	spin_unlock(&mapper->grant.maptrack_lock);
}

void grant_handle_publish(struct domain *mapper, grant_handle_t handle, const struct grant_map *map)
{
	spin_lock(&mapper->grant.maptrack_lock);
	*handle_find(mapper, handle) = *map;
	spin_unlock(&mapper->grant.maptrack_lock);
}

int16_t grant_handle_claim(struct domain *mapper, grant_handle_t handle, uint32_t parts, struct grant_map *out)
{
	struct grant_map *map;
	int16_t s = GNTST_bad_handle;

	spin_lock(&mapper->grant.maptrack_lock);
	map = handle_find(mapper, handle);
	if (map && map->flags & parts << GRANT_GOING_SHIFT) {
		/* Whoever takes it may yet find that it is not at his address, and give it back. */
		s = GRANT_RESTART;
	} else if (map && (map->flags & GRANT_PARTS)) {
		*out = *map;
		parts &= map->flags & GRANT_PARTS;
		map->flags = (map->flags & ~parts) | parts << GRANT_GOING_SHIFT;
		s = GNTST_okay;
	}
	spin_unlock(&mapper->grant.maptrack_lock);
	return s;
}

void grant_handle_unclaim(struct domain *mapper, grant_handle_t handle, uint32_t parts)
{
	struct grant_map *map;

	spin_lock(&mapper->grant.maptrack_lock);
	map = handle_find(mapper, handle);
	map->flags = (map->flags & ~(parts << GRANT_GOING_SHIFT)) | parts;
	spin_unlock(&mapper->grant.maptrack_lock);
}

void grant_handle_retire(struct domain *mapper, grant_handle_t handle, uint32_t parts)
{
	struct domain *granter = NULL;
	struct grant_map *map;

	spin_lock(&mapper->grant.maptrack_lock);
	map = handle_find(mapper, handle);
	map->flags &= ~(parts << GRANT_GOING_SHIFT);
	if (!(map->flags & (GRANT_PARTS | GRANT_PARTS_GOING))) {
		granter = map->granter;
		free_locked(mapper, handle);
	}
	spin_unlock(&mapper->grant.maptrack_lock);
	if (granter)
		domain_put(granter);
}

/* What is left of the last handle of the array; it is then cut off. */
static void last_handle_release(struct domain *d) NO_LOCK_CHECK
{
	struct grant_map map = *handle_find(d, d->grant.maptrack_count - 1);

	/* A batch of unmappings ends in the call that began it. */
	CHECK(!(map.flags & GRANT_PARTS_GOING));
	d->grant.maptrack_count--;
	if (!(map.flags & GRANT_PARTS))
		return;
	for (uint32_t part = GNTMAP_device_map; part <= GNTMAP_host_map; part <<= 1)
		if (map.flags & part)
			grant_unpin(map.granter, map.ref, grant_pinned_frame(map.granter, map.ref),
				    !(map.flags & GNTMAP_readonly));
	domain_put(map.granter);
}

/*
 * The page-table entries of the mappings are left alone: each holds references of its own, which go with the page
 * table, and no CPU runs in them. Progress is kept by cutting handles off the end.
 */
enum status grant_domain_unmap_all(struct domain *d)
{
	d->grant.maptrack_free = GRANT_HANDLE_NONE;
	while (d->grant.maptrack_count > 0) {
		last_handle_release(d);
		if (arch_preempt_due())
			return E_RESTART;
	}
	return OK;
}
