/*
 * sysctl on the CPUs as such: which features and policies there are, and what of power and cache management
 * (nothing).
 */
#include <hyp/control.h>
#include <hyp/cpu.h>
#include <hyp/guest.h>
#include <hyp/pv/cpu_policy.h>

#include "domctl.h"
#include "sysctl.h"

enum status sysctl_get_cpu_levelling_caps(struct vcpu *v, struct xen_sysctl *op)
{
	(void)v;
	op->u.cpu_levelling_caps.caps = arch_cpuid_levelling();
	return OK;
}

/* With a null pointer the caller asks for the length, whatever the index. */
enum status sysctl_get_cpu_featureset(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_featureset *f = &op->u.cpu_featureset;
	uint32_t room = MIN(f->nr_features, CPU_FEATURE_WORDS);
	uint32_t words[CPU_FEATURE_WORDS];
	const struct cpu_policy *policy;

	if (!handle_address(f->features)) {
		f->nr_features = CPU_FEATURE_WORDS;
		return OK;
	}
	if (f->index > XEN_SYSCTL_cpu_featureset_hvm_max)
		return E_INVAL;
	policy = cpu_featureset_numbered(cpu_policies_system(), f->index);
	if (!policy)
		return E_OPNOTSUPP;
	for (unsigned int i = 0; i < CPU_FEATURE_WORDS; i++)
		words[i] = cpu_policy_feature_word(policy, i);
	if (guest_copy_out(v, handle_address(f->features), words, room * sizeof(words[0])))
		return E_FAULT;
	f->nr_features = room;
	return room < CPU_FEATURE_WORDS ? E_NOBUFS : OK;
}

enum status sysctl_get_cpu_policy(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_policy *p = &op->u.cpu_policy;
	const struct cpu_policy *policy;
	enum status leaves, msrs;

	if (p->_rsvd || p->index > XEN_SYSCTL_cpu_policy_hvm_default)
		return E_INVAL;
	policy = cpu_policy_numbered(cpu_policies_system(), p->index);
	if (!policy)
		return E_OPNOTSUPP;
	leaves = control_policy_leaves_out(v, policy, handle_address(p->leaves), &p->nr_leaves);
	if (leaves && leaves != E_NOBUFS)
		return leaves;
	msrs = control_policy_msrs_out(v, policy, handle_address(p->msrs), &p->nr_msrs);
	return msrs ? msrs : leaves;
}

static bool cpu_is_online(uint32_t cpu)
{
	return cpu < cpu_count && cpuset_has(&cpus_online, cpu);
}

/* Frequencies and idle states are the firmware's: the hypervisor has no driver for either. */
enum status sysctl_get_pmstat(struct vcpu *v, struct xen_sysctl *op)
{
	(void)v;
	return cpu_is_online(op->u.get_pmstat.cpuid) ? E_NODEV : E_INVAL;
}

enum status sysctl_pm_op(struct vcpu *v, struct xen_sysctl *op)
{
	(void)v;
	return cpu_is_online(op->u.pm_op.cpuid) ? E_NODEV : E_INVAL;
}

/* Tools ask whether the monitoring of caches is on before they ask for more. */
enum status sysctl_psr_cmt_op(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_psr_cmt_op *p = &op->u.psr_cmt_op;

	(void)v;
	if (p->flags)
		return E_INVAL;
	if (p->cmd != XEN_SYSCTL_PSR_CMT_enabled)
		return E_NODEV;
	p->u.data = 0;
	return OK;
}
