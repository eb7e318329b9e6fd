#pragma once
/*
 * For fuzzers of hypercalls on the fake machine: a call whose guest memory fails and which is interrupted where the input says.
 */
#include <fakes/fuzz_bytes.h>
#include <hyp/domain.h>
#include <hyp/fake.h>
#include <hyp/fake_memory.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>

/* The most negative error number of the ABI that a call may answer. */
#define ERROR_LAST (-133)

/* Called again, up to `attempts_max` times, for as long as it wants to be. */
static inline long call_in_trouble(hypercall_function *function, struct vcpu *v, struct hypercall *call,
				   unsigned int attempts_max)
{
	long result = E_RESTART;

	for (unsigned int i = 0; i < attempts_max && result == E_RESTART; i++) {
		uint8_t trouble = next8();

		fake_preempt_in = trouble & 0xf;
		fake_guest_fail_at(trouble > 200 ? trouble >> 4 : 0);
		fake_cpu_id = v->sched.cpu;
		result = function(v, call);
	}
	fake_preempt_in = 0;
	fake_guest_fail_at(0);
	CHECK(result >= ERROR_LAST);
	return result;
}
