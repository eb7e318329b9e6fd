#pragma once
/*
 * PIRQs: the numbers by which a domain names its device interrupts. Numbers below the count of global system interrupts
 * (GSIs) are these; those above are given out for messages. Only privileged domains have any.
 *
 * The arch_pirq_* functions of <hyp/evtchn.h> are here too. Any CPU, interrupts off. The lock of a domain's PIRQs is below
 * its event-channel lock and above those of irq.h.
 */
#include <hyp/drivers/pci.h>
#include <hyp/types.h>

struct domain;

/* A privileged domain gets its table. E_NOMEM. */
enum status pirq_domain_init(struct domain *d);
/* Gives all its interrupts back; its ports are closed. */
enum status pirq_domain_relinquish(struct domain *d);
void pirq_domain_destroy(struct domain *d);

/* `wanted` < 0: any number. All that take a PIRQ: E_OPNOTSUPP if d has none. */
/* The PIRQ of a line has the line's number. E_INVAL: no such line, or another number is wanted. Once more is fine. */
enum status pirq_map_gsi(struct domain *d, int64_t gsi, int64_t wanted, uint32_t *pirq);
/* E_INVAL: the number is no reserved one; E_NOSPC: none is left; what irq_open_msi refuses. */
enum status pirq_map_msi(struct domain *d, pci_sbdf_t function, int64_t wanted, uint32_t *pirq);
enum status pirq_map_msix(struct domain *d, pci_sbdf_t function, unsigned int entry, paddr_t virtual_base, int64_t wanted,
			  uint32_t *pirq);
/* Also of a reserved number. E_INVAL: it is not in use; E_BUSY: a port is bound to it. */
enum status pirq_unmap(struct domain *d, int64_t pirq);
/* Keeps a number for a later pirq_map_msi. E_NOSPC. */
enum status pirq_reserve(struct domain *d, uint32_t *pirq);

/* The guest is done with an interrupt. E_INVAL: not in use. */
enum status pirq_end(struct domain *d, uint32_t pirq);
/* E_INVAL: d has no such number. */
enum status pirq_check(const struct domain *d, uint32_t pirq);
/* A page of the guest where a bit says whether pirq_end is needed. `unmask_on_end`: pirq_end then unmasks the port as
   well. E_INVAL: not a page of the guest that it may write; E_BUSY: it has one. */
enum status pirq_set_end_page(struct domain *d, gfn_t frame, bool unmask_on_end);
