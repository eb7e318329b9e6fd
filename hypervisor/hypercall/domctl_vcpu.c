/*
 * domctl on the state of a vCPU: what builders set, what savers read and restorers set, and a kick from
 * outside.
 *
 * The domain is stopped meanwhile, but for sendtrigger. The state itself is the architecture's; what is
 * larger than a stack wants goes through the heap.
 */
#include <hyp/control.h>
#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/heap.h>
#include <hyp/string.h>

#include "domctl.h"

/* The state that the builder gives says whether the vCPU runs. By now shared_info is as the builder left it, which may be
   empty: the first vCPU gets the time of day with its state. */
static enum status context_act(struct vcpu *v, const struct vcpu_guest_context *c)
{
	enum status status = arch_vcpu_context_set(v, c);

	if (status)
		return status;
	if (v->id == 0)
		arch_wallclock_update(v->domain);
	if (c->flags & VGCF_online)
		vcpu_up(v);
	else
		vcpu_stop_for(v, VCPU_DOWN);
	return OK;
}

/* Down, and without a state, as after its creation. */
static enum status context_reset(struct vcpu *v)
{
	struct domain *d = v->domain;
	enum status status;

	/* From its first step on nobody may start it: what is done is not undone if there is more to do. */
	vcpu_stop_for(v, VCPU_DOWN);
	spin_lock(&d->lock);
	v->initialised = false;
	spin_unlock(&d->lock);
	status = arch_vcpu_context_reset(v);
	if (status)
		return status;
	vcpu_wake_from(v, VCPU_BLOCKED | VCPU_POLLING);
	return OK;
}

enum status domctl_setvcpucontext(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	vaddr_t from = handle_address(op->u.vcpucontext.ctxt);
	struct vcpu *v = domain_vcpu(d, op->u.vcpucontext.vcpu);
	struct vcpu_guest_context *c;
	enum status status;

	if (!v)
		return E_INVAL;
	if (!from)
		return context_reset(v);
	c = heap_alloc(sizeof(*c));
	if (!c)
		return E_NOMEM;
	status = guest_copy_in(caller, c, from, sizeof(*c));
	if (!status)
		status = context_act(v, c);
	heap_free(c, sizeof(*c));
	return status;
}

enum status domctl_getvcpucontext(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = domain_vcpu(d, op->u.vcpucontext.vcpu);
	struct vcpu_guest_context *c;
	enum status status;

	if (!v)
		return E_INVAL;
	if (!read_once(v->initialised))
		return E_NODATA;
	c = heap_alloc(sizeof(*c));
	if (!c)
		return E_NOMEM;
	arch_vcpu_context_get(v, c);
	status = guest_copy_out(caller, handle_address(op->u.vcpucontext.ctxt), c, sizeof(*c));
	heap_free(c, sizeof(*c));
	return status;
}

/* Older callers have a shorter struct, without the machine-check part, which no guest of ours has. */
enum status domctl_set_ext_vcpucontext(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_ext_vcpucontext *c = &op->u.ext_vcpucontext;
	struct vcpu *v = domain_vcpu(d, c->vcpu);

	(void)caller;
	if (!v)
		return E_SRCH;
	if (c->size < offsetof(struct xen_domctl_ext_vcpucontext, vmce))
		return E_INVAL;
	return arch_vcpu_ext_context_set(v, c);
}

enum status domctl_get_ext_vcpucontext(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_ext_vcpucontext *c = &op->u.ext_vcpucontext;
	uint32_t id = c->vcpu;
	struct vcpu *v = domain_vcpu(d, id);

	(void)caller;
	if (!v)
		return E_SRCH;
	memset(c, 0, sizeof(*c));
	arch_vcpu_ext_context_get(v, c);
	c->vcpu = id;
	c->size = sizeof(*c);
	return OK;
}

/* Extended state: XCR0 and its history, then the image. */
#define XSTATE_HEAD_BYTES (2 * sizeof(uint64_t))

static enum status xstate_out(struct vcpu *caller, const struct vcpu *v, vaddr_t to, uint32_t bytes)
{
	enum status status;
	void *buffer = heap_alloc(bytes);

	if (!buffer)
		return E_NOMEM;
	arch_vcpu_xstate_get(v, buffer);
	status = guest_copy_out(caller, to, buffer, bytes);
	heap_free(buffer, bytes);
	return status;
}

/* Without a buffer, or with no size and no features, the caller asks for the largest size. A size of 0 tells it that
   there is nothing to save. */
enum status domctl_getvcpuextstate(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpuextstate *x = &op->u.vcpuextstate;
	struct vcpu *v = domain_vcpu(d, x->vcpu);
	uint64_t features = arch_xstate_features();
	enum status status;
	uint32_t bytes;

	if (!v)
		return E_SRCH;
	if (!handle_address(x->buffer) || (!x->size && !x->xfeature_mask)) {
		x->xfeature_mask = features;
		x->size = arch_xstate_bytes_max();
		return OK;
	}
	bytes = arch_vcpu_xstate_bytes(v);
	if (!features || x->xfeature_mask != features || x->size < bytes)
		return E_INVAL;
	status = xstate_out(caller, v, handle_address(x->buffer), bytes);
	if (!status)
		x->size = bytes;
	return status;
}

enum status domctl_setvcpuextstate(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuextstate *x = &op->u.vcpuextstate;
	struct vcpu *v = domain_vcpu(d, x->vcpu);
	enum status status;
	void *buffer;

	if (!v)
		return E_SRCH;
	if (x->size < XSTATE_HEAD_BYTES || x->size > arch_xstate_bytes_max())
		return E_INVAL;
	buffer = heap_alloc(x->size);
	if (!buffer)
		return E_NOMEM;
	status = guest_copy_in(caller, buffer, handle_address(x->buffer), x->size);
	if (!status)
		status = arch_vcpu_xstate_set(v, buffer, (uint32_t)x->size);
	heap_free(buffer, x->size);
	return status;
}

/* Registers that are zero do not travel. E_NOBUFS says how many there are. */
enum status domctl_get_vcpu_msrs(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpu_msrs *m = &op->u.vcpu_msrs;
	struct vcpu *v = domain_vcpu(d, m->vcpu);
	uint32_t room = m->msr_count;

	if (!v)
		return E_SRCH;
	if (!handle_address(m->msrs)) {
		m->msr_count = arch_vcpu_msr_count();
		return OK;
	}
	m->msr_count = 0;
	for (unsigned int i = 0; i < arch_vcpu_msr_count(); i++) {
		vaddr_t slot = handle_slot(m->msrs, m->msr_count);
		struct xen_domctl_vcpu_msr msr = {0};

		if (!arch_vcpu_msr_get(v, i, &msr))
			continue;
		if (m->msr_count < room && guest_copy_out(caller, slot, &msr, sizeof(msr)))
			return E_FAULT;
		m->msr_count++;
	}
	return m->msr_count > room ? E_NOBUFS : OK;
}

/* An error leaves the number of the entry that is at fault. */
enum status domctl_set_vcpu_msrs(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpu_msrs *m = &op->u.vcpu_msrs;
	struct vcpu *v = domain_vcpu(d, m->vcpu);
	uint32_t count = m->msr_count;

	if (!v)
		return E_SRCH;
	if (count > VCPU_MSRS_MAX)
		return E_INVAL;
	for (uint32_t i = 0; i < count; i++) {
		struct xen_domctl_vcpu_msr msr;

		m->msr_count = i;
		if (guest_copy_in(caller, &msr, handle_slot(m->msrs, i), sizeof(msr)))
			return E_FAULT;
		if (msr.reserved || arch_vcpu_msr_set(v, &msr))
			return E_INVAL;
	}
	m->msr_count = count;
	return OK;
}

/* Buttons and resets are those of machines that a paravirtual guest has not got. */
enum status domctl_sendtrigger(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = domain_vcpu(d, op->u.sendtrigger.vcpu);

	(void)caller;
	if (!v)
		return E_SRCH;
	switch (op->u.sendtrigger.trigger) {
	case XEN_DOMCTL_SENDTRIGGER_NMI:
		arch_vcpu_nmi(v);
		return OK;
	case XEN_DOMCTL_SENDTRIGGER_POWER:
	case XEN_DOMCTL_SENDTRIGGER_SLEEP:
		return E_INVAL;
	default:
		return E_NOSYS;
	}
}
