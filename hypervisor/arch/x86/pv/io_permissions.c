/*
 * Which ports, frames and interrupts a domain may use: three sets under one lock.
 *
 * They are looked at on every access to a port and every mapping of device memory, by the domain's own CPUs, while the
 * control domain may change them. The lock is held for a search of at most RANGES_MAX ranges.
 */
#include "io_permissions.h"

static const uint64_t last_of[IO_KINDS] = {
	[IO_PORTS] = IO_PORT_LAST,
	[IO_FRAMES] = IO_FRAME_LAST,
	[IO_IRQS] = IO_IRQ_LAST,
};

enum status io_permissions_change(struct io_permissions *p, enum io_kind kind, uint64_t first, uint64_t last, bool allow)
{
	enum status s;

	if (first > last || last > last_of[kind])
		return E_INVAL;
	spin_lock(&p->lock);
	s = allow ? range_set_add(&p->set[kind], first, last) : range_set_remove(&p->set[kind], first, last);
	spin_unlock(&p->lock);
	return s;
}

bool io_permissions_allow(struct io_permissions *p, enum io_kind kind, uint64_t first, uint64_t last)
{
	bool allowed;

	if (!p)
		return false;
	spin_lock(&p->lock);
	allowed = range_set_contains(&p->set[kind], first, last);
	spin_unlock(&p->lock);
	return allowed;
}
