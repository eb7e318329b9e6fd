/*
 * vcpu_op (24): a domain brings its vCPUs up and down, sets their timers, and says where their records shall be.
 * See docs/hypercalls/vcpu_op.md.
 *
 * All operations name a vCPU of the caller's own domain; some are for the caller itself alone.
 */
#include <hyp/hypercall.h>

#include <hyp/domain.h>
#include <hyp/guest.h>

/* Longer times are mistakes. */
#define PERIOD_MAX_NS (UINT64_MAX >> 2)

struct vcpu_call {
	struct vcpu *caller;
	struct vcpu *target;
	vaddr_t args;
};

static enum status copy_args(const struct vcpu_call *c, void *to, size_t bytes)
{
	return guest_copy_in(c->caller, to, c->args, bytes);
}

/* One caller at a time: a second one would exchange the page tables of a vCPU that the first has started meanwhile. */
static long op_initialise(const struct vcpu_call *c)
{
	enum status status;

	/* Nowhere to see its events: it has to register a vcpu_info first. */
	if (!c->target->info)
		return E_INVAL;
	if (__atomic_exchange_n(&c->target->initialising, true, __ATOMIC_ACQUIRE))
		return E_RESTART;
	status = read_once(c->target->initialised) ? E_EXIST : arch_vcpu_initialise(c->target, c->caller, c->args);
	__atomic_store_n(&c->target->initialising, false, __ATOMIC_RELEASE);
	return status;
}

static long op_up(const struct vcpu_call *c)
{
	if (!read_once(c->target->initialised))
		return E_INVAL;
	vcpu_up(c->target);
	return 0;
}

static long op_down(const struct vcpu_call *c)
{
	vcpu_down(c->target);
	return 0;
}

static long op_is_up(const struct vcpu_call *c)
{
	return !(read_once(c->target->stop) & VCPU_DOWN);
}

static long op_get_runstate_info(const struct vcpu_call *c)
{
	struct vcpu_runstate_info info;

	vcpu_runstate_get(c->target, &info);
	return guest_copy_out(c->caller, c->args, &info, sizeof(info));
}

static long op_register_runstate_memory_area(const struct vcpu_call *c)
{
	struct vcpu_register_runstate_memory_area area;

	if (copy_args(c, &area, sizeof(area)))
		return E_FAULT;
	if (!arch_guest_range_is_valid(c->caller, area.addr.p, sizeof(struct vcpu_runstate_info)))
		return E_FAULT;
	write_once(c->target->runstate_area, area.addr.p);
	arch_runstate_update(c->target);
	return 0;
}

static long op_register_vcpu_time_memory_area(const struct vcpu_call *c)
{
	struct vcpu_register_time_memory_area area;

	if (copy_args(c, &area, sizeof(area)))
		return E_FAULT;
	if (!arch_guest_range_is_valid(c->caller, area.addr.p, sizeof(struct vcpu_time_info)))
		return E_FAULT;
	write_once(c->target->time_area, area.addr.p);
	arch_time_update(c->target);
	return 0;
}

static long op_set_periodic_timer(const struct vcpu_call *c)
{
	struct vcpu_set_periodic_timer set;

	if (copy_args(c, &set, sizeof(set)))
		return E_FAULT;
	if (set.period_ns < VCPU_PERIOD_MIN_NS || set.period_ns > PERIOD_MAX_NS)
		return E_INVAL;
	vcpu_periodic_set(c->target, set.period_ns);
	return 0;
}

static long op_stop_periodic_timer(const struct vcpu_call *c)
{
	vcpu_periodic_stop(c->target);
	return 0;
}

static long op_set_singleshot_timer(const struct vcpu_call *c)
{
	struct vcpu_set_singleshot_timer set;

	if (c->target != c->caller)
		return E_INVAL;
	if (copy_args(c, &set, sizeof(set)))
		return E_FAULT;
	/* Times are signed in the interface: the upper half is long ago. */
	if ((set.flags & VCPU_SSHOTTMR_future) && (int64_t)set.timeout_abs_ns < (int64_t)time_now())
		return E_TIME;
	vcpu_singleshot_set(c->target, (int64_t)set.timeout_abs_ns < 0 ? 0 : set.timeout_abs_ns);
	return 0;
}

static long op_stop_singleshot_timer(const struct vcpu_call *c)
{
	if (c->target != c->caller)
		return E_INVAL;
	vcpu_singleshot_stop(c->target);
	return 0;
}

static enum status vcpu_info_check(const struct vcpu_call *c, const struct vcpu_register_vcpu_info *info)
{
	/* Does it lie in one page, aligned as its words have to be for atomic access? */
	if (info->offset > PAGE_BYTES - sizeof(struct vcpu_info) || info->offset % sizeof(uint64_t))
		return E_INVAL;
	/* Has it been moved before? */
	if (c->target->info_page)
		return E_INVAL;
	/* Could the target be using the old one? */
	if (c->target == c->caller)
		return OK;
	if (!(read_once(c->target->stop) & VCPU_DOWN))
		return E_INVAL;
	/* It stops soon: its CPU, which knows the old place by its address, has been told. */
	return __atomic_load_n(&c->target->sched.running, __ATOMIC_ACQUIRE) ? E_RESTART : OK;
}

static long op_register_vcpu_info(const struct vcpu_call *c)
{
	struct vcpu_register_vcpu_info info;
	struct domain *d = c->target->domain;
	enum status status;

	if (copy_args(c, &info, sizeof(info)))
		return E_FAULT;
	spin_lock(&d->lock);
	status = vcpu_info_check(c, &info);
	if (status == OK)
		status = arch_vcpu_info_map(c->target, gfn(info.mfn), info.offset);
	if (status == OK)
		evtchn_vcpu_info_moved(c->target);
	spin_unlock(&d->lock);
	if (status != OK)
		return status;
	arch_time_update(c->target);
	vcpu_wake_from(c->target, VCPU_NO_INFO);
	return OK;
}

static long op_send_nmi(const struct vcpu_call *c)
{
	if (c->args)
		return E_INVAL;
	arch_vcpu_nmi(c->target);
	return 0;
}

/* For a privileged domain's vCPU that stays on one CPU: anybody else has no business with the machine's CPUs. */
static long op_get_physid(const struct vcpu_call *c)
{
	struct vcpu_get_physid id;

	if (!c->target->domain->privileged || cpuset_count(&c->target->sched.affinity_hard) != 1)
		return E_INVAL;
	id.phys_id = arch_cpu_physical_id(cpuset_next(&c->target->sched.affinity_hard, 0));
	return guest_copy_out(c->caller, c->args, &id, sizeof(id));
}

static long (*const operations[])(const struct vcpu_call *) = {
	[VCPUOP_initialise] = op_initialise,
	[VCPUOP_up] = op_up,
	[VCPUOP_down] = op_down,
	[VCPUOP_is_up] = op_is_up,
	[VCPUOP_get_runstate_info] = op_get_runstate_info,
	[VCPUOP_register_runstate_memory_area] = op_register_runstate_memory_area,
	[VCPUOP_set_periodic_timer] = op_set_periodic_timer,
	[VCPUOP_stop_periodic_timer] = op_stop_periodic_timer,
	[VCPUOP_set_singleshot_timer] = op_set_singleshot_timer,
	[VCPUOP_stop_singleshot_timer] = op_stop_singleshot_timer,
	[VCPUOP_register_vcpu_info] = op_register_vcpu_info,
	[VCPUOP_send_nmi] = op_send_nmi,
	[VCPUOP_get_physid] = op_get_physid,
	[VCPUOP_register_vcpu_time_memory_area] = op_register_vcpu_time_memory_area,
};

long hypercall_vcpu_op(struct vcpu *v, struct hypercall *call)
{
	uint32_t operation = (uint32_t)call->arg[0];
	const struct vcpu_call c = {
		.caller = v,
		.target = domain_vcpu(v->domain, (uint32_t)call->arg[1]),
		.args = call->arg[2],
	};

	if (!c.target)
		return E_NOENT;
	if (operation >= ARRAY_COUNT(operations))
		return E_NOSYS;
	return operations[operation](&c);
}
