/*
 * sysctl (35): a control domain looks at the machine, and sets what concerns all domains. See
 * docs/hypercalls/sysctl.md.
 *
 * One row per command. All are the control domain's, and the right is asked before anything else but the
 * version of the interface. There is no lock: what a command reads or sets is one thing under its own
 * module's lock, so nobody can hold others up here. No command is restarted; each ends after a bounded number
 * of steps.
 */
#include <hyp/hypercall.h>

#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/log.h>

#include "sysctl.h"

enum reply { REPLY_NONE, REPLY_ON_SUCCESS, REPLY_ALWAYS };

struct row {
	const char *name;
	sysctl_function *function; /* NULL: not offered, the answer is always `refusal` */
	enum status refusal;
	enum reply reply;
	uint16_t bytes; /* how much of `u` goes back */
};

#define BYTES(member) sizeof(((struct xen_sysctl *)NULL)->u.member)
#define ROW(command, ...) [XEN_SYSCTL_##command] = {.name = #command, .function = sysctl_##command, __VA_ARGS__}
#define REFUSED(command, status) [XEN_SYSCTL_##command] = {.name = #command, .refusal = status}

static const struct row rows[] = {
	ROW(readconsole, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(readconsole)),
	REFUSED(tbuf_op, E_NOSYS),
	ROW(physinfo, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(physinfo)),
	ROW(sched_id, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(sched_id)),
	REFUSED(perfc_op, E_NOSYS),
	ROW(getdomaininfolist, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(getdomaininfolist)),
	ROW(debug_keys),
	ROW(getcpuinfo, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(getcpuinfo)),
	ROW(availheap, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(availheap)),
	ROW(get_pmstat),
	REFUSED(cpu_hotplug, E_OPNOTSUPP),
	ROW(pm_op),
	REFUSED(page_offline_op, E_OPNOTSUPP),
	REFUSED(lockprof_op, E_NOSYS),
	ROW(cputopoinfo, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(cputopoinfo)),
	ROW(numainfo, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(numainfo)),
	ROW(cpupool_op, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(cpupool_op)),
	ROW(scheduler_op, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(scheduler_op)),
	REFUSED(coverage_op, E_OPNOTSUPP),
	ROW(psr_cmt_op, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(psr_cmt_op)),
	ROW(pcitopoinfo, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(pcitopoinfo)),
	REFUSED(psr_alloc, E_NODEV),
	ROW(get_cpu_levelling_caps, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(cpu_levelling_caps)),
	ROW(get_cpu_featureset, .reply = REPLY_ALWAYS, .bytes = BYTES(cpu_featureset)),
	REFUSED(livepatch_op, E_NOSYS),
	ROW(get_cpu_policy, .reply = REPLY_ALWAYS, .bytes = BYTES(cpu_policy)),
};

static const struct row *row_find(uint32_t command)
{
	return command < ARRAY_COUNT(rows) && rows[command].name ? &rows[command] : NULL;
}

long hypercall_sysctl(struct vcpu *v, struct hypercall *call)
{
	const struct row *row;
	struct xen_sysctl op;
	enum status status;

	if (guest_copy_in(v, &op, call->arg[0], sizeof(op)))
		return E_FAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return E_ACCES;
	if (!v->domain->privileged)
		return E_PERM;
	row = row_find(op.cmd);
	if (!row)
		return E_NOSYS;
	if (!row->function)
		return row->refusal;

	status = row->function(v, &op);
	if (status)
		log_debug("sysctl %s: %d", row->name, status);
	if (row->reply == REPLY_ALWAYS || (row->reply == REPLY_ON_SUCCESS && !status))
		if (guest_copy_out(v, call->arg[0], &op, offsetof(struct xen_sysctl, u) + row->bytes))
			return E_FAULT;
	return status;
}
