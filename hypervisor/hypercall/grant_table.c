/*
 * grant_table_op (20): an operation, the address of an array of its arguments, and how many there are.
 *
 * map_grant_ref, unmap_grant_ref, copy and swap_grant_ref are batches: one element is copied in, decided and done, its
 * status copied out, and between elements the call may stop; it then goes on with the address and the count of what
 * is left. Of copy the frames stay open from one element to the next (grant_copy.c, Y4). The call itself answers 0
 * unless an array cannot be read or written. The others take one element.
 *
 * Version 1 alone: what belongs to version 2 (get_status_frames), page transfer, dump_table and unmap_and_replace are
 * not there (E_NOSYS). cache_flush is for machines whose devices do not see the caches: E_OPNOTSUPP.
 * See docs/hypercalls/grant_table_op.md.
 */
#include <hyp/hypercall.h>

#include <hyp/domain.h>
#include <hyp/grant.h>
#include <hyp/guest.h>

#define UNMAP_BATCH 32u

union grant_element {
	struct gnttab_map_grant_ref map;
	struct gnttab_swap_grant_ref swap;
};

/* The operations that are done element by element: what is copied back is `result_bytes` from `result` on. */
struct grant_batch_row {
	uint8_t bytes, result, result_bytes;
	int16_t (*function)(struct vcpu *v, union grant_element *e); /* also leaves its answer in the element */
};

static int16_t element_map(struct vcpu *v, union grant_element *e) { return e->map.status = grant_map(v, &e->map); }
static int16_t element_swap(struct vcpu *v, union grant_element *e)
{
	return e->swap.status = grant_swap(v->domain, e->swap.ref_a, e->swap.ref_b);
}

static const struct grant_batch_row row_map = {
	sizeof(struct gnttab_map_grant_ref), offsetof(struct gnttab_map_grant_ref, status),
	sizeof(struct gnttab_map_grant_ref) - offsetof(struct gnttab_map_grant_ref, status), element_map};
static const struct grant_batch_row row_swap = {
	sizeof(struct gnttab_swap_grant_ref), offsetof(struct gnttab_swap_grant_ref, status), sizeof(int16_t),
	element_swap};

/* The rest of the array is left for later. */
static long batch_restart(struct hypercall *call, vaddr_t at, uint32_t count)
{
	call->arg[1] = at;
	call->arg[2] = count;
	return E_RESTART;
}

static long batch_run(struct vcpu *v, struct hypercall *call, const struct grant_batch_row *row)
{
	vaddr_t at = call->arg[1];

	for (uint32_t count = (uint32_t)call->arg[2]; count; at += row->bytes) {
		union grant_element e;
		enum status s = guest_copy_in(v, &e, at, row->bytes);

		if (s)
			return s;
		if (row->function(v, &e) == GRANT_RESTART)
			return batch_restart(call, at, count);
		s = guest_copy_out(v, at + row->result, (const char *)&e + row->result, row->result_bytes);
		if (s)
			return s;
		if (--count && arch_preempt_due())
			return batch_restart(call, at + row->bytes, count);
	}
	return OK;
}

static enum status copy_one(struct vcpu *v, vaddr_t at, struct grant_copies *c)
{
	struct gnttab_copy op;
	enum status s = guest_copy_in(v, &op, at, sizeof(op));

	if (s)
		return s;
	op.status = grant_copy(c, &op);
	return guest_copy_out(v, at + offsetof(struct gnttab_copy, status), &op.status, sizeof(op.status));
}

static long op_copy(struct vcpu *v, struct hypercall *call)
{
	struct grant_copies c;
	uint32_t count = (uint32_t)call->arg[2];
	vaddr_t at = call->arg[1];
	enum status s = OK;

	grant_copy_begin(&c, v->domain);
	while (count) {
		s = copy_one(v, at, &c);
		if (s)
			break;
		at += sizeof(struct gnttab_copy);
		if (--count && arch_preempt_due())
			break;
	}
	grant_copy_end(&c);
	return s == OK && count ? batch_restart(call, at, count) : s;
}

/* One element: its release is to be given back if it has parts. */
static enum status unmap_one(struct vcpu *v, vaddr_t at, struct grant_release *release)
{
	struct gnttab_unmap_grant_ref op;
	enum status s = guest_copy_in(v, &op, at, sizeof(op));

	release->parts = 0;
	if (s)
		return s;
	op.status = grant_unmap_begin(v, &op, release);
	if (op.status == GRANT_RESTART)
		return E_RESTART;
	return guest_copy_out(v, at + offsetof(struct gnttab_unmap_grant_ref, status), &op.status, sizeof(op.status));
}

/* As many elements as there is room for; *count becomes how many were done. Also when the array ends in bad memory, what
   was taken out is given back. */
static enum status unmap_some(struct vcpu *v, vaddr_t at, uint32_t *count)
{
	struct grant_release releases[UNMAP_BATCH];
	uint32_t todo = MIN(*count, UNMAP_BATCH);
	unsigned int taken = 0;
	enum status s = OK;

	for (*count = 0; *count < todo; ++*count, at += sizeof(struct gnttab_unmap_grant_ref)) {
		s = unmap_one(v, at, &releases[taken]);
		if (releases[taken].parts)
			taken++;
		if (s)
			break;
	}
	grant_unmap_finish(v->domain, releases, taken);
	return s;
}

static long op_unmap(struct vcpu *v, struct hypercall *call)
{
	uint32_t count = (uint32_t)call->arg[2];
	vaddr_t at = call->arg[1];

	while (count) {
		uint32_t done = count;
		enum status s = unmap_some(v, at, &done);

		if (s && s != E_RESTART)
			return s;
		at += done * sizeof(struct gnttab_unmap_grant_ref);
		count -= done;
		/* What had to wait for elements before it in the array can go on: they are finished now. */
		if ((s && !done) || (count && arch_preempt_due()))
			return batch_restart(call, at, count);
	}
	return OK;
}

/* The domain that the caller names and may act on, referenced. */
static int16_t target_find(struct domain *caller, domid_t id, struct domain **out)
{
	struct domain *d = domain_find_for(caller, id);

	if (!d)
		return GNTST_bad_domain;
	if (d != caller && !domain_may_control(caller, d)) {
		domain_put(d);
		return GNTST_permission_denied;
	}
	*out = d;
	return GNTST_okay;
}

/* Grows the table and writes the first nr_frames frame numbers of it. */
static int16_t setup_act(struct vcpu *v, struct domain *d, const struct gnttab_setup_table *op)
{
	if (grant_table_grow(d, op->nr_frames) != OK)
		return GNTST_general_error;
	for (uint32_t i = 0; i < op->nr_frames; i++) {
		mfn_t frame;
		xen_pfn_t number;

		/* The table never shrinks, and it has this many. */
		if (grant_table_frame(d, i, &frame) != OK)
			return GNTST_general_error;
		number = frame.v;
		if (guest_copy_out(v, handle_slot(op->frame_list, i), &number, sizeof(number)) != OK)
			return GNTST_bad_virt_addr;
	}
	return GNTST_okay;
}

static long op_setup_table(struct vcpu *v, const struct hypercall *call)
{
	struct gnttab_setup_table op;
	struct domain *d;
	enum status s;

	if ((uint32_t)call->arg[2] != 1)
		return E_INVAL;
	s = guest_copy_in(v, &op, call->arg[1], sizeof(op));
	if (s)
		return s;
	op.status = target_find(v->domain, op.dom, &d);
	if (op.status == GNTST_okay) {
		op.status = setup_act(v, d, &op);
		domain_put(d);
	}
	return guest_copy_out(v, call->arg[1], &op, sizeof(op));
}

static long op_query_size(struct vcpu *v, const struct hypercall *call)
{
	struct gnttab_query_size op;
	struct domain *d;
	enum status s;

	if ((uint32_t)call->arg[2] != 1)
		return E_INVAL;
	s = guest_copy_in(v, &op, call->arg[1], sizeof(op));
	if (s)
		return s;
	op.status = target_find(v->domain, op.dom, &d);
	if (op.status == GNTST_okay) {
		op.nr_frames = grant_table_frame_count(d);
		op.max_nr_frames = d->grant.frames_max;
		domain_put(d);
	}
	return guest_copy_out(v, call->arg[1], &op, sizeof(op));
}

/* The only version is 1: asking for it changes nothing, and the answer is always what is in effect. */
static long op_set_version(struct vcpu *v, const struct hypercall *call)
{
	struct gnttab_set_version op;
	enum status s = guest_copy_in(v, &op, call->arg[1], sizeof(op)), result;

	if (s)
		return s;
	result = op.version == 1 ? OK : op.version == 2 ? E_NOSYS : E_INVAL;
	op.version = 1;
	s = guest_copy_out(v, call->arg[1], &op, sizeof(op));
	return s ? s : result;
}

static long op_get_version(struct vcpu *v, const struct hypercall *call)
{
	struct gnttab_get_version op;
	struct domain *d;
	enum status s = guest_copy_in(v, &op, call->arg[1], sizeof(op));
	int16_t found;

	if (s)
		return s;
	found = target_find(v->domain, op.dom, &d);
	if (found)
		return found == GNTST_bad_domain ? E_SRCH : E_PERM;
	domain_put(d);
	op.version = 1;
	return guest_copy_out(v, call->arg[1], &op, sizeof(op));
}

/* args: operation, address of the array, count. */
long hypercall_grant_table_op(struct vcpu *v, struct hypercall *call)
{
	/* Is the count one that an int can hold? */
	if ((int32_t)call->arg[2] < 0)
		return E_INVAL;
	switch ((uint32_t)call->arg[0]) {
	case GNTTABOP_map_grant_ref:
		return batch_run(v, call, &row_map);
	case GNTTABOP_unmap_grant_ref:
		return op_unmap(v, call);
	case GNTTABOP_copy:
		return op_copy(v, call);
	case GNTTABOP_swap_grant_ref:
		return batch_run(v, call, &row_swap);
	case GNTTABOP_setup_table:
		return op_setup_table(v, call);
	case GNTTABOP_query_size:
		return op_query_size(v, call);
	case GNTTABOP_set_version:
		return op_set_version(v, call);
	case GNTTABOP_get_version:
		return op_get_version(v, call);
	case GNTTABOP_cache_flush:
		return E_OPNOTSUPP;
	default:
		return E_NOSYS;
	}
}
