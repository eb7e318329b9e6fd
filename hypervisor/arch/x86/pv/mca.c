/*
 * mca (48): domain 0 asks about machine checks.
 *
 * A machine check stops the machine with a message (../traps.c), so there is never a record of one to fetch. What remains is
 * the list of CPUs, by which domain 0's driver would name the culprit.
 */
#include "../cpu_signature.h"
#include "../ops.h"
#include "pv.h"
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/string.h>

#define BRAND_FIRST 0x80000002u
#define BRAND_LAST 0x80000004u

static enum status op_fetch(struct vcpu *v, struct xen_mc *mc)
{
	struct xen_mc_fetch *a = &mc->u.mc_fetch;

	(void)v;
	if (!(a->flags & (XEN_MC_URGENT | XEN_MC_NONURGENT)))
		return E_INVAL;
	/* An acknowledgment is for a record; there was none. */
	a->flags = a->flags & XEN_MC_ACK ? XEN_MC_OK : XEN_MC_NODATA;
	a->fetch_id = 0;
	return OK;
}

static void brand_read(char brand[64])
{
	uint32_t r[4];

	cpuid(0x80000000, 0, r);
	if (r[0] < BRAND_LAST)
		return;
	for (uint32_t leaf = BRAND_FIRST; leaf <= BRAND_LAST; leaf++) {
		cpuid(leaf, 0, r);
		memcpy(brand + (leaf - BRAND_FIRST) * sizeof(r), r, sizeof(r));
	}
}

/* What is the same for all CPUs. */
static void cpu_describe(struct mcinfo_logical_cpu *info)
{
	uint32_t r[4];

	memset(info, 0, sizeof(*info));
	cpuid(0, 0, r);
	info->mc_cpuid_level = (int32_t)r[0];
	memcpy(info->mc_vendorid, &r[1], 4);
	memcpy(info->mc_vendorid + 4, &r[3], 4);
	memcpy(info->mc_vendorid + 8, &r[2], 4);
	brand_read(info->mc_brandid);
	cpuid(1, 0, r);
	cpu_signature_decode(r[0], &info->mc_family, &info->mc_model, &info->mc_step);
	info->mc_cpu_caps[MC_CAPS_STD_EDX] = r[3];
	info->mc_cpu_caps[MC_CAPS_STD_ECX] = r[2];
	cpuid(0x80000001, 0, r);
	info->mc_cpu_caps[MC_CAPS_AMD_EDX] = r[3];
	info->mc_cpu_caps[MC_CAPS_AMD_ECX] = r[2];
	info->mc_ncores = info->mc_ncores_active = cpu_count;
	info->mc_nthreads = 1;
}

/* Without a place for the list only their number is told. */
static enum status op_physcpuinfo(struct vcpu *v, struct xen_mc *mc)
{
	struct xen_mc_physcpuinfo *a = &mc->u.mc_physcpuinfo;
	struct mcinfo_logical_cpu info;
	uint32_t count = MIN(a->ncpus, cpu_count);
	enum status s = OK;

	if (!handle_address(a->info)) {
		a->ncpus = cpu_count;
		return OK;
	}
	cpu_describe(&info);
	for (uint32_t i = 0; s == OK && i < count; i++) {
		info.mc_cpunr = i;
		info.mc_coreid = (uint16_t)i;
		info.mc_apicid = cpu_table[i]->apic_id;
		s = guest_copy_out(v, handle_slot(a->info, i), &info, sizeof(info));
	}
	a->ncpus = count;
	return s;
}

/* There is no handler of machine checks in guests to notify. */
static enum status op_notifydomain(struct vcpu *v, struct xen_mc *mc)
{
	(void)v;
	mc->u.mc_notifydomain.flags = XEN_MC_CANNOTHANDLE;
	return OK;
}

/* Errors are not injected. */
static enum status op_inject(struct vcpu *v, struct xen_mc *mc)
{
	(void)v;
	(void)mc;
	return E_OPNOTSUPP;
}

static enum status (*const rows[])(struct vcpu *v, struct xen_mc *mc) = {
	[XEN_MC_fetch] = op_fetch,
	[XEN_MC_notifydomain] = op_notifydomain,
	[XEN_MC_physcpuinfo] = op_physcpuinfo,
	[XEN_MC_msrinject] = op_inject,
	[XEN_MC_mceinject] = op_inject,
	[XEN_MC_inject_v2] = op_inject,
};

/* args: address of the request. Copied in whole and, if all went well, out whole. */
long hypercall_mca(struct vcpu *v, struct hypercall *call)
{
	struct xen_mc mc;
	enum status s;

	if (!v->domain->privileged)
		return E_PERM;
	s = guest_copy_in(v, &mc, call->arg[0], sizeof(mc));
	if (s)
		return s;
	if (mc.interface_version != XEN_MCA_INTERFACE_VERSION)
		return E_ACCES;
	if (mc.cmd >= ARRAY_COUNT(rows) || !rows[mc.cmd])
		return E_INVAL;
	s = rows[mc.cmd](v, &mc);
	return s ? s : guest_copy_out(v, call->arg[0], &mc, sizeof(mc));
}
