/*
 * memory_op exchange: domain 0 gives frames and gets others, contiguous ones below an address, for devices.
 *
 * The lists are cut into chunks: the smallest number of frames that is whole extents on both sides. A chunk is all or
 * nothing, and nr_exchanged, in the guest's argument, counts the input extents of whole chunks: it is the result, and
 * where an interrupted call goes on. A guest can write any number there; what it says is only which slots to use next.
 *
 * The order within a chunk (each step can refuse, and undoes the earlier ones, until the new frames are the domain's):
 *   1  The slots are read, and the output slots written with what they hold: each must be writable, where it is.
 *   2  The new frames are allocated.
 *   3  The old frames are taken out of everybody's reach; each has to be the domain's and referred to by nothing.
 *   4  The new frames become the domain's, the old ones go, the machine-to-physical table and the slots are written.
 * A slot that has become read-only since step 1 is the guest's own doing: it does not learn the numbers of frames that
 * are its own, and gets E_FAULT.
 */
#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/heap.h>
#include <hyp/hypercall.h>
#include <hyp/mm.h>

#include "memory_op.h"

#define CHUNK_FRAMES_MAX BIT(EXTENT_ORDER_MAX)

/* The arguments, decoded. */
struct exchange {
	vaddr_t in_list, out_list;
	uint64_t in_count, done; /* input extents, and how many of them are exchanged */
	unsigned int in_order, out_order, chunk_order;
	unsigned int address_bits;
};

/* One chunk. What is counted is held. */
struct chunk {
	uint64_t in_first, in_count, out_first, out_count; /* its slots */
	xen_pfn_t in[CHUNK_FRAMES_MAX];	 /* frame numbers of the input extents */
	xen_pfn_t pfn[CHUNK_FRAMES_MAX]; /* what the output extents shall be called */
	xen_pfn_t out[CHUNK_FRAMES_MAX]; /* frame numbers of the output extents */
	uint64_t taken;			 /* input frames */
	uint64_t allocated, given;	 /* output extents: got from the allocator, made the domain's */
};

static enum status side_decode(const struct xen_memory_reservation *r)
{
	if (r->extent_order > EXTENT_ORDER_MAX)
		return E_PERM;
	/* Do the sizes, in frames and in bytes of the list, stay within numbers? */
	if (r->nr_extents > UINT64_MAX >> r->extent_order ||
	    r->nr_extents > (UINT64_MAX - handle_address(r->extent_start)) / sizeof(xen_pfn_t))
		return E_INVAL;
	return OK;
}

/* Pure. */
static enum status exchange_decode(const struct xen_memory_exchange *a, struct exchange *x)
{
	enum status status = side_decode(&a->in);
	unsigned int chunk_order = MAX(a->in.extent_order, a->out.extent_order);

	if (!status)
		status = side_decode(&a->out);
	if (status)
		return status;
	if (a->in.domid != a->out.domid || a->nr_exchanged > a->in.nr_extents)
		return E_INVAL;
	/* As much out as in, whole chunks, and a start at the start of one? */
	if (a->in.nr_extents << a->in.extent_order != a->out.nr_extents << a->out.extent_order)
		return E_INVAL;
	if (a->in.nr_extents << a->in.extent_order & (BIT(chunk_order) - 1) ||
	    a->nr_exchanged << a->in.extent_order & (BIT(chunk_order) - 1))
		return E_INVAL;
	*x = (struct exchange){
		.in_list = handle_address(a->in.extent_start),
		.out_list = handle_address(a->out.extent_start),
		.in_count = a->in.nr_extents,
		.done = a->nr_exchanged,
		.in_order = a->in.extent_order,
		.out_order = a->out.extent_order,
		.chunk_order = chunk_order,
		.address_bits = XENMEMF_get_address_bits(a->out.mem_flags),
	};
	return OK;
}

static enum status slots_read(struct vcpu *v, vaddr_t list, uint64_t first, uint64_t count, xen_pfn_t *to)
{
	return guest_copy_in(v, to, list + first * sizeof(*to), count * sizeof(*to));
}

static enum status slots_write(struct vcpu *v, vaddr_t list, uint64_t first, uint64_t count, const xen_pfn_t *from)
{
	return guest_copy_out(v, list + first * sizeof(*from), from, count * sizeof(*from));
}

/* Step 1. */
static enum status chunk_read(struct vcpu *v, const struct exchange *x, struct chunk *c)
{
	enum status status = slots_read(v, x->in_list, c->in_first, c->in_count, c->in);

	if (!status)
		status = slots_read(v, x->out_list, c->out_first, c->out_count, c->pfn);
	return status ? status : slots_write(v, x->out_list, c->out_first, c->out_count, c->pfn);
}

/* Step 2. They are the hypervisor's for now: domain 0's own limit has room for them only when the old ones are gone. */
static enum status chunk_allocate(const struct exchange *x, struct chunk *c)
{
	while (c->allocated < c->out_count) {
		struct page *p = frames_alloc(x->out_order, x->address_bits);

		if (!p)
			return E_NOMEM;
		c->out[c->allocated++] = page_to_mfn(p).v;
	}
	return OK;
}

static mfn_t chunk_input(const struct exchange *x, const struct chunk *c, uint64_t frame)
{
	return mfn(c->in[frame >> x->in_order] + (frame & (BIT(x->in_order) - 1)));
}

/* Step 3. A sum that wraps around is no frame of the domain, or one that it named itself. */
static enum status chunk_take(struct domain *d, const struct exchange *x, struct chunk *c)
{
	while (c->taken < BIT(x->chunk_order)) {
		enum status status = domain_frame_take(d, chunk_input(x, c, c->taken));

		if (status)
			return status;
		c->taken++;
	}
	return OK;
}

/* Step 4, as far as it can refuse. An extent that could not be given is freed by that. */
static enum status chunk_give(struct domain *d, const struct exchange *x, struct chunk *c)
{
	enum status status = OK;

	while (!status && c->given < c->out_count) {
		status = domain_frames_give(d, mfn_to_page(mfn(c->out[c->given])), x->out_order);
		c->given++;
	}
	return status;
}

static void chunk_undo(struct domain *d, const struct exchange *x, struct chunk *c)
{
	/* Of those given all but the last, which failed, are the domain's: nobody was told, and they go again. */
	for (uint64_t i = 0; i + 1 < c->given; i++)
		for (uint64_t j = 0; j < BIT(x->out_order); j++)
			(void)domain_frame_release(d, mfn(c->out[i] + j));
	while (c->taken)
		domain_frame_untake(chunk_input(x, c, --c->taken));
	while (c->allocated > c->given)
		frames_free(mfn_to_page(mfn(c->out[--c->allocated])), x->out_order, false);
}

/* Step 4, the rest. */
static enum status chunk_act(struct vcpu *v, const struct exchange *x, struct chunk *c)
{
	while (c->taken)
		domain_frame_drop(chunk_input(x, c, --c->taken));
	for (uint64_t i = 0; i < c->out_count; i++)
		for (uint64_t j = 0; j < BIT(x->out_order); j++)
			arch_m2p_set(mfn(c->out[i] + j), c->pfn[i] + j);
	return slots_write(v, x->out_list, c->out_first, c->out_count, c->out);
}

static enum status chunk_exchange(struct vcpu *v, struct exchange *x, struct chunk *c)
{
	enum status status;

	c->in_first = x->done;
	c->in_count = BIT(x->chunk_order - x->in_order);
	c->out_first = x->done << x->in_order >> x->out_order;
	c->out_count = BIT(x->chunk_order - x->out_order);
	c->taken = c->allocated = c->given = 0;

	status = chunk_read(v, x, c);
	if (!status)
		status = chunk_allocate(x, c);
	if (!status)
		status = chunk_take(v->domain, x, c);
	if (!status)
		status = chunk_give(v->domain, x, c);
	if (status) {
		chunk_undo(v->domain, x, c);
		return status;
	}
	x->done += c->in_count;
	return chunk_act(v, x, c);
}

static enum status chunks_exchange(struct vcpu *v, struct exchange *x)
{
	struct chunk *c = heap_alloc(sizeof(*c));
	enum status status = c ? OK : E_NOMEM;

	while (!status && x->done < x->in_count) {
		status = chunk_exchange(v, x, c);
		if (!status && x->done < x->in_count && arch_preempt_due())
			status = E_RESTART;
	}
	heap_free(c, sizeof(*c));
	return status;
}

long memory_exchange(struct vcpu *v, struct memory_call *call)
{
	struct xen_memory_exchange argument;
	struct exchange x;
	enum status status;
	vaddr_t done_field = call->arg + offsetof(struct xen_memory_exchange, nr_exchanged);

	if (guest_copy_in(v, &argument, call->arg, sizeof(argument)))
		return E_FAULT;
	status = exchange_decode(&argument, &x);
	if (status)
		return status;
	if (argument.in.domid != DOMID_SELF && argument.in.domid != v->domain->id)
		return E_PERM;

	status = chunks_exchange(v, &x);
	if (guest_copy_out(v, done_field, &x.done, sizeof(x.done)))
		return E_FAULT;
	return status;
}
