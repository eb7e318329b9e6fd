/*
 * Virtual CPUs: creation, and why one runs or does not.
 *
 * V1  A vCPU runs only while vcpu_is_runnable: no stop bit, no pause of its own or of its domain.
 * V2  Whoever changes one of these words tells the scheduler after it (sched_wake, sched_sleep), which looks at all of
 *     them again under its lock: no order of changes on several CPUs leaves a vCPU behind.
 * V3  Who goes to sleep sets the bit first and looks for a reason to stay awake afterwards; who brings a reason stores
 *     it first and looks at the bit afterwards. Both are full barriers, so one of them sees the other.
 */
#include <hyp/domain.h>
#include <hyp/heap.h>
#include <hyp/pool.h>

static void init_fields(struct vcpu *v, struct domain *d, unsigned int id)
{
	v->domain = d;
	v->id = id;
	v->stop = VCPU_DOWN | (id < XEN_LEGACY_MAX_VCPUS ? 0 : VCPU_NO_INFO);
	spin_init(&v->runstate_lock);
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = time_now();
	if (id < XEN_LEGACY_MAX_VCPUS)
		v->info = &d->shared_info->vcpu_info[id];
	sched_vcpu_init(v);
	vcpu_timers_init(v);
}

static enum status publish(struct vcpu *v) EXCLUDES(v->domain->lock)
{
	struct domain *d = v->domain;
	enum status status = OK;

	spin_lock(&d->lock);
	if (d->state != DOMAIN_ALIVE)
		status = E_INVAL;
	else if (d->vcpu[v->id])
		status = E_EXIST;
	else
		__atomic_store_n(&d->vcpu[v->id], v, __ATOMIC_RELEASE);
	spin_unlock(&d->lock);
	return status;
}

enum status vcpu_create(struct domain *d, unsigned int id, struct vcpu **out)
{
	struct vcpu *v;
	enum status status;

	if (id >= d->vcpu_max)
		return E_INVAL;
	if (domain_vcpu(d, id))
		return E_EXIST;
	v = heap_alloc(sizeof(*v));
	if (!v)
		return E_NOMEM;
	init_fields(v, d, id);
	status = arch_vcpu_create(v);
	if (status != OK)
		goto err_free;
	status = publish(v);
	if (status != OK)
		goto err_arch;
	pool_confine(v);
	*out = v;
	return OK;

err_arch:
	arch_vcpu_destroy(v);
err_free:
	sched_vcpu_fini(v);
	heap_free(v, sizeof(*v));
	return status;
}

void vcpu_destroy(struct vcpu *v)
{
	sched_vcpu_fini(v);
	arch_vcpu_destroy(v);
	heap_free(v, sizeof(*v));
}

void vcpu_pause(struct vcpu *v)
{
	(void)__atomic_fetch_add(&v->pause_count, 1, __ATOMIC_SEQ_CST);
	sched_sleep(v);
}

void vcpu_unpause(struct vcpu *v)
{
	if (__atomic_sub_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST) == 0)
		sched_wake(v);
}

/* Both return what was set before. Who polls is counted before its bit is set, and until after it is clear: where the count is 0
   nobody polls. */
static uint32_t stop_set(struct vcpu *v, uint32_t stop_bits)
{
	uint32_t old;

	if (stop_bits & VCPU_POLLING)
		(void)__atomic_fetch_add(&v->domain->polling, 1, __ATOMIC_SEQ_CST);
	old = __atomic_fetch_or(&v->stop, stop_bits, __ATOMIC_SEQ_CST);
	if (stop_bits & old & VCPU_POLLING)
		(void)__atomic_fetch_sub(&v->domain->polling, 1, __ATOMIC_SEQ_CST);
	return old;
}
static uint32_t stop_clear(struct vcpu *v, uint32_t stop_bits)
{
	uint32_t old = __atomic_fetch_and(&v->stop, ~stop_bits, __ATOMIC_SEQ_CST);

	if (stop_bits & old & VCPU_POLLING)
		(void)__atomic_fetch_sub(&v->domain->polling, 1, __ATOMIC_SEQ_CST);
	return old;
}

void vcpu_stop_for(struct vcpu *v, uint32_t stop_bits)
{
	if ((stop_set(v, stop_bits) & stop_bits) != stop_bits)
		sched_sleep(v);
}

void vcpu_wake_from(struct vcpu *v, uint32_t stop_bits)
{
	if (stop_clear(v, stop_bits) & stop_bits)
		sched_wake(v);
}

void vcpu_poll_begin(struct vcpu *v) { (void)stop_set(v, VCPU_POLLING); }

void vcpu_poll_end(struct vcpu *v) { (void)stop_clear(v, VCPU_POLLING); }

/* An event ends a poll too, whether or not it is one of the ports: the guest looks for itself. */
void vcpu_kick(struct vcpu *v)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (read_once(v->stop) & (VCPU_BLOCKED | VCPU_POLLING))
		vcpu_wake_from(v, VCPU_BLOCKED | VCPU_POLLING);
	/* If it begins to run just now, it looks for events on its way in. */
	if (read_once(v->sched.running) && read_once(v->sched.cpu) != arch_cpu_id())
		arch_cpu_kick(read_once(v->sched.cpu));
}

void vcpu_block(struct vcpu *v)
{
	if (v->info)
		write_once(v->info->evtchn_upcall_mask, 0);
	(void)__atomic_fetch_or(&v->stop, VCPU_BLOCKED, __ATOMIC_SEQ_CST);
	if (vcpu_must_not_sleep(v))
		(void)__atomic_fetch_and(&v->stop, ~VCPU_BLOCKED, __ATOMIC_SEQ_CST);
	else
		sched_sleep(v);
}

void vcpu_up(struct vcpu *v)
{
	vcpu_wake_from(v, VCPU_DOWN);
}

static bool is_last_up(const struct vcpu *v)
{
	const struct domain *d = v->domain;

	for (unsigned int i = 0; i < d->vcpu_max; i++) {
		const struct vcpu *other = domain_vcpu(d, i);

		if (other && other != v && !(read_once(other->stop) & VCPU_DOWN))
			return false;
	}
	return true;
}

void vcpu_down(struct vcpu *v)
{
	if (is_last_up(v))
		domain_shutdown(v->domain, SHUTDOWN_poweroff);
	else
		vcpu_stop_for(v, VCPU_DOWN);
}
