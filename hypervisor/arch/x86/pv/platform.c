/*
 * platform_op (7): domain 0 and the machine as a whole. One row per operation that is served; all others are unknown, which
 * kernels expect of some: no microcode, no memory type registers, no CPU that comes or goes, no calls into EFI.
 * See docs/hypercalls/platform_op.md.
 */
#include "../cpu_signature.h"
#include "../ops.h"
#include "../panic.h"
#include "../symbols.h"
#include "../wallclock.h"
#include "firmware_info.h"
#include "pv.h"
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>
#include <hyp/string.h>
#include <hyp/timer.h>

#define ACPI_S5 5u
/* As many as a caller's bitmap may have. */
#define IDLE_CPUS_MAX 4096u
/* What a caller's list may have. */
#define RESOURCES_MAX 3u

/* Time of day. ----------------------------------------------------------------------------------------------------- */

static enum status op_settime64(struct vcpu *v, struct xen_platform_op *op)
{
	const struct xenpf_settime64 *a = &op->u.settime64;

	(void)v;
	if (a->mbz || a->nsecs >= NANOSECONDS_PER_SECOND)
		return E_INVAL;
	wallclock_set(a->secs, a->nsecs, a->system_time);
	return OK;
}

static enum status op_settime32(struct vcpu *v, struct xen_platform_op *op)
{
	const struct xenpf_settime32 *a = &op->u.settime32;

	(void)v;
	if (a->nsecs >= NANOSECONDS_PER_SECOND)
		return E_INVAL;
	wallclock_set(a->secs, a->nsecs, a->system_time);
	return OK;
}

/* CPUs. ------------------------------------------------------------------------------------------------------------ */

static enum status op_get_cpuinfo(struct vcpu *v, struct xen_platform_op *op)
{
	struct xenpf_pcpuinfo *a = &op->u.pcpu_info;

	(void)v;
	a->max_present = cpu_count - 1;
	if (a->xen_cpuid >= cpu_count) {
		a->flags = XEN_PCPU_FLAGS_INVALID;
		return OK;
	}
	a->apic_id = cpu_table[a->xen_cpuid]->apic_id;
	a->acpi_id = cpu_table[a->xen_cpuid]->acpi_id;
	a->flags = cpuset_has(&cpus_online, a->xen_cpuid) ? XEN_PCPU_FLAGS_ONLINE : 0;
	return OK;
}

/* All CPUs are of one kind, or the machine would not have started them. */
static enum status op_get_cpu_version(struct vcpu *v, struct xen_platform_op *op)
{
	struct xenpf_pcpu_version *a = &op->u.pcpu_version;
	uint32_t vendor[4], one[4];

	(void)v;
	a->max_present = cpu_count - 1;
	memset(a->vendor_id, 0, sizeof(a->vendor_id));
	a->family = a->model = a->stepping = 0;
	if (a->xen_cpuid >= cpu_count || !cpuset_has(&cpus_online, a->xen_cpuid))
		return OK;
	cpuid(0, 0, vendor);
	cpuid(1, 0, one);
	memcpy(a->vendor_id, &vendor[1], 4);
	memcpy(a->vendor_id + 4, &vendor[3], 4);
	memcpy(a->vendor_id + 8, &vendor[2], 4);
	cpu_signature_decode(one[0], &a->family, &a->model, &a->stepping);
	return OK;
}

/* A CPU that is not there is taken out of the caller's set, and its time is 0. */
static enum status idle_time_give(struct vcpu *v, const struct xenpf_getidletime *a, uint8_t *set, uint32_t cpu)
{
	uint64_t idle_ns = 0;

	if (!(set[cpu / 8] >> cpu % 8 & 1))
		return OK;
	if (cpu < cpu_count && cpuset_has(&cpus_online, cpu))
		idle_ns = sched_idle_ns(cpu);
	else
		set[cpu / 8] &= (uint8_t)~(1u << cpu % 8);
	return guest_copy_out(v, handle_slot(a->idletime, cpu), &idle_ns, sizeof(idle_ns));
}

static enum status op_getidletime(struct vcpu *v, struct xen_platform_op *op)
{
	struct xenpf_getidletime *a = &op->u.getidletime;
	uint8_t set[IDLE_CPUS_MAX / 8];
	size_t bytes = DIV_UP((size_t)a->cpumap_nr_cpus, 8);
	enum status s;

	if (a->cpumap_nr_cpus > IDLE_CPUS_MAX)
		return E_INVAL;
	s = guest_copy_in(v, set, handle_address(a->cpumap_bitmap), bytes);
	for (uint32_t cpu = 0; s == OK && cpu < a->cpumap_nr_cpus; cpu++)
		s = idle_time_give(v, a, set, cpu);
	a->now = time_now();
	return s ? s : guest_copy_out(v, handle_address(a->cpumap_bitmap), set, bytes);
}

/* Sleep states and frequencies of CPUs are left to the firmware and the idle instruction: what domain 0's ACPI found out is
   taken, and not needed. */
static enum status op_set_processor_pminfo(struct vcpu *v, struct xen_platform_op *op)
{
	(void)v;
	return op->u.set_pminfo.type <= XEN_PM_PDC ? OK : E_INVAL;
}

static enum status op_not_supported(struct vcpu *v, struct xen_platform_op *op)
{
	(void)v;
	(void)op;
	return E_OPNOTSUPP;
}

/* The machine. ------------------------------------------------------------------------------------------------------ */

static enum status op_firmware_info(struct vcpu *v, struct xen_platform_op *op)
{
	return firmware_info_get(v, &op->u.firmware_info);
}

/* Only to off: what the hypervisor has in its CPUs and devices does not survive a sleep. */
static enum status op_enter_acpi_sleep(struct vcpu *v, struct xen_platform_op *op)
{
	const struct xenpf_enter_acpi_sleep *a = &op->u.enter_acpi_sleep;

	(void)v;
	if (a->flags & ~(uint32_t)XENPF_ACPI_SLEEP_EXTENDED)
		return E_INVAL;
	if (a->sleep_state != ACPI_S5 || a->flags & XENPF_ACPI_SLEEP_EXTENDED)
		return E_OPNOTSUPP;
	log_info("domain 0 switches the machine off");
	machine_power_off(a->val_a, a->val_b);
}

/* Behind the last symbol the number stays, which tells the caller. */
static enum status op_get_symbol(struct vcpu *v, struct xen_platform_op *op)
{
	struct xenpf_symdata *a = &op->u.symdata;
	struct symbol symbol = symbol_get(a->symnum);
	uint32_t room = a->namelen;

	if (!symbol.name)
		return OK;
	a->symnum++;
	a->namelen = (uint32_t)strlen(symbol.name) + 1;
	a->address = symbol.start;
	a->type = 'T';
	return guest_copy_out(v, handle_address(a->name), symbol.name, MIN(a->namelen, room));
}

/* A list of registers of one CPU, done until one is refused, and every register is: the machine's are nobody's to use. */
static enum status op_resource_op(struct vcpu *v, struct xen_platform_op *op)
{
	const struct xenpf_resource_op *a = &op->u.resource_op;
	struct xenpf_resource_entry list[RESOURCES_MAX];
	vaddr_t at = handle_address(a->entries);
	enum status s;

	if (!a->nr_entries)
		return OK;
	if (a->nr_entries > RESOURCES_MAX)
		return E_INVAL;
	s = guest_copy_in(v, list, at, a->nr_entries * sizeof(*list));
	if (s)
		return s;
	if (a->cpu >= cpu_count || !cpuset_has(&cpus_online, a->cpu))
		return E_NODEV;
	if (list->rsvd)
		list->u.ret = E_INVAL;
	else if (list->u.cmd != XEN_RESOURCE_OP_MSR_READ && list->u.cmd != XEN_RESOURCE_OP_MSR_WRITE)
		list->u.ret = E_OPNOTSUPP;
	else
		list->u.ret = list->idx >> 32 ? E_INVAL : E_PERM;
	return guest_copy_out(v, at, list, sizeof(*list));
}

#define ROW(name) [XENPF_##name] = op_##name
static enum status (*const rows[])(struct vcpu *v, struct xen_platform_op *op) = {
	ROW(settime32),
	ROW(get_cpu_version),
	ROW(firmware_info),
	ROW(enter_acpi_sleep),
	ROW(getidletime),
	ROW(set_processor_pminfo),
	ROW(get_cpuinfo),
	[XENPF_microcode_update] = op_not_supported,
	[XENPF_cpu_online] = op_not_supported,
	[XENPF_cpu_offline] = op_not_supported,
	ROW(settime64),
	ROW(resource_op),
	ROW(get_symbol),
};

/* args: address of the request. Copied in whole and, if all went well, out whole. */
long hypercall_platform_op(struct vcpu *v, struct hypercall *call)
{
	struct xen_platform_op op;
	enum status s = guest_copy_in(v, &op, call->arg[0], sizeof(op));

	if (s)
		return s;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return E_ACCES;
	if (!v->domain->privileged)
		return E_PERM;
	if (op.cmd >= ARRAY_COUNT(rows) || !rows[op.cmd])
		return E_NOSYS;
	s = rows[op.cmd](v, &op);
	return s ? s : guest_copy_out(v, call->arg[0], &op, sizeof(op));
}
