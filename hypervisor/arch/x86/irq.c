/*
 * Device interrupts: the table of open ones, and what happens when one comes in.
 *
 * There is one space of vectors for the machine, so a vector names its interrupt (struct irq) on whichever CPU it arrives.
 *
 * Edges and messages are ended at the local APIC at once; if another comes before the guest has looked, the event is
 * pending anyway. A level is masked at the IO-APIC, then ended, and unmasked when the guest says that its device is quiet.
 * So nothing stays in service at a local APIC, a guest that never answers loses its own line and nothing else, and a line
 * that storms costs one interrupt for each answer of its guest.
 *
 * Q1  An interrupt is masked unless it has a handler, or is connected and not waiting for its guest.
 * Q2  What a closed or disconnected interrupt still has on its way is ended and dropped.
 * Q3  A route changes where nothing can be lost: while the source is masked, or right after its interrupt came in.
 *
 * Letters: [v] vectors_lock · [i] the interrupt's lock · source and vector: written with both, read with either.
 */
#include "irq.h"
#include "cpu.h"
#include "irq_source.h"
#include "irq_vector.h"
#include <hyp/boot/acpi.h>
#include <hyp/domain.h>
#include <hyp/drivers/i8259.h>
#include <hyp/drivers/ioapic.h>
#include <hyp/drivers/lapic.h>
#include <hyp/drivers/serial.h>
#include <hyp/heap.h>
#include <hyp/log.h>
#include <hyp/rate_limit.h>
#include <hyp/string.h>
#include <hyp/timer.h>

#define ISA_IRQS 16u
#define VECTOR_8259_FIRST 0x20
#define VECTOR_8259_LAST 0x2f
/* Lines of a machine; the table of them is one heap block. */
#define GSIS_MAX 4096u

struct irq {
	struct spinlock lock;
	uint8_t vector;
	struct irq_source source;
	bool masked;		/* [i] */
	bool waits_for_end;	/* [i] a level that its guest has not answered yet */
	unsigned int cpu;	/* [i] where it goes */
	unsigned int cpu_next;	/* [i] where it shall go */
	void (*handler)(void);	/* the hypervisor's own, for good; NULL: a domain's */
	struct domain *domain;	/* [i] NULL: not connected */
	uint32_t port;		/* [i] */
};

/* How a line signals, and which interrupt has it open. */
struct gsi {
	bool level, active_low; /* [v] */
	struct irq *irq;	/* [v] NULL: not open */
};

static struct spinlock vectors_lock = SPINLOCK_INIT;
static struct irq_vectors vectors;   /* [v] */
static struct irq irqs[IRQ_VECTORS]; /* by vector */
static struct gsi *gsis;
static uint32_t gsi_end;	     /* fixed after irq_init */
static uint32_t isa_gsi[ISA_IRQS];   /* fixed after irq_init */

static struct spinlock trouble_lock = SPINLOCK_INIT;
static struct rate_limit trouble_limit;

/* An interrupt comes in. ------------------------------------------------------------------------------------------ */

/* The hardware misbehaves: said a few times, then seldom. */
static void trouble(const struct cpu *c, const char *what, uint32_t detail)
{
	uint32_t dropped;
	bool said;

	spin_lock(&trouble_lock);
	if (!trouble_limit.interval_ns)
		rate_limit_init(&trouble_limit, 4, 60 * NANOSECONDS_PER_SECOND, time_now());
	said = rate_limit_take(&trouble_limit, time_now(), &dropped);
	spin_unlock(&trouble_lock);
	if (said)
		log_warning("CPU %u: %s %#x (%u more before)", c->id, what, detail, dropped);
}

bool irq_needs_end(const struct irq *irq) { return irq->source.kind == IRQ_SOURCE_GSI && irq->source.level; }

static void mask_set(struct irq *irq, bool masked) REQUIRES(irq->lock)
{
	irq->masked = masked;
	if (!irq->source.is_gone)
		irq_source_mask(&irq->source, masked);
}

/* A CPU whose APIC id does not fit into the route, or a source that cannot be moved: it stays where it is. What is busy is
   tried again when its guest answers, or at its next interrupt. */
static void follow(struct irq *irq) REQUIRES(irq->lock)
{
	enum status s = E_NODEV;

	if (irq->cpu_next == irq->cpu)
		return;
	if (!irq->source.is_gone)
		s = irq_source_move(&irq->source, irq->vector, cpu_table[irq->cpu_next]->apic_id, irq->masked);
	if (s == OK)
		irq->cpu = irq->cpu_next;
	else if (s != E_BUSY)
		irq->cpu_next = irq->cpu;
}

/* The hypervisor's own, which is never closed nor moved. No lock: handlers make events, and so take locks that are above.
   A level's handler silences its device before the end, or the line would interrupt again at once. */
static void own_interrupt(const struct irq *irq, void (*handler)(void))
{
	bool level = irq_needs_end(irq);

	if (!level)
		lapic_eoi();
	handler();
	if (level) {
		lapic_eoi();
		ioapic_eoi(irq->source.gsi);
	}
}

static void guest_interrupt(struct irq *irq)
{
	bool level;

	spin_lock(&irq->lock);
	level = irq_needs_end(irq);
	if (level) {
		mask_set(irq, true);
		irq->waits_for_end = irq->domain;
	}
	lapic_eoi();
	if (level)
		ioapic_eoi(irq->source.gsi);
	if (irq->domain)
		evtchn_send_port(irq->domain, irq->port);
	follow(irq);
	spin_unlock(&irq->lock);
}

static void device_interrupt(struct irq *irq)
{
	void (*handler)(void) = read_once(irq->handler);

	if (handler)
		own_interrupt(irq, handler);
	else
		guest_interrupt(irq);
}

/* Out of line, as is what follows: the timer's interrupt shall not save their registers. */
static __attribute__((noinline)) void apic_error(struct cpu *c)
{
	uint32_t errors = lapic_errors();

	lapic_eoi();
	trouble(c, "the local APIC reports errors", errors);
}

static __attribute__((noinline)) void device_or_nothing(struct cpu *c, unsigned int vector)
{
	if (irq_vector_is_for_devices(vector)) {
		device_interrupt(&irqs[vector]);
	} else if (vector >= VECTOR_8259_FIRST && vector <= VECTOR_8259_LAST) {
		/* All lines of the 8259s are masked, but a line that falls at the wrong moment still makes one. The local APIC
		   does not know of it and must not be told of an end. */
		trouble(c, "spurious interrupt of the 8259s, vector", vector);
	} else {
		lapic_eoi();
		trouble(c, "unexpected interrupt vector", vector);
	}
}

void irq_handle(struct cpu *c, unsigned int vector)
{
	switch (vector) {
	case VECTOR_TIMER:
		c->timer_due = true;
		lapic_eoi();
		break;
	case VECTOR_KICK:
		/* The work it calls to is looked for on the way out. */
		lapic_eoi();
		break;
	case VECTOR_FLUSH:
		tlb_flush_answer();
		lapic_eoi();
		break;
	case VECTOR_ERROR:
		apic_error(c);
		break;
	case VECTOR_SPURIOUS:
		/* It is not in service: no end. */
		break;
	default:
		device_or_nothing(c, vector);
	}
}

/* Opening and closing. --------------------------------------------------------------------------------------------- */

/* A vector and the hardware's route to CPU 0 for a source that nobody has open. */
static enum status irq_open(const struct irq_source *source, struct irq **out) REQUIRES(vectors_lock)
{
	struct irq *irq;
	uint8_t vector;
	enum status s = irq_vector_alloc(&vectors, &vector);

	if (s)
		return s;
	s = irq_source_program(source, vector, cpu_table[0]->apic_id);
	if (s) {
		irq_vector_free(&vectors, vector);
		return s;
	}
	irq = &irqs[vector];
	spin_lock(&irq->lock);
	irq->vector = vector;
	irq->source = *source;
	irq->masked = true;
	irq->waits_for_end = false;
	irq->cpu = irq->cpu_next = 0;
	spin_unlock(&irq->lock);
	*out = irq;
	return OK;
}

static enum status gsi_open(uint32_t gsi, struct irq **out) REQUIRES(vectors_lock)
{
	struct irq_source source = {.kind = IRQ_SOURCE_GSI, .gsi = gsi};
	enum status s;

	if (gsi >= gsi_end || !ioapic_has_gsi(gsi))
		return E_NOENT;
	if (gsis[gsi].irq)
		return E_BUSY;
	source.level = gsis[gsi].level;
	source.active_low = gsis[gsi].active_low;
	s = irq_open(&source, out);
	if (s == OK)
		gsis[gsi].irq = *out;
	return s;
}

enum status irq_open_gsi(uint32_t gsi, struct irq **out)
{
	enum status s;

	spin_lock(&vectors_lock);
	s = gsi_open(gsi, out);
	spin_unlock(&vectors_lock);
	return s;
}

/* A function has one MSI, or entries of its MSI-X table. */
static bool message_is_taken(const struct irq_source *wanted) REQUIRES(vectors_lock)
{
	for (unsigned int i = 0; i < IRQ_VECTORS; i++) {
		const struct irq_source *s = &irqs[i].source;

		if (irq_source_is_message(s) && s->function.v == wanted->function.v && !s->is_gone &&
		    (s->kind != wanted->kind || s->entry == wanted->entry))
			return true;
	}
	return false;
}

static enum status message_open(const struct irq_source *source, struct irq **out)
{
	enum status s = E_EXIST;

	spin_lock(&vectors_lock);
	if (!message_is_taken(source))
		s = irq_open(source, out);
	spin_unlock(&vectors_lock);
	return s;
}

enum status irq_open_msi(pci_sbdf_t function, struct irq **out)
{
	struct irq_source source = {.kind = IRQ_SOURCE_MSI, .function = function};
	enum status s = msi_find(function, &source.msi);

	return s ? s : message_open(&source, out);
}

enum status irq_open_msix(pci_sbdf_t function, unsigned int entry, paddr_t virtual_base, struct irq **out)
{
	struct irq_source source = {.kind = IRQ_SOURCE_MSIX, .function = function, .entry = entry};
	enum status s = irq_source_find_table(function, virtual_base, &source.table);

	if (s)
		return s;
	return entry < source.table.entries ? message_open(&source, out) : E_NOENT;
}

void irq_close(struct irq *irq)
{
	spin_lock(&vectors_lock);
	spin_lock(&irq->lock);
	mask_set(irq, true);
	if (irq->source.kind == IRQ_SOURCE_GSI)
		gsis[irq->source.gsi].irq = NULL;
	irq->source = (struct irq_source){.kind = IRQ_SOURCE_NONE};
	irq_vector_free(&vectors, irq->vector);
	spin_unlock(&irq->lock);
	spin_unlock(&vectors_lock);
}

enum status irq_gsi_setup(uint32_t gsi, bool level, bool active_low)
{
	enum status s = OK;

	if (gsi >= gsi_end || !ioapic_has_gsi(gsi))
		return E_NOENT;
	spin_lock(&vectors_lock);
	if (gsis[gsi].irq) {
		s = E_EXIST;
	} else {
		gsis[gsi].level = level;
		gsis[gsi].active_low = active_low;
	}
	spin_unlock(&vectors_lock);
	return s;
}

uint32_t irq_gsi_end(void) { return gsi_end; }

uint32_t irq_isa_to_gsi(uint8_t isa) { return isa < ISA_IRQS ? isa_gsi[isa] : isa; }

/* The line has been set up. */
static enum status claim(uint32_t gsi, void (*handler)(void), const char *name)
{
	struct irq *irq;
	enum status s = irq_open_gsi(gsi, &irq);

	if (s)
		return s;
	spin_lock(&irq->lock);
	irq->handler = handler;
	mask_set(irq, false);
	spin_unlock(&irq->lock);
	log_debug("interrupt %u is the hypervisor's (%s), vector %#x", gsi, name, irq->vector);
	return OK;
}

enum status irq_claim_gsi(uint32_t gsi, bool level, bool active_low, void (*handler)(void), const char *name)
{
	enum status s = irq_gsi_setup(gsi, level, active_low);

	if (s)
		return s == E_EXIST ? E_BUSY : s;
	return claim(gsi, handler, name);
}

enum status irq_claim_isa(uint8_t isa, void (*handler)(void), const char *name)
{
	return claim(irq_isa_to_gsi(isa), handler, name);
}

/* A domain's. ------------------------------------------------------------------------------------------------------ */

void irq_connect(struct irq *irq, struct domain *d, uint32_t port, unsigned int cpu)
{
	spin_lock(&irq->lock);
	irq->domain = d;
	irq->port = port;
	irq->cpu_next = cpu;
	follow(irq);
	mask_set(irq, false);
	spin_unlock(&irq->lock);
}

void irq_disconnect(struct irq *irq)
{
	spin_lock(&irq->lock);
	mask_set(irq, true);
	irq->waits_for_end = false;
	irq->domain = NULL;
	irq->port = 0;
	spin_unlock(&irq->lock);
}

void irq_end(struct irq *irq)
{
	spin_lock(&irq->lock);
	if (irq->waits_for_end) {
		irq->waits_for_end = false;
		follow(irq);
		mask_set(irq, false);
	}
	spin_unlock(&irq->lock);
}

void irq_move(struct irq *irq, unsigned int cpu)
{
	spin_lock(&irq->lock);
	irq->cpu_next = cpu;
	if (irq->masked)
		follow(irq);
	spin_unlock(&irq->lock);
}

static bool is_of_function(const struct irq *irq, pci_sbdf_t function) REQUIRES(irq->lock)
{
	return irq_source_is_message(&irq->source) && irq->source.function.v == function.v && !irq->source.is_gone;
}

/* It was programmed like this before, so it cannot be refused now. */
static void restore(struct irq *irq) REQUIRES(irq->lock)
{
	if (irq_source_program(&irq->source, irq->vector, cpu_table[irq->cpu]->apic_id) == OK)
		irq_source_mask(&irq->source, irq->masked);
}

static void for_function(pci_sbdf_t function, void (*act)(struct irq *irq))
{
	spin_lock(&vectors_lock);
	for (unsigned int i = 0; i < IRQ_VECTORS; i++) {
		spin_lock(&irqs[i].lock);
		if (is_of_function(&irqs[i], function))
			act(&irqs[i]);
		spin_unlock(&irqs[i].lock);
	}
	spin_unlock(&vectors_lock);
}

static void forget(struct irq *irq) { irq->source.is_gone = true; }

void irq_function_restore(pci_sbdf_t function) { for_function(function, restore); }

void irq_function_gone(pci_sbdf_t function) { for_function(function, forget); }

/* Start. ----------------------------------------------------------------------------------------------------------- */

static void chips_add(const struct acpi_info *acpi)
{
	for (unsigned int i = 0; i < acpi->io_apic_count; i++) {
		const struct acpi_io_apic *chip = &acpi->io_apic[i];
		enum status s = ioapic_add(chip->start, chip->gsi_base);

		if (s)
			log_warning("the IO-APIC at %#llx cannot be used (error %d)", (unsigned long long)chip->start, s);
	}
	gsi_end = ioapic_gsi_end();
	if (!gsi_end)
		log_warning("no IO-APIC: devices have no interrupts but messages");
	if (gsi_end > GSIS_MAX) {
		log_warning("interrupts from %u on are not used", GSIS_MAX);
		gsi_end = GSIS_MAX;
	}
}

/* The bus's way for an ISA interrupt is edge, active high; for all others level, active low, as PCI has it. */
static void lines_init(void)
{
	gsis = heap_alloc_array(struct gsi, gsi_end ? gsi_end : 1);
	if (!gsis)
		panic("no memory for %u interrupt lines", gsi_end);
	for (uint32_t i = 0; i < gsi_end; i++)
		gsis[i].level = gsis[i].active_low = i >= ISA_IRQS;
	for (uint32_t i = 0; i < ISA_IRQS; i++)
		isa_gsi[i] = i;
}

static void override_apply(const struct acpi_override *o)
{
	if (o->irq >= ISA_IRQS || o->gsi >= gsi_end)
		return;
	isa_gsi[o->irq] = o->gsi;
	gsis[o->gsi].level = o->trigger == ACPI_TRIGGER_LEVEL;
	gsis[o->gsi].active_low = o->polarity == ACPI_POLARITY_LOW;
}

static void config_spaces_add(const struct acpi_info *acpi)
{
	for (unsigned int i = 0; i < acpi->mcfg_count; i++) {
		const struct acpi_mcfg *m = &acpi->mcfg[i];

		if (pci_mmcfg_add(m->start, m->segment, m->bus_first, m->bus_last) != OK)
			log_warning("PCI segment %u, buses %u to %u: too many ranges of configuration space", m->segment,
				    m->bus_first, m->bus_last);
	}
}

static void serial_connect(void)
{
	if (!serial_irq())
		return;
	if (irq_claim_isa(serial_irq(), serial_interrupt, "serial console") == OK)
		serial_interrupts_enable();
	else
		log_warning("the serial console has no interrupt: its input is not read");
}

/* The machine's NMI, on the boot CPU alone: where it comes to all of them, it would be one for each. */
static void local_nmis_open(const struct acpi_info *acpi)
{
	for (unsigned int i = 0; i < acpi->nmi_count; i++) {
		const struct acpi_nmi *n = &acpi->nmi[i];

		if (n->local && (n->acpi_id == ACPI_NMI_ALL_CPUS || n->acpi_id == this_cpu()->acpi_id))
			lapic_line_set_nmi(n->lint, n->polarity == ACPI_POLARITY_LOW);
	}
}

void irq_init(const struct acpi_info *acpi)
{
	i8259_init(VECTOR_8259_FIRST);
	/* The platforms that take longer APIC ids in messages are not asked: CPUs beyond get no device interrupts. */
	ioapic_configure(false, false);
	chips_add(acpi);
	lines_init();
	for (unsigned int i = 0; i < acpi->override_count; i++)
		override_apply(&acpi->override[i]);
	config_spaces_add(acpi);
	local_nmis_open(acpi);
	serial_connect();
	log_info("interrupts: %u IO-APIC%s, %u lines", ioapic_count(), ioapic_count() == 1 ? "" : "s", gsi_end);
}
