/*
 * set_timer_op (15): the calling vCPU's one-shot timer, by an absolute time alone. 0 stops it.
 *
 * Some kernels compute deadlines far in the future, or beyond what a signed time holds, when they mean "soon": such a
 * deadline is replaced by one a tenth of a second from now.
 */
#include <hyp/hypercall.h>

#include <hyp/domain.h>

#define FAR_NS (UINT64_C(1) << 50)
#define INSTEAD_NS (NANOSECONDS_PER_SECOND / 10)

long hypercall_set_timer_op(struct vcpu *v, struct hypercall *call)
{
	uint64_t deadline_ns = call->arg[0], now_ns = time_now();

	if (!deadline_ns) {
		vcpu_singleshot_stop(v);
		return 0;
	}
	if (deadline_ns > INT64_MAX || (deadline_ns > now_ns && deadline_ns - now_ns >= FAR_NS))
		deadline_ns = now_ns + INSTEAD_NS;
	vcpu_singleshot_set(v, deadline_ns);
	return 0;
}
