/*
 * domctl (36): a control domain makes, changes, looks at and ends domains. See docs/hypercalls/domctl.md.
 *
 * One row per command. What happens before the command's function does is the same for all, in this order:
 * copy in, the version of the interface, the caller's right, the command, the lock, the domain, what the row
 * asks of the domain. All commands are the control domain's: the right is asked before anything is looked up,
 * so that nobody else learns which domains there are or ever gets near the lock.
 *
 * C1  domctl_lock is tried, never waited for: a caller that finds it taken executes its call again. A CPU
 *     that waited could not take its own vCPU off, which the holder may be waiting for to stop.
 * C2  A row without a lock changes nothing that another command reads in more than one step.
 * C3  d->control.holds_stop is true while one pause of d belongs to this file. It is taken by the first
 *     attempt at a command that needs d stopped, kept while the command is restarted, and given back by the
 *     attempt that ends it, whoever's that is: so each pause is undone once, also if two callers take turns.
 *     unpausedomain gives it back too: a caller that changed its mind between two attempts leaves one, and
 *     a command that still waits takes another.
 * C4  Domains die with domctl_lock held (destroydomain), step by step. So a row that needs a living domain
 *     finds it alive until its function returns.
 *
 * Lock order: domctl_lock is taken before any other lock, and dropped before the reference to the domain.
 */
#include <hyp/hypercall.h>

#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/log.h>

#include "domctl.h"

/* What a command needs. None of them: the lock, and a living domain, which may be the caller's. */
enum need {
	UNLOCKED = 1,  /* no lock (C2) */
	NO_DOMAIN = 2, /* finds its domain itself, or makes it */
	DYING_TOO = 4, /* the domain may be dying */
	OTHER = 8,     /* the domain is not the caller's */
	STOPPED = 16,  /* none of its vCPUs runs; implies OTHER */
};

/* What goes back to the caller. */
enum reply { REPLY_NONE, REPLY_ON_SUCCESS, REPLY_ALWAYS };

struct row {
	const char *name;
	domctl_function *function; /* NULL: not offered, the answer is always `refusal` */
	enum status refusal;
	unsigned int needs;
	enum reply reply;
	uint16_t bytes; /* how much of `u` goes back */
	bool is_restartable;
};

#define BYTES(member) sizeof(((struct xen_domctl *)NULL)->u.member)
#define ROW(command, ...) [XEN_DOMCTL_##command] = {.name = #command, .function = domctl_##command, __VA_ARGS__}
#define REFUSED(command, status) [XEN_DOMCTL_##command] = {.name = #command, .refusal = status}

static const struct row rows[] = {
	ROW(createdomain, .needs = NO_DOMAIN, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(createdomain)),
	ROW(destroydomain, .needs = OTHER | DYING_TOO, .is_restartable = true),
	ROW(pausedomain, .needs = STOPPED | DYING_TOO),
	ROW(unpausedomain, .needs = DYING_TOO),
	ROW(getdomaininfo, .needs = NO_DOMAIN | UNLOCKED, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(getdomaininfo)),
	ROW(setvcpuaffinity),
	ROW(shadow_op, .needs = OTHER),
	ROW(max_mem),
	ROW(setvcpucontext, .needs = STOPPED, .is_restartable = true),
	ROW(getvcpucontext, .needs = STOPPED),
	ROW(getvcpuinfo, .needs = UNLOCKED | DYING_TOO, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(getvcpuinfo)),
	ROW(max_vcpus, .needs = OTHER, .is_restartable = true),
	ROW(scheduler_op, .needs = DYING_TOO, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(scheduler_op)),
	ROW(setdomainhandle),
	ROW(setdebugging, .needs = OTHER),
	ROW(irq_permission),
	ROW(iomem_permission),
	ROW(ioport_permission),
	ROW(hypercall_init),
	ROW(settimeoffset),
	ROW(getvcpuaffinity, .needs = UNLOCKED | DYING_TOO),
	ROW(resumedomain, .needs = OTHER),
	ROW(sendtrigger),
	ROW(subscribe),
	REFUSED(gethvmcontext, E_INVAL),
	REFUSED(sethvmcontext, E_INVAL),
	ROW(set_address_size),
	ROW(get_address_size, .needs = UNLOCKED, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(address_size)),
	REFUSED(assign_device, E_OPNOTSUPP),
	REFUSED(bind_pt_irq, E_INVAL),
	ROW(memory_mapping),
	REFUSED(ioport_mapping, E_OPNOTSUPP),
	ROW(set_ext_vcpucontext, .needs = STOPPED),
	ROW(get_ext_vcpucontext, .needs = STOPPED, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(ext_vcpucontext)),
	REFUSED(test_assign_device, E_OPNOTSUPP),
	REFUSED(set_target, E_OPNOTSUPP),
	REFUSED(deassign_device, E_OPNOTSUPP),
	REFUSED(unbind_pt_irq, E_INVAL),
	REFUSED(get_device_group, E_OPNOTSUPP),
	REFUSED(debug_op, E_INVAL),
	REFUSED(gethvmcontext_partial, E_INVAL),
	REFUSED(vm_event_op, E_OPNOTSUPP),
	REFUSED(mem_sharing_op, E_OPNOTSUPP),
	ROW(gettscinfo, .needs = STOPPED, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(tsc_info)),
	ROW(settscinfo, .needs = STOPPED),
	ROW(getpageframeinfo3, .needs = UNLOCKED),
	ROW(setvcpuextstate, .needs = STOPPED),
	ROW(getvcpuextstate, .needs = STOPPED, .reply = REPLY_ON_SUCCESS, .bytes = BYTES(vcpuextstate)),
	REFUSED(set_access_required, E_OPNOTSUPP),
	REFUSED(audit_p2m, E_NOSYS),
	ROW(set_virq_handler),
	REFUSED(set_broken_page_p2m, E_OPNOTSUPP),
	ROW(setnodeaffinity),
	ROW(getnodeaffinity, .needs = UNLOCKED | DYING_TOO),
	ROW(get_vcpu_msrs, .needs = STOPPED, .reply = REPLY_ALWAYS, .bytes = BYTES(vcpu_msrs)),
	ROW(set_vcpu_msrs, .needs = STOPPED, .reply = REPLY_ALWAYS, .bytes = BYTES(vcpu_msrs)),
	REFUSED(setvnumainfo, E_OPNOTSUPP),
	REFUSED(psr_cmt_op, E_NODEV),
	REFUSED(monitor_op, E_OPNOTSUPP),
	REFUSED(psr_alloc, E_NODEV),
	REFUSED(soft_reset, E_INVAL),
	ROW(get_cpu_policy, .reply = REPLY_ALWAYS, .bytes = BYTES(cpu_policy)),
	ROW(set_cpu_policy, .needs = STOPPED, .reply = REPLY_ALWAYS, .bytes = BYTES(cpu_policy)),
	REFUSED(vmtrace_op, E_INVAL),
	REFUSED(get_paging_mempool_size, E_OPNOTSUPP),
	REFUSED(set_paging_mempool_size, E_OPNOTSUPP),
};

static struct spinlock domctl_lock = SPINLOCK_INIT;

static const struct row *row_find(uint32_t command)
{
	return command < ARRAY_COUNT(rows) && rows[command].name ? &rows[command] : NULL;
}

/* C3. The pause is in force from the first attempt on, so that each further one finds fewer vCPUs running. */
static enum status run_stopped(const struct row *row, struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	enum status status;

	if (!d->control.holds_stop) {
		d->control.holds_stop = true;
		domain_pause(d);
	}
	if (!domain_is_stopped(d))
		return E_RESTART;
	status = row->function(v, d, op);
	if (status == E_RESTART)
		return status;
	d->control.holds_stop = false;
	domain_unpause(d);
	return status;
}

static enum status run_on_domain(const struct row *row, struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	/* Is it a domain that still lives? (C4, but for rows that only look.) */
	if (!(row->needs & DYING_TOO) && read_once(d->state) != DOMAIN_ALIVE)
		return E_SRCH;
	/* Would the caller do it to itself? */
	if (row->needs & (OTHER | STOPPED) && d == v->domain)
		return E_INVAL;
	if (row->needs & STOPPED)
		return run_stopped(row, v, d, op);
	return row->function(v, d, op);
}

static enum status run_locked(const struct row *row, struct vcpu *v, struct domain *d, struct xen_domctl *op)
	NO_LOCK_CHECK
{
	enum status status;

	if (!(row->needs & UNLOCKED) && !spin_trylock(&domctl_lock))
		return E_RESTART;
	status = d ? run_on_domain(row, v, d, op) : row->function(v, NULL, op);
	if (!(row->needs & UNLOCKED))
		spin_unlock(&domctl_lock);
	CHECK(status != E_RESTART || row->is_restartable || row->needs & STOPPED);
	return status;
}

/* What is not offered is not offered for a domain that exists; the reserved numbers mean something in some of the commands. */
static enum status refuse(const struct row *row, domid_t id)
{
	struct domain *d = id < DOMID_FIRST_RESERVED ? domain_find(id) : NULL;

	if (d)
		domain_put(d);
	return d || id >= DOMID_FIRST_RESERVED ? row->refusal : E_SRCH;
}

static enum status run(const struct row *row, struct vcpu *v, struct xen_domctl *op)
{
	enum status status;
	struct domain *d;

	if (row->needs & NO_DOMAIN)
		return run_locked(row, v, NULL, op);
	d = domain_find(op->domain);
	if (!d)
		return E_SRCH;
	status = run_locked(row, v, d, op);
	domain_put(d);
	return status;
}

long hypercall_domctl(struct vcpu *v, struct hypercall *call)
{
	const struct row *row;
	struct xen_domctl op;
	enum status status;

	if (guest_copy_in(v, &op, call->arg[0], sizeof(op)))
		return E_FAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return E_ACCES;
	if (!v->domain->privileged)
		return E_PERM;
	row = row_find(op.cmd);
	if (!row)
		return E_NOSYS;
	if (!row->function)
		return refuse(row, op.domain);

	status = run(row, v, &op);
	if (status == E_RESTART)
		return status;
	if (status)
		log_debug("domctl %s, domain %u: %d", row->name, op.domain, status);
	if (row->reply == REPLY_ALWAYS || (row->reply == REPLY_ON_SUCCESS && !status))
		if (guest_copy_out(v, call->arg[0], &op, offsetof(struct xen_domctl, u) + row->bytes))
			return E_FAULT;
	return status;
}
