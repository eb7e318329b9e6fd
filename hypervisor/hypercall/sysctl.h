#pragma once
/* Between the files of sysctl. */
#include <hyp/abi.h>
#include <hyp/types.h>

struct vcpu;

/* One command. `op` is a copy of the caller's; what the row says of it goes back. */
typedef enum status sysctl_function(struct vcpu *v, struct xen_sysctl *op);

sysctl_function sysctl_readconsole, sysctl_debug_keys;
sysctl_function sysctl_physinfo, sysctl_getcpuinfo, sysctl_availheap, sysctl_cputopoinfo, sysctl_numainfo,
	sysctl_pcitopoinfo;
sysctl_function sysctl_getdomaininfolist;
sysctl_function sysctl_sched_id, sysctl_scheduler_op, sysctl_cpupool_op;
sysctl_function sysctl_get_pmstat, sysctl_pm_op, sysctl_psr_cmt_op;
sysctl_function sysctl_get_cpu_levelling_caps, sysctl_get_cpu_featureset, sysctl_get_cpu_policy;
