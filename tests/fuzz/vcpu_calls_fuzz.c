/*
 * sched_op, vcpu_op, set_timer_op and console_io from the vCPUs of two domains on two CPUs, with arguments of any
 * kind: mostly plausible, so that calls get far, and sometimes raw. Guest memory fails and calls are interrupted where the input
 * says; time passes. After each call nobody holds a lock; at the end every domain dies, and no vCPU is left.
 */
#include <fakes/cpu_sim.h>
#include <fakes/fuzz_input.h>

#define ARG FAKE_GUEST_START
#define VCPUS 3u
#define ATTEMPTS_MAX 64u

static uint64_t number(void)
{
	uint8_t kind = next8();

	if (kind < 200)
		return kind % 24;
	if (kind < 230)
		return fake_now_ns + (int8_t)next8() * MS(1);
	return kind < 240 ? UINT64_C(1) << next8() % 64 : kind < 248 ? ~UINT64_C(0) : next64();
}

/* Mostly the arguments in guest memory. */
static uint64_t pointer(void)
{
	uint8_t kind = next8();

	return kind < 230 ? ARG + (kind < 200 ? 0 : kind) : kind < 240 ? FAKE_GUEST_END - 4 : kind < 245 ? 0 : next64();
}

static void arguments_fill(void)
{
	uint64_t *words = fake_guest(ARG);

	for (unsigned int i = 0; i < 12; i++)
		words[i] = i && next8() % 4 == 0 ? pointer() : number();
}

static void call_once(struct vcpu *v)
{
	static hypercall_function *const functions[] = {
		hypercall_sched_op, hypercall_vcpu_op, hypercall_set_timer_op, hypercall_console_io,
	};
	hypercall_function *function = functions[next8() % ARRAY_COUNT(functions)];
	struct hypercall call = {.arg = {number(), next8() % 4 ? number() : pointer(), pointer()}};

	/* sched_op has its arguments second. */
	if (function == hypercall_sched_op)
		call.arg[1] = pointer();
	(void)call_in_trouble(function, v, &call, ATTEMPTS_MAX);
}

/* One that runs, if there is one: only these call. */
static struct vcpu *caller_choose(void)
{
	unsigned int cpu = next8() % 2;

	return sim_runs[cpu] ? sim_runs[cpu] : sim_runs[!cpu];
}

static void locks_check(struct domain *const *domains)
{
	for (unsigned int i = 0; i < 2; i++)
		CHECK(!spin_is_locked(&domains[i]->lock));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	struct domain *domains[2];

	input = bytes;
	input_left = count;
	sim_start(2);
	log_set_level(LOG_FROM_GUESTS, (struct log_threshold){0, 0});
	for (unsigned int i = 0; i < 2; i++)
		domains[i] = sim_busy_domain((domid_t)i, VCPUS, 256);
	while (input_left) {
		struct vcpu *v;

		sim_run(next8() * US(50));
		v = caller_choose();
		if (!v)
			break;
		arguments_fill();
		call_once(v);
		sim_settle();
		locks_check(domains);
	}
	sim_end();
	return 0;
}
