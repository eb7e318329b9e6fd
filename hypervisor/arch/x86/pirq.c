/*
 * PIRQs: which interrupts a domain has, and the ports they are bound to.
 *
 * The rules of the numbers are in pirq_table.c. Here they meet the interrupts (irq.h) and the guest's page of "needs an
 * end" bits. A line is opened when a port is bound to it, a message when it is mapped, since its device is then set up.
 *
 * P3  A PIRQ has a port exactly while that event channel is in state PIRQ and names it: bind and unbind are called with the
 *     domain's event-channel lock held, and a PIRQ with a port cannot be unmapped.
 * P4  The bit of a PIRQ in the guest's page is set while it is bound and is a level. The guest may write there what it
 *     likes: it is only told, never read back.
 */
#include "pirq.h"
#include "irq.h"
#include "pirq_table.h"
#include <hyp/bits.h>
#include <hyp/domain.h>
#include <hyp/heap.h>
#include <hyp/hypercall.h>
#include <hyp/mm.h>

/* More messages than the machine has vectors for devices. */
#define MESSAGES_MAX 200u
/* The bits of one page; beyond, a line has no PIRQ. */
#define PIRQS_MAX 2048u
static_assert(PIRQS_MAX <= PAGE_BYTES * 8, "each PIRQ has a bit in the guest's page");

struct pirq_table {
	struct spinlock lock;
	struct pirq_numbers numbers; /* the lock; counts are fixed */
	struct page *end_page;	     /* referenced, writable; NULL: none */
	uint64_t *end_bits;	     /* the hypervisor's view of it */
	bool unmask_on_end;
};

static void end_bit_set(struct pirq_table *t, uint32_t number, bool on) REQUIRES(t->lock)
{
	if (!t->end_bits)
		return;
	if (on)
		(void)bit_test_and_set_atomic(t->end_bits, number);
	else
		(void)bit_test_and_clear_atomic(t->end_bits, number);
}

/* A domain's life. ------------------------------------------------------------------------------------------------- */

enum status pirq_domain_init(struct domain *d)
{
	struct pirq_table *t = heap_alloc(sizeof(*t));

	if (!t)
		return E_NOMEM;
	t->numbers.gsi_count = MIN(irq_gsi_end(), PIRQS_MAX - MESSAGES_MAX);
	t->numbers.count = t->numbers.gsi_count + MESSAGES_MAX;
	t->numbers.pirq = heap_alloc_array(struct pirq, t->numbers.count);
	if (!t->numbers.pirq) {
		heap_free(t, sizeof(*t));
		return E_NOMEM;
	}
	d->arch.pirqs = t;
	return OK;
}

/* Its ports are closed, so nothing is bound, and only messages are open. */
static void number_free(struct pirq_table *t, uint32_t number) REQUIRES(t->lock)
{
	struct pirq *p = &t->numbers.pirq[number];

	if (p->irq)
		irq_close(p->irq);
	*p = (struct pirq){.kind = PIRQ_FREE};
}

enum status pirq_domain_relinquish(struct domain *d)
{
	struct pirq_table *t = d->arch.pirqs;
	struct page *page;

	if (!t)
		return OK;
	spin_lock(&t->lock);
	for (uint32_t i = 0; i < t->numbers.count; i++) {
		if (t->numbers.pirq[i].kind == PIRQ_FREE)
			continue;
		number_free(t, i);
		if (arch_preempt_due()) {
			spin_unlock(&t->lock);
			return E_RESTART;
		}
	}
	page = t->end_page;
	t->end_page = NULL;
	t->end_bits = NULL;
	spin_unlock(&t->lock);
	if (page)
		page_put_with_writable(page);
	return OK;
}

void pirq_domain_destroy(struct domain *d)
{
	struct pirq_table *t = d->arch.pirqs;

	if (!t)
		return;
	heap_free_array(t->numbers.pirq, t->numbers.count);
	heap_free(t, sizeof(*t));
	d->arch.pirqs = NULL;
}

/* Numbers. --------------------------------------------------------------------------------------------------------- */

enum status pirq_map_gsi(struct domain *d, int64_t gsi, int64_t wanted, uint32_t *pirq)
{
	struct pirq_table *t = d->arch.pirqs;
	enum status s;

	if (!t)
		return E_OPNOTSUPP;
	spin_lock(&t->lock);
	s = pirq_choose_gsi(&t->numbers, gsi, wanted, pirq);
	/* A line that is mapped keeps its port. */
	if (s == OK && t->numbers.pirq[*pirq].kind == PIRQ_FREE)
		t->numbers.pirq[*pirq] = (struct pirq){.kind = PIRQ_GSI};
	spin_unlock(&t->lock);
	return s;
}

/* `entry` < 0: MSI. */
static enum status message_map(struct domain *d, pci_sbdf_t function, int64_t entry, paddr_t virtual_base, int64_t wanted,
			       uint32_t *pirq)
{
	struct pirq_table *t = d->arch.pirqs;
	struct irq *irq;
	enum status s;

	if (!t)
		return E_OPNOTSUPP;
	spin_lock(&t->lock);
	s = pirq_choose_message(&t->numbers, wanted, pirq);
	if (s == OK)
		s = entry < 0 ? irq_open_msi(function, &irq) :
				irq_open_msix(function, (unsigned int)entry, virtual_base, &irq);
	if (s == OK)
		t->numbers.pirq[*pirq] = (struct pirq){.kind = PIRQ_MESSAGE, .irq = irq};
	spin_unlock(&t->lock);
	return s;
}

enum status pirq_map_msi(struct domain *d, pci_sbdf_t function, int64_t wanted, uint32_t *pirq)
{
	return message_map(d, function, -1, 0, wanted, pirq);
}

enum status pirq_map_msix(struct domain *d, pci_sbdf_t function, unsigned int entry, paddr_t virtual_base, int64_t wanted,
			  uint32_t *pirq)
{
	return message_map(d, function, entry, virtual_base, wanted, pirq);
}

enum status pirq_unmap(struct domain *d, int64_t pirq)
{
	struct pirq_table *t = d->arch.pirqs;
	enum status s;

	if (!t)
		return E_OPNOTSUPP;
	spin_lock(&t->lock);
	s = pirq_unmap_check(&t->numbers, pirq);
	if (s == OK)
		number_free(t, (uint32_t)pirq);
	spin_unlock(&t->lock);
	return s;
}

enum status pirq_reserve(struct domain *d, uint32_t *pirq)
{
	struct pirq_table *t = d->arch.pirqs;
	enum status s;

	if (!t)
		return E_OPNOTSUPP;
	spin_lock(&t->lock);
	s = pirq_choose_message(&t->numbers, -1, pirq);
	if (s == OK)
		t->numbers.pirq[*pirq].kind = PIRQ_RESERVED;
	spin_unlock(&t->lock);
	return s;
}

enum status pirq_check(const struct domain *d, uint32_t pirq)
{
	const struct pirq_table *t = d->arch.pirqs;

	return t && pirq < t->numbers.count ? OK : E_INVAL;
}

/* Ports. ----------------------------------------------------------------------------------------------------------- */

/* The interrupt behind a PIRQ that may be bound. */
static enum status bind_prepare(struct pirq_table *t, uint32_t pirq) REQUIRES(t->lock)
{
	struct pirq *p = &t->numbers.pirq[pirq];

	return p->irq ? OK : irq_open_gsi(pirq, &p->irq);
}

enum status arch_pirq_bind(struct domain *d, uint32_t pirq, uint32_t port, bool will_share)
{
	struct pirq_table *t = d->arch.pirqs;
	enum status s;

	/* Nobody else has interrupts to share it with. */
	(void)will_share;
	if (!t)
		return E_PERM;
	spin_lock(&t->lock);
	s = pirq_bind_check(&t->numbers, pirq);
	if (s == OK)
		s = bind_prepare(t, pirq);
	if (s == OK) {
		struct pirq *p = &t->numbers.pirq[pirq];

		p->port = port;
		/* Before the first interrupt, which may come at once. */
		end_bit_set(t, pirq, irq_needs_end(p->irq));
		irq_connect(p->irq, d, port, read_once(d->vcpu[0]->sched.cpu));
	}
	spin_unlock(&t->lock);
	return s;
}

void arch_pirq_unbind(struct domain *d, uint32_t pirq)
{
	struct pirq_table *t = d->arch.pirqs;
	struct pirq *p = &t->numbers.pirq[pirq];

	spin_lock(&t->lock);
	irq_disconnect(p->irq);
	end_bit_set(t, pirq, false);
	p->port = 0;
	if (p->kind == PIRQ_GSI) {
		irq_close(p->irq);
		p->irq = NULL;
	}
	spin_unlock(&t->lock);
}

void arch_pirq_set_affinity(struct domain *d, uint32_t pirq, const struct vcpu *v)
{
	struct pirq_table *t = d->arch.pirqs;

	spin_lock(&t->lock);
	irq_move(t->numbers.pirq[pirq].irq, read_once(v->sched.cpu));
	spin_unlock(&t->lock);
}

void arch_pirq_unmask(struct domain *d, uint32_t pirq)
{
	/* A level waits for pirq_end, which does not depend on the port's mask; everything else is never masked. */
	(void)d;
	(void)pirq;
}

enum status pirq_end(struct domain *d, uint32_t pirq)
{
	struct pirq_table *t = d->arch.pirqs;
	const struct pirq *p;
	uint32_t port = 0;

	if (!t)
		return E_INVAL;
	spin_lock(&t->lock);
	p = pirq_find(&t->numbers, pirq);
	if (p && p->irq)
		irq_end(p->irq);
	if (p && t->unmask_on_end)
		port = p->port;
	spin_unlock(&t->lock);
	/* The port's lock is above ours. What a guest's other vCPU made of the port meanwhile is between the two. */
	if (port && evtchn_unmask(d, port) != OK)
		return E_INVAL;
	return p ? OK : E_INVAL;
}

static void end_bits_fill(struct pirq_table *t) REQUIRES(t->lock)
{
	for (uint32_t i = 0; i < t->numbers.count; i++) {
		const struct pirq *p = &t->numbers.pirq[i];

		if (p->port)
			end_bit_set(t, i, irq_needs_end(p->irq));
	}
}

enum status pirq_set_end_page(struct domain *d, gfn_t frame, bool unmask_on_end)
{
	struct pirq_table *t = d->arch.pirqs;
	struct page *page;
	bool taken = false;

	if (!mfn_has_page(mfn(frame.v)))
		return E_INVAL;
	page = mfn_to_page(mfn(frame.v));
	if (page_get_with_writable(page, d) != OK)
		return E_INVAL;
	if (t) {
		spin_lock(&t->lock);
		taken = t->end_page;
		if (!taken) {
			t->end_page = page;
			t->end_bits = arch_frame_map(mfn(frame.v));
			t->unmask_on_end = unmask_on_end;
			end_bits_fill(t);
		}
		spin_unlock(&t->lock);
	}
	/* A domain without interrupts needs no bits: the page was looked at, and is the guest's own again. */
	if (!t || taken)
		page_put_with_writable(page);
	return taken ? E_BUSY : OK;
}
