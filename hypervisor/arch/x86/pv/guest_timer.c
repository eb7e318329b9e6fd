/*
 * A vCPU's own one-shot timer, as the entry in assembly sets it (fast_timer in entry/stub.S): what vcpu_op does with a time
 * that is not negative and no flags. All else is left to it (hypercall/vcpu_op.c).
 */
#include "pv.h"

bool pv_timer_set(uint64_t timeout_ns, uint32_t vcpu_id, uint32_t flags)
{
	struct vcpu *v = current_vcpu();

	if (vcpu_id != v->id || flags || (int64_t)timeout_ns < 0)
		return false;
	vcpu_singleshot_set(v, timeout_ns);
	return true;
}
