/*
 * physdev_op (33): domain 0 sets its devices' interrupts up, and tells of PCI functions that come and go. One row per
 * operation, with who may call it and how much is copied.
 *
 * The virtual I/O privilege level and the port bitmap of a vCPU are here for historic reasons, and are anybody's. So is
 * what any PV kernel does at its start without knowing whether it has devices: the page of "needs an end" bits, the end
 * itself, and questions about numbers; a domain without PIRQs is told that it has no such number.
 * See docs/hypercalls/physdev_op.md.
 */
#include "../irq.h"
#include "../irq_source.h"
#include "pv.h"
#include <hyp/abi.h>
#include <hyp/drivers/ioapic.h>
#include <hyp/drivers/msi.h>
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/lock.h>

#define PORTS 0x10000u
#define IOPL_MAX 3u
/* Registers of an IO-APIC below this are no routes. */
#define APIC_FIRST_ROUTE 0x10u
#define MMCFG_BUS_SHIFT 20

union physdev_args {
	struct physdev_irq_status_query irq_status_query;
	struct physdev_set_iopl set_iopl;
	struct physdev_set_iobitmap set_iobitmap;
	struct physdev_apic apic;
	struct physdev_irq irq;
	struct physdev_eoi eoi;
	struct physdev_map_pirq map_pirq;
	struct physdev_unmap_pirq unmap_pirq;
	struct physdev_manage_pci manage_pci;
	struct physdev_manage_pci_ext manage_pci_ext;
	struct physdev_pirq_eoi_gmfn pirq_eoi_gmfn;
	struct physdev_setup_gsi setup_gsi;
	struct physdev_get_free_pirq get_free_pirq;
	struct physdev_pci_mmcfg_reserved pci_mmcfg_reserved;
	struct physdev_pci_device_add pci_device_add;
	struct physdev_pci_device pci_device;
	struct physdev_dbgp_op dbgp;
};

/* The calling vCPU. ------------------------------------------------------------------------------------------------ */

static enum status op_set_iopl(struct vcpu *v, union physdev_args *args)
{
	if (args->set_iopl.iopl > IOPL_MAX)
		return E_INVAL;
	v->arch.iopl = args->set_iopl.iopl;
	return OK;
}

/* The bitmap is read at each access to a port, not now. */
static enum status op_set_iobitmap(struct vcpu *v, union physdev_args *args)
{
	const struct physdev_set_iobitmap *a = &args->set_iobitmap;
	vaddr_t bitmap = handle_address(a->bitmap);

	if (a->nr_ports > PORTS || !arch_guest_range_is_valid(v, bitmap, DIV_UP(a->nr_ports, 8)))
		return E_INVAL;
	v->arch.io_bitmap = bitmap;
	v->arch.io_bitmap_ports = a->nr_ports;
	return OK;
}

/* IO-APICs and lines. ---------------------------------------------------------------------------------------------- */

static enum status op_apic_read(struct vcpu *v, union physdev_args *args)
{
	(void)v;
	return ioapic_register_read(args->apic.apic_physbase, args->apic.reg, &args->apic.value);
}

/* Identification registers swallow writes; routes are written by the hypervisor alone, from setup_gsi. */
static enum status op_apic_write(struct vcpu *v, union physdev_args *args)
{
	uint32_t old;
	enum status s = ioapic_register_read(args->apic.apic_physbase, args->apic.reg, &old);

	(void)v;
	if (s)
		return s;
	return args->apic.reg < APIC_FIRST_ROUTE ? OK : E_PERM;
}

/* Vectors are the hypervisor's business: the answer is a number that means nothing. */
static enum status op_alloc_irq_vector(struct vcpu *v, union physdev_args *args)
{
	(void)v;
	args->irq.vector = args->irq.irq;
	return OK;
}

static enum status op_setup_gsi(struct vcpu *v, union physdev_args *args)
{
	const struct physdev_setup_gsi *a = &args->setup_gsi;
	enum status s;

	(void)v;
	if (a->gsi < 0)
		return E_INVAL;
	s = irq_gsi_setup((uint32_t)a->gsi, a->triggering, a->polarity);
	return s == E_NOENT ? E_INVAL : s;
}

/* PIRQs. ----------------------------------------------------------------------------------------------------------- */

static enum status op_eoi(struct vcpu *v, union physdev_args *args) { return pirq_end(v->domain, args->eoi.irq); }

/* A guest that has the page of bits asks that instead; without it, it has to end whatever it gets. */
static enum status op_irq_status_query(struct vcpu *v, union physdev_args *args)
{
	enum status s = pirq_check(v->domain, args->irq_status_query.irq);

	args->irq_status_query.flags = XENIRQSTAT_needs_eoi;
	return s;
}

static enum status op_pirq_eoi_gmfn_v1(struct vcpu *v, union physdev_args *args)
{
	return pirq_set_end_page(v->domain, gfn(args->pirq_eoi_gmfn.gmfn), true);
}

static enum status op_pirq_eoi_gmfn_v2(struct vcpu *v, union physdev_args *args)
{
	return pirq_set_end_page(v->domain, gfn(args->pirq_eoi_gmfn.gmfn), false);
}

static enum status op_get_free_pirq(struct vcpu *v, union physdev_args *args)
{
	if (args->get_free_pirq.type != MAP_PIRQ_TYPE_MSI)
		return E_INVAL;
	return pirq_reserve(v->domain, &args->get_free_pirq.pirq);
}

/* The segment is in the upper half of the bus where the type says so. */
static enum status function_decode(const struct physdev_map_pirq *a, pci_sbdf_t *function)
{
	uint32_t bus = (uint32_t)a->bus;
	uint16_t segment = a->type == MAP_PIRQ_TYPE_MSI ? 0 : (uint16_t)(bus >> 16);

	if (a->type == MAP_PIRQ_TYPE_MSI && bus > 0xff)
		return E_INVAL;
	if ((bus & 0xffff) > 0xff || a->devfn < 0 || a->devfn > 0xff)
		return E_INVAL;
	*function = pci_sbdf(segment, (uint8_t)bus, (uint8_t)a->devfn);
	return OK;
}

/* With a table it is an entry of MSI-X. Several messages of one MSI would need neighbouring vectors on one CPU: refused,
   and drivers ask again for one. */
static enum status map_message(struct domain *d, const struct physdev_map_pirq *a, uint32_t *pirq)
{
	pci_sbdf_t function;
	enum status s = function_decode(a, &function);

	if (s)
		return s;
	if (a->type == MAP_PIRQ_TYPE_MULTI_MSI && a->entry_nr != 1)
		return a->entry_nr < 1 || a->entry_nr > 32 ? E_INVAL : E_OPNOTSUPP;
	if (a->type == MAP_PIRQ_TYPE_MULTI_MSI || !a->table_base)
		return pirq_map_msi(d, function, a->pirq, pirq);
	if (a->entry_nr < 0)
		return E_INVAL;
	return pirq_map_msix(d, function, (unsigned int)a->entry_nr, a->table_base, a->pirq, pirq);
}

static enum status map_for(struct domain *d, const struct physdev_map_pirq *a, uint32_t *pirq)
{
	switch (a->type) {
	case MAP_PIRQ_TYPE_GSI:
		return pirq_map_gsi(d, a->index, a->pirq, pirq);
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
	case MAP_PIRQ_TYPE_MULTI_MSI:
		return map_message(d, a, pirq);
	default:
		return E_INVAL;
	}
}

static enum status op_map_pirq(struct vcpu *v, union physdev_args *args)
{
	struct physdev_map_pirq *a = &args->map_pirq;
	struct domain *d = domain_find_for(v->domain, a->domid);
	uint32_t pirq;
	enum status s;

	if (!d)
		return E_SRCH;
	s = map_for(d, a, &pirq);
	if (s == OK)
		a->pirq = (int)pirq;
	domain_put(d);
	return s;
}

static enum status op_unmap_pirq(struct vcpu *v, union physdev_args *args)
{
	struct domain *d = domain_find_for(v->domain, args->unmap_pirq.domid);
	enum status s;

	if (!d)
		return E_SRCH;
	s = pirq_unmap(d, args->unmap_pirq.pirq);
	domain_put(d);
	return s;
}

/* PCI functions. ---------------------------------------------------------------------------------------------------- */

/* Nothing is kept about functions but their messages: they are looked at when these are set up. */
static enum status function_add(pci_sbdf_t function) { return pci_function_exists(function) ? OK : E_NODEV; }

static enum status function_remove(pci_sbdf_t function)
{
	irq_function_gone(function);
	return OK;
}

static enum status function_restore(pci_sbdf_t function)
{
	if (!pci_function_exists(function))
		return E_NODEV;
	irq_function_restore(function);
	return OK;
}

static pci_sbdf_t function_of(const struct physdev_pci_device *a) { return pci_sbdf(a->seg, a->bus, a->devfn); }

static enum status op_manage_pci_add(struct vcpu *v, union physdev_args *args)
{
	(void)v;
	return function_add(pci_sbdf(0, args->manage_pci.bus, args->manage_pci.devfn));
}

static enum status op_manage_pci_remove(struct vcpu *v, union physdev_args *args)
{
	(void)v;
	return function_remove(pci_sbdf(0, args->manage_pci.bus, args->manage_pci.devfn));
}

static enum status op_manage_pci_add_ext(struct vcpu *v, union physdev_args *args)
{
	(void)v;
	return function_add(pci_sbdf(0, args->manage_pci_ext.bus, args->manage_pci_ext.devfn));
}

static enum status op_pci_device_add(struct vcpu *v, union physdev_args *args)
{
	const struct physdev_pci_device_add *a = &args->pci_device_add;

	(void)v;
	if (a->flags & ~(XEN_PCI_DEV_EXTFN | XEN_PCI_DEV_VIRTFN | XEN_PCI_DEV_PXM))
		return E_INVAL;
	return function_add(pci_sbdf(a->seg, a->bus, a->devfn));
}

static enum status op_pci_device_remove(struct vcpu *v, union physdev_args *args)
{
	(void)v;
	return function_remove(function_of(&args->pci_device));
}

static enum status op_restore_msi(struct vcpu *v, union physdev_args *args)
{
	(void)v;
	return function_restore(pci_sbdf(0, args->manage_pci.bus, args->manage_pci.devfn));
}

static enum status op_restore_msi_ext(struct vcpu *v, union physdev_args *args)
{
	(void)v;
	return function_restore(function_of(&args->pci_device));
}

/* The table is mapped now, while the function's memory is decoded, so that a later owner cannot make that fail. Not
   a virtual function's: where that is comes only with map_pirq. */
static enum status op_prepare_msix(struct vcpu *v, union physdev_args *args)
{
	struct msix_table table;

	(void)v;
	return irq_source_find_table(function_of(&args->pci_device), 0, &table);
}

/* A mapped table stays mapped. */
static enum status op_release_msix(struct vcpu *v, union physdev_args *args)
{
	struct msix_capability msix;

	(void)v;
	return msix_find(function_of(&args->pci_device), &msix);
}

/* What domain 0's ACPI found beyond the tables that were read at the start. */
static enum status op_pci_mmcfg_reserved(struct vcpu *v, union physdev_args *args)
{
	static struct spinlock adding = SPINLOCK_INIT;
	const struct physdev_pci_mmcfg_reserved *a = &args->pci_mmcfg_reserved;
	paddr_t first = a->address + ((uint64_t)a->start_bus << MMCFG_BUS_SHIFT);
	enum status s = OK;

	(void)v;
	if (a->flags & ~(uint32_t)XEN_PCI_MMCFG_RESERVED)
		return E_INVAL;
	if (a->start_bus > a->end_bus || a->address & (BIT(MMCFG_BUS_SHIFT) - 1))
		return E_INVAL;
	/* Not reserved by the firmware: something else may be there. */
	if (!(a->flags & XEN_PCI_MMCFG_RESERVED))
		return OK;
	spin_lock(&adding);
	if (!pci_mmcfg_owns_frame(paddr_to_mfn(first)))
		s = pci_mmcfg_add(a->address, a->segment, a->start_bus, a->end_bus);
	spin_unlock(&adding);
	return s;
}

/* The debug port of a USB controller is never our console, so a reset of the controller is no loss. */
static enum status op_dbgp_op(struct vcpu *v, union physdev_args *args)
{
	(void)v;
	return args->dbgp.bus == PHYSDEVOP_DBGP_BUS_UNKNOWN || args->dbgp.bus == PHYSDEVOP_DBGP_BUS_PCI ? OK : E_INVAL;
}

enum allowed { DOMAIN_0_ONLY, ANYBODY };

#define ROW(name, bytes, has_results, allowed) [PHYSDEVOP_##name] = {op_##name, bytes, has_results, allowed}
static const struct physdev_row {
	enum status (*function)(struct vcpu *v, union physdev_args *args);
	uint8_t bytes;
	bool has_results;
	enum allowed allowed;
} rows[] = {
	ROW(irq_status_query, sizeof(struct physdev_irq_status_query), true, ANYBODY),
	ROW(set_iopl, sizeof(struct physdev_set_iopl), false, ANYBODY),
	ROW(set_iobitmap, sizeof(struct physdev_set_iobitmap), false, ANYBODY),
	ROW(apic_read, sizeof(struct physdev_apic), true, DOMAIN_0_ONLY),
	ROW(apic_write, sizeof(struct physdev_apic), false, DOMAIN_0_ONLY),
	ROW(alloc_irq_vector, sizeof(struct physdev_irq), true, ANYBODY),
	ROW(eoi, sizeof(struct physdev_eoi), false, ANYBODY),
	ROW(map_pirq, sizeof(struct physdev_map_pirq), true, DOMAIN_0_ONLY),
	ROW(unmap_pirq, sizeof(struct physdev_unmap_pirq), false, DOMAIN_0_ONLY),
	ROW(manage_pci_add, sizeof(struct physdev_manage_pci), false, DOMAIN_0_ONLY),
	ROW(manage_pci_remove, sizeof(struct physdev_manage_pci), false, DOMAIN_0_ONLY),
	ROW(pirq_eoi_gmfn_v1, sizeof(struct physdev_pirq_eoi_gmfn), false, ANYBODY),
	ROW(restore_msi, sizeof(struct physdev_restore_msi), false, DOMAIN_0_ONLY),
	ROW(manage_pci_add_ext, sizeof(struct physdev_manage_pci_ext), false, DOMAIN_0_ONLY),
	ROW(setup_gsi, sizeof(struct physdev_setup_gsi), false, DOMAIN_0_ONLY),
	ROW(get_free_pirq, sizeof(struct physdev_get_free_pirq), true, ANYBODY),
	ROW(pci_mmcfg_reserved, sizeof(struct physdev_pci_mmcfg_reserved), false, DOMAIN_0_ONLY),
	ROW(pci_device_add, offsetof(struct physdev_pci_device_add, optarr), false, DOMAIN_0_ONLY),
	ROW(pci_device_remove, sizeof(struct physdev_pci_device), false, DOMAIN_0_ONLY),
	ROW(restore_msi_ext, sizeof(struct physdev_pci_device), false, DOMAIN_0_ONLY),
	ROW(pirq_eoi_gmfn_v2, sizeof(struct physdev_pirq_eoi_gmfn), false, ANYBODY),
	ROW(dbgp_op, sizeof(struct physdev_dbgp_op), false, DOMAIN_0_ONLY),
	ROW(prepare_msix, sizeof(struct physdev_pci_device), false, DOMAIN_0_ONLY),
	ROW(release_msix, sizeof(struct physdev_pci_device), false, DOMAIN_0_ONLY),
};
static_assert(sizeof(struct physdev_restore_msi) == sizeof(struct physdev_manage_pci));

/* args: operation, address of its arguments. */
long hypercall_physdev_op(struct vcpu *v, struct hypercall *call)
{
	uint32_t operation = (uint32_t)call->arg[0];
	const struct physdev_row *row = operation < ARRAY_COUNT(rows) ? &rows[operation] : NULL;
	union physdev_args args;
	enum status s;

	if (!row || !row->function)
		return E_NOSYS;
	s = guest_copy_in(v, &args, call->arg[1], row->bytes);
	if (s)
		return s;
	if (row->allowed == DOMAIN_0_ONLY && !v->domain->privileged)
		return E_PERM;
	s = row->function(v, &args);
	if (s == OK && row->has_results)
		s = guest_copy_out(v, call->arg[1], &args, row->bytes);
	return s;
}
