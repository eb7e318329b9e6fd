/*
 * memory_op on maps: where memory is (for the machine and for a domain), and where the table is that says which frame
 * number a guest gave to a machine frame.
 */
#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/heap.h>
#include <hyp/mm.h>

#include "memory_op.h"

static_assert(sizeof(struct memory_map_entry) == 20);

long memory_maximum_ram_page(struct vcpu *v, struct memory_call *call)
{
	(void)v, (void)call;
	return (long)(frame_count - 1);
}

/* A control domain looks frames of other domains and devices up, and learns where the machine ends. Others learn
   nothing of the machine: the end of the table as such. */
long memory_machphys_mapping(struct vcpu *v, struct memory_call *call)
{
	struct xen_machphys_mapping mapping = {
		.v_start = MACH2PHYS_VIRT_START,
		.v_end = MACH2PHYS_VIRT_END,
		.max_mfn = v->domain->privileged ? frame_count - 1 : MACH2PHYS_NR_ENTRIES - 1,
	};

	return guest_copy_out(v, call->arg, &mapping, sizeof(mapping));
}

long memory_machphys_mfn_list(struct vcpu *v, struct memory_call *call)
{
	struct xen_machphys_mfn_list list;
	xen_pfn_t last = 0;
	unsigned int i;

	if (guest_copy_in(v, &list, call->arg, sizeof(list)))
		return E_FAULT;
	for (i = 0; i < list.max_extents; i++) {
		mfn_t frame = arch_m2p_frame(i);

		if (mfn_is_invalid(frame))
			break;
		/* Savers map what stands here, and frame 0 cannot be: a part that is not there repeats the last. */
		if (frame.v)
			last = frame.v;
		if (guest_copy_out(v, handle_slot(list.extent_start, i), &last, sizeof(last)))
			return E_FAULT;
	}
	list.nr_extents = i;
	return guest_copy_out(v, call->arg, &list, sizeof(list));
}

/* d->lock is held while the guest's memory is written: that never waits for anything. */
long memory_memory_map(struct vcpu *v, struct memory_call *call)
{
	struct domain *d = v->domain;
	struct xen_memory_map map;
	enum status status = E_NOSYS;

	if (guest_copy_in(v, &map, call->arg, sizeof(map)))
		return E_FAULT;
	spin_lock(&d->lock);
	if (d->memory_map) {
		map.nr_entries = MIN(map.nr_entries, d->memory_map_count);
		status = guest_copy_out(v, handle_address(map.buffer), d->memory_map,
					map.nr_entries * sizeof(d->memory_map[0]));
	}
	spin_unlock(&d->lock);
	return status ? status : guest_copy_out(v, call->arg, &map, sizeof(map));
}

/* Takes `entries` if it succeeds, and hands out what was there before. */
static enum status map_replace(struct domain *d, struct memory_map_entry **entries, uint32_t *count)
{
	struct memory_map_entry *old = d->memory_map;
	uint32_t old_count = d->memory_map_count;

	/* The map of what dies is freed with its memory. */
	if (d->state != DOMAIN_ALIVE)
		return E_SRCH;
	d->memory_map = *entries;
	d->memory_map_count = *count;
	*entries = old;
	*count = old_count;
	return OK;
}

long memory_set_memory_map(struct vcpu *v, struct memory_call *call)
{
	struct xen_foreign_memory_map argument;
	struct memory_map_entry *entries;
	struct domain *d;
	uint32_t count;
	enum status status;

	if (guest_copy_in(v, &argument, call->arg, sizeof(argument)))
		return E_FAULT;
	count = argument.map.nr_entries;
	if (!count || count > MEMORY_MAP_ENTRIES_MAX)
		return E_INVAL;
	status = memory_target_find(v, argument.domid, &d);
	if (status)
		return status;

	entries = heap_alloc_array(struct memory_map_entry, count);
	status = entries ? guest_copy_in(v, entries, handle_address(argument.map.buffer), count * sizeof(*entries))
			 : E_NOMEM;
	if (!status) {
		spin_lock(&d->lock);
		status = map_replace(d, &entries, &count);
		spin_unlock(&d->lock);
	}
	heap_free_array(entries, count);
	domain_put(d);
	return status;
}

long memory_machine_memory_map(struct vcpu *v, struct memory_call *call)
{
	struct memory_map_entry entry;
	struct xen_memory_map map;
	uint32_t count = 0;

	if (guest_copy_in(v, &map, call->arg, sizeof(map)))
		return E_FAULT;
	for (; arch_machine_memory_map(count, &entry); count++) {
		vaddr_t slot = handle_address(map.buffer) + count * sizeof(entry);

		/* No buffer: the caller asks how many there are. */
		if (!handle_address(map.buffer))
			continue;
		if (count >= map.nr_entries)
			return E_INVAL;
		if (guest_copy_out(v, slot, &entry, sizeof(entry)))
			return E_FAULT;
	}
	map.nr_entries = count;
	return guest_copy_out(v, call->arg, &map, sizeof(map));
}

/* No device has memory that a guest must keep clear of. */
long memory_reserved_device_memory_map(struct vcpu *v, struct memory_call *call)
{
	struct xen_reserved_device_memory_map map;

	if (guest_copy_in(v, &map, call->arg, sizeof(map)))
		return E_FAULT;
	if (map.flags & ~(uint32_t)XENMEM_RDM_ALL)
		return E_INVAL;
	map.nr_entries = 0;
	return guest_copy_out(v, call->arg, &map, sizeof(map));
}
