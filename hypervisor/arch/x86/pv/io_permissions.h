#pragma once
/*
 * Which ports, frames of device memory and interrupts a domain may use. Pure, but for what is marked.
 * Few domains have any: struct arch_domain points to this structure, and NULL is "none".
 */
#include "range_set.h"
#include <hyp/lock.h>

enum io_kind { IO_PORTS, IO_FRAMES, IO_IRQS, IO_KINDS };

/* The last number of a kind. */
#define IO_PORT_LAST UINT64_C(0xffff)
#define IO_FRAME_LAST ((UINT64_C(1) << 40) - 1)
#define IO_IRQ_LAST UINT64_C(0xffffffff)

struct io_permissions {
	struct spinlock lock; /* a leaf: nothing else is taken with it held */
	struct range_set set[IO_KINDS];
};

/* All of [first, last] becomes allowed or not. E_INVAL: no such range; E_NOMEM: too many pieces, nothing changed. */
enum status io_permissions_change(struct io_permissions *p, enum io_kind kind, uint64_t first, uint64_t last, bool allow);
/* Is all of it allowed? `p` may be NULL. */
bool io_permissions_allow(struct io_permissions *p, enum io_kind kind, uint64_t first, uint64_t last);

/* Not pure (ioport.c): --------------------------------------------------------------------------------------------- */
struct domain;

/* From arch_domain_create: domain 0 gets all that the hypervisor does not keep, others get nothing. E_NOMEM. */
enum status pv_domain_io_init(struct domain *d);
/* From arch_domain_destroy. */
void pv_domain_io_free(struct domain *d);
/* The control interface: as io_permissions_change, and E_PERM for ports that are the hypervisor's. d->lock is held. */
enum status domain_io_change(struct domain *d, enum io_kind kind, uint64_t first, uint64_t last, bool allow);
bool domain_io_is_allowed(const struct domain *d, enum io_kind kind, uint64_t first, uint64_t last);
/* All `bytes` ports from `port` on. */
bool io_port_is_permitted(const struct domain *d, uint16_t port, unsigned int bytes);

/* From the code that starts the machine: its memory map calls the frame RAM (also what the hypervisor keeps of it). */
bool machine_frame_is_ram(mfn_t frame);
