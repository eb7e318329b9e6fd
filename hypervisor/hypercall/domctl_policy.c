/*
 * domctl on what a domain sees of the CPU: its policy of CPUID and MSRs, and its time-stamp counter.
 *
 * A policy is passed as two lists. The caller's are put into a copy of what the domain has, entry by entry,
 * and the whole is checked and taken over at once. It changes only until the domain runs for the first time.
 */
#include <hyp/control.h>
#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/heap.h>
#include <hyp/pv/cpu_policy.h>

#include "domctl.h"

enum status control_policy_leaves_out(struct vcpu *v, const struct cpu_policy *p, vaddr_t to, uint32_t *count)
{
	uint32_t room = *count, written = 0;

	if (!to) {
		*count = CPU_POLICY_LIST_MAX;
		return OK;
	}
	for (unsigned int i = 0; i < CPU_POLICY_LIST_MAX; i++) {
		struct xen_cpuid_leaf leaf;

		if (!cpu_policy_list_leaf(p, i, &leaf))
			continue;
		if (written < room && guest_copy_out(v, to + written * sizeof(leaf), &leaf, sizeof(leaf)))
			return E_FAULT;
		written++;
	}
	*count = written;
	return written > room ? E_NOBUFS : OK;
}

enum status control_policy_msrs_out(struct vcpu *v, const struct cpu_policy *p, vaddr_t to, uint32_t *count)
{
	uint32_t room = *count, written = 0;

	if (!to) {
		*count = CPU_POLICY_MSRS;
		return OK;
	}
	for (unsigned int i = 0; i < CPU_POLICY_MSRS; i++) {
		struct xen_msr_entry msr;

		if (!cpu_policy_list_msr(p, i, &msr))
			continue;
		if (written < room && guest_copy_out(v, to + written * sizeof(msr), &msr, sizeof(msr)))
			return E_FAULT;
		written++;
	}
	*count = written;
	return written > room ? E_NOBUFS : OK;
}

enum status domctl_get_cpu_policy(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;
	const struct cpu_policy *policy = domain_policy(d);
	enum status leaves, msrs;

	leaves = control_policy_leaves_out(v, policy, handle_address(p->leaves), &p->nr_leaves);
	if (leaves && leaves != E_NOBUFS)
		return leaves;
	msrs = control_policy_msrs_out(v, policy, handle_address(p->msrs), &p->nr_msrs);
	return msrs ? msrs : leaves;
}

static enum status leaves_in(struct vcpu *v, const struct xen_domctl_cpu_policy *p, struct cpu_policy *candidate,
			     struct cpu_policy_error *error)
{
	for (uint32_t i = 0; i < p->nr_leaves; i++) {
		struct xen_cpuid_leaf leaf;
		enum status status;

		if (guest_copy_in(v, &leaf, handle_slot(p->leaves, i), sizeof(leaf)))
			return E_FAULT;
		status = cpu_policy_put_leaf(candidate, &leaf, error);
		if (status)
			return status;
	}
	return OK;
}

static enum status msrs_in(struct vcpu *v, const struct xen_domctl_cpu_policy *p, struct cpu_policy *candidate,
			   struct cpu_policy_error *error)
{
	for (uint32_t i = 0; i < p->nr_msrs; i++) {
		struct xen_msr_entry msr;
		enum status status;

		if (guest_copy_in(v, &msr, handle_slot(p->msrs, i), sizeof(msr)))
			return E_FAULT;
		status = cpu_policy_put_msr(candidate, &msr, error);
		if (status)
			return status;
	}
	return OK;
}

enum status domctl_set_cpu_policy(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;
	struct cpu_policy_error error = CPU_POLICY_NO_ERROR;
	struct cpu_policy *candidate;
	enum status status;

	p->err_leaf = error.leaf, p->err_subleaf = error.subleaf, p->err_msr = error.msr;
	if (d->control.has_run)
		return E_EXIST;
	if (p->nr_leaves > CPU_POLICY_LIST_MAX || p->nr_msrs > CPU_POLICY_MSRS)
		return E_TOOBIG;
	candidate = heap_alloc(sizeof(*candidate));
	if (!candidate)
		return E_NOMEM;
	*candidate = *domain_policy(d);
	status = leaves_in(v, p, candidate, &error);
	if (!status)
		status = msrs_in(v, p, candidate, &error);
	if (!status)
		status = domain_policy_set(d, candidate, &error);
	heap_free(candidate, sizeof(*candidate));
	p->err_leaf = error.leaf, p->err_subleaf = error.subleaf, p->err_msr = error.msr;
	return status;
}

enum status domctl_settscinfo(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v;
	return arch_tsc_info_set(d, &op->u.tsc_info);
}

enum status domctl_gettscinfo(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v;
	op->u.tsc_info = (struct xen_domctl_tsc_info){0};
	arch_tsc_info_get(d, &op->u.tsc_info);
	return OK;
}
