/*
 * multicall with lists of any kind, of xen_version, set_timer_op, a call that takes long, numbers that are unknown, itself and
 * iret: interrupted, and with guest memory that fails, where the input says. No list is executed beyond its length, beyond
 * an iret or in a list; nothing but what the calls answer is written.
 */
#include <fakes/cpu_sim.h>
#include <fakes/fuzz_input.h>

#include <hyp/version.h>

#define LIST FAKE_GUEST_START
#define REPLY (FAKE_GUEST_START + 0x1000)
#define ENTRIES_MAX 12u
#define ATTEMPTS_MAX 64u

const char hospes_changeset[] = "a changeset that is longer than what it is copied to, as a whole, which is 64 bytes",
	   hospes_compiler[] = "compiler", hospes_date[] = "date";
char hospes_command_line[1024] = "console=com1";
static unsigned int executed, interrupted; /* elements, and those of them that are to be executed again */
static bool has_left;			   /* by iret */
static uint64_t steps;			   /* of the call that takes long */

const uint8_t *hospes_build_id(uint32_t *bytes)
{
	static const uint8_t id[20] = "0123456789012345678";

	*bytes = next8() % 8 ? sizeof(id) : 0;
	return id;
}

static long iret(struct vcpu *v, struct hypercall *call)
{
	(void)v;
	(void)call;
	has_left = true;
	return 5;
}

/* Does arg[0] steps, of which there may be many, and stops where it is told to. */
static long long_call(struct vcpu *v, struct hypercall *call)
{
	(void)v;
	while (call->arg[0]) {
		call->arg[0]--;
		steps++;
		if (call->arg[0] && arch_preempt_due())
			return E_RESTART;
	}
	return OK;
}

/* Stands for the machine's, which has more. */
long hypercall_dispatch(struct vcpu *v, struct hypercall *call)
{
	static hypercall_function *const table[] = {
		[__HYPERVISOR_xen_version] = hypercall_xen_version,
		[__HYPERVISOR_memory_op] = long_call,
		[__HYPERVISOR_set_timer_op] = hypercall_set_timer_op,
		[__HYPERVISOR_iret] = iret,
	};
	long result;

	CHECK(call->number != __HYPERVISOR_multicall && !has_left);
	if (call->number >= ARRAY_COUNT(table) || !table[call->number])
		result = E_NOSYS;
	else
		result = table[call->number](v, call);
	executed++;
	interrupted += result == E_RESTART;
	return result;
}

static uint64_t argument(void)
{
	uint8_t kind = next8();

	if (kind < 100)
		return kind % 14;
	return kind < 220 ? REPLY : kind < 235 ? FAKE_GUEST_END - kind % 16 : kind < 245 ? 0 : next64();
}

static struct multicall_entry entry_make(void)
{
	static const uint64_t numbers[] = {
		__HYPERVISOR_xen_version, __HYPERVISOR_xen_version, __HYPERVISOR_xen_version, __HYPERVISOR_memory_op,
		__HYPERVISOR_set_timer_op, __HYPERVISOR_multicall, __HYPERVISOR_iret,
	};
	struct multicall_entry e = {0};
	uint8_t kind = next8();

	e.op = kind < 240 ? numbers[kind % ARRAY_COUNT(numbers)] : next64();
	/* All of them take an operation, or little, first and an address second. */
	e.args[0] = next8() % 16 || e.op == __HYPERVISOR_memory_op ? next8() % 14 : next64();
	e.args[1] = argument();
	e.result = 0xabad1dea;
	return e;
}

static void list_call(struct vcpu *v)
{
	unsigned int filled = next8() % ENTRIES_MAX;
	uint64_t steps_wanted = 0;
	uint64_t at = next8() % 16 ? LIST : argument();
	uint64_t count = next8() % 16 ? filled : next64();
	struct hypercall call = {.arg = {at, count}};

	memset(fake_guest(LIST), 0, 0x2000);
	for (unsigned int i = 0; i < filled; i++) {
		struct multicall_entry e = entry_make();

		((struct multicall_entry *)fake_guest(LIST))[i] = e;
		steps_wanted += e.op == __HYPERVISOR_memory_op ? e.args[0] : 0;
	}
	executed = interrupted = 0;
	steps = 0;
	has_left = false;
	(void)call_in_trouble(hypercall_multicall, v, &call, ATTEMPTS_MAX);
	CHECK(executed - interrupted <= (uint32_t)count);
	/* A call that goes on does no step again; a list that lies elsewhere, or that is written to, may hold anything. */
	CHECK(at != LIST || count != filled || steps <= steps_wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	struct domain *domains[2];

	input = bytes;
	input_left = count;
	sim_start(1);
	log_set_level(LOG_FROM_GUESTS, (struct log_threshold){0, 0});
	for (unsigned int i = 0; i < 2; i++)
		domains[i] = sim_busy_domain((domid_t)i, 1, 256);
	while (input_left) {
		sim_run(next8() * US(50));
		if (!sim_runs[0])
			break;
		list_call(sim_runs[0]);
		sim_settle();
		for (unsigned int i = 0; i < 2; i++)
			CHECK(!spin_is_locked(&domains[i]->lock));
	}
	sim_end();
	return 0;
}
