/*
 * domctl on devices: the ports, frames of device memory and interrupts that a domain may use. A caller can
 * give away and take back only what it may use itself.
 */
#include <hyp/control.h>
#include <hyp/domain.h>

#include "domctl.h"

static enum status permission_change(struct vcpu *v, struct domain *d, enum control_io kind, uint64_t first,
				     uint64_t last, bool allow)
{
	enum status status;

	if (!arch_io_is_allowed(v->domain, kind, first, last))
		return E_PERM;
	spin_lock(&d->lock);
	status = arch_io_change(d, kind, first, last, allow);
	spin_unlock(&d->lock);
	return status;
}

/* Does [first, first + count) exist in a machine with this many address bits? */
static bool frames_are_possible(uint64_t first, uint64_t count)
{
	uint64_t end = BIT(arch_physical_address_bits() - PAGE_SHIFT);

	return count && first < end && count <= end - first;
}

enum status domctl_irq_permission(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	uint32_t irq = op->u.irq_permission.pirq;

	return permission_change(v, d, CONTROL_IRQS, irq, irq, op->u.irq_permission.allow_access);
}

enum status domctl_iomem_permission(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_iomem_permission *p = &op->u.iomem_permission;

	if (!frames_are_possible(p->first_mfn, p->nr_mfns))
		return E_INVAL;
	return permission_change(v, d, CONTROL_FRAMES, p->first_mfn, p->first_mfn + p->nr_mfns - 1, p->allow_access);
}

enum status domctl_ioport_permission(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_ioport_permission *p = &op->u.ioport_permission;
	const uint32_t ports = 0x10000;

	if (!p->nr_ports || p->first_port >= ports || p->nr_ports > ports - p->first_port)
		return E_INVAL;
	return permission_change(v, d, CONTROL_PORTS, p->first_port, p->first_port + p->nr_ports - 1, p->allow_access);
}

/* A paravirtual guest maps device memory by itself: whether it may is all that there is to say. */
enum status domctl_memory_mapping(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_memory_mapping *m = &op->u.memory_mapping;
	uint64_t last = m->first_mfn + m->nr_mfns - 1;

	if (!frames_are_possible(m->first_mfn, m->nr_mfns) || m->first_gfn > UINT64_MAX - m->nr_mfns)
		return E_INVAL;
	if (!arch_io_is_allowed(v->domain, CONTROL_FRAMES, m->first_mfn, last) ||
	    !arch_io_is_allowed(d, CONTROL_FRAMES, m->first_mfn, last))
		return E_PERM;
	return OK;
}
