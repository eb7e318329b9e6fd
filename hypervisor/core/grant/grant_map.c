/*
 * Mapping a granted frame into the caller, and taking it out again.
 *
 * A mapping has up to two parts, for the host's processors (a page-table entry) and for devices (a machine address), each
 * with its own pin of the entry, and one handle. They are made together and may be unmapped one by one.
 *
 *   map:    handle taken -> pins -> page-table entry -> handle published
 *   unmap:  parts claimed -> page-table entry cleared -> [all of the batch] flush -> pins dropped -> parts retired
 *
 * No lock is held across these steps, and none is needed: a pin fixes the frame (grant_entry.c, E2), a claim keeps
 * others from the part (grant_maptrack.c, H2), and until the handle is published nobody can name it. The flush comes
 * before the pins go, so the granter gets its frame back only when no TLB knows it.
 */
#include "grant_internal.h"

static int16_t parts_pin(struct domain *granter, const struct domain *mapper, const struct gnttab_map_grant_ref *op,
			 mfn_t *frame)
{
	bool writable = !(op->flags & GNTMAP_readonly);
	bool both = (op->flags & GRANT_PARTS) == GRANT_PARTS;
	int16_t s = grant_pin(granter, op->ref, mapper, writable, frame);

	if (s || !both)
		return s;
	s = grant_pin(granter, op->ref, mapper, writable, frame);
	if (s)
		grant_unpin(granter, op->ref, *frame, writable);
	return s;
}

static void parts_unpin(struct domain *granter, grant_ref_t ref, mfn_t frame, uint32_t parts, bool writable)
{
	if (parts & GNTMAP_host_map)
		grant_unpin(granter, ref, frame, writable);
	if (parts & GNTMAP_device_map)
		grant_unpin(granter, ref, frame, writable);
}

/* What the guest is told of the architecture's answer. */
static int16_t host_status(enum status s)
{
	return s == OK ? GNTST_okay : s == E_RESTART ? GRANT_RESTART : GNTST_general_error;
}

/* With the handle taken: all that may still fail. */
static int16_t map_prepare(struct vcpu *v, struct domain *granter, const struct gnttab_map_grant_ref *op, mfn_t *frame)
{
	int16_t s = parts_pin(granter, v->domain, op, frame);

	if (s)
		return s;
	if (op->flags & GNTMAP_host_map)
		s = host_status(arch_grant_install(v, op->host_addr, op->flags, *frame));
	if (s)
		parts_unpin(granter, op->ref, *frame, op->flags & GRANT_PARTS, !(op->flags & GNTMAP_readonly));
	return s;
}

static int16_t map_from(struct vcpu *v, struct domain *granter, struct gnttab_map_grant_ref *op)
{
	const uint32_t kept = GRANT_PARTS | GNTMAP_readonly | GNTMAP_application_map | GNTMAP_contains_pte;
	struct grant_map map = {.granter = granter, .ref = op->ref, .flags = op->flags & kept};
	grant_handle_t handle;
	mfn_t frame;
	int16_t s = grant_handle_alloc(v->domain, &handle);

	if (s)
		return s;
	s = map_prepare(v, granter, op, &frame);
	if (s) {
		grant_handle_free(v->domain, handle);
		return s;
	}
	grant_handle_publish(v->domain, handle, &map);
	op->handle = handle;
	op->dev_bus_addr = mfn_to_paddr(frame);
	return GNTST_okay;
}

int16_t grant_map(struct vcpu *v, struct gnttab_map_grant_ref *op)
{
	struct domain *granter;
	int16_t s;

	/* Is anything to be mapped at all? */
	if (!(op->flags & GRANT_PARTS))
		return GNTST_bad_gntref;
	granter = domain_find(op->dom);
	if (!granter)
		return GNTST_bad_domain;
	s = map_from(v, granter, op);
	/* The handle keeps the reference. */
	if (s)
		domain_put(granter);
	return s;
}

/* With the parts claimed: takes them out of the page tables. Nothing has changed unless GNTST_okay. */
static int16_t parts_remove(struct vcpu *v, const struct gnttab_unmap_grant_ref *op, const struct grant_map *map,
			    const struct grant_release *r)
{
	/* Is the device address, if given, the mapping's? */
	if (op->dev_bus_addr && op->dev_bus_addr != mfn_to_paddr(r->frame))
		return GNTST_general_error;
	/* Is the mapping at the host address? */
	if (r->parts & GNTMAP_host_map)
		return host_status(arch_grant_remove(v, op->host_addr, map->flags, r->frame));
	return GNTST_okay;
}

int16_t grant_unmap_begin(struct vcpu *v, const struct gnttab_unmap_grant_ref *op, struct grant_release *out)
{
	uint32_t wanted = (op->host_addr ? GNTMAP_host_map : 0) | (op->dev_bus_addr ? GNTMAP_device_map : 0);
	struct grant_map map;
	int16_t s;

	*out = (struct grant_release){.parts = 0};
	s = grant_handle_claim(v->domain, op->handle, wanted, &map);
	if (s)
		return s;
	/* Parts that the handle does not have are no mistake: they may be named again when the rest is unmapped. */
	if (!(wanted & map.flags))
		return GNTST_okay;
	*out = (struct grant_release){.granter = map.granter,
				      .frame = grant_pinned_frame(map.granter, map.ref),
				      .ref = map.ref,
				      .handle = op->handle,
				      .parts = wanted & map.flags,
				      .writable = !(map.flags & GNTMAP_readonly)};
	s = parts_remove(v, op, &map, out);
	if (s) {
		grant_handle_unclaim(v->domain, op->handle, out->parts);
		out->parts = 0;
	}
	return s;
}

static bool releases_have_host(const struct grant_release *releases, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (releases[i].parts & GNTMAP_host_map)
			return true;
	return false;
}

void grant_unmap_finish(struct domain *mapper, const struct grant_release *releases, unsigned int count)
{
	if (releases_have_host(releases, count))
		arch_grant_flush(mapper);
	for (unsigned int i = 0; i < count; i++) {
		const struct grant_release *r = &releases[i];

		parts_unpin(r->granter, r->ref, r->frame, r->parts, r->writable);
		grant_handle_retire(mapper, r->handle, r->parts);
	}
}
