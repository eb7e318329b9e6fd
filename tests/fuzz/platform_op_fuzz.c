/*
 * platform_op by domain 0 and by others, with any arguments: others reach nothing, the numbers that are handed on are in range,
 * and it ends with a status, or with the machine's end that was asked for.
 */
#include <fakes/machine_fuzz.h>

#include <arch/x86/pv/platform.c>

static struct cpu first_cpu, second_cpu;
struct cpu *cpu_table[CPUS_MAX] = {&first_cpu, &second_cpu};
unsigned int cpu_count = 2;
struct cpuset cpus_online = {.word = {1}};
static jmp_buf power_off;

void wallclock_set(uint64_t secs, uint32_t nsecs, uint64_t system_time)
{
	(void)secs;
	(void)system_time;
	CHECK(caller.privileged && nsecs < NANOSECONDS_PER_SECOND);
}

enum status firmware_info_get(struct vcpu *v, struct xenpf_firmware_info *info)
{
	(void)v;
	(void)info;
	return answer_to_domain_0();
}

uint64_t sched_idle_ns(unsigned int cpu)
{
	CHECK(caller.privileged && cpuset_has(&cpus_online, cpu));
	return 1000;
}

uint64_t time_now(void) { return 2000; }

struct symbol symbol_get(uint32_t i)
{
	CHECK(caller.privileged);
	return (struct symbol){.name = i < 8 ? "hypercall_platform_op" : NULL, .start = i};
}

void machine_power_off(uint16_t pm1a_value, uint16_t pm1b_value)
{
	(void)pm1a_value;
	(void)pm1b_value;
	CHECK(caller.privileged);
	longjmp(power_off, 1);
}

/* Mostly of the right version, and of an operation that there is. */
static void head_make(uint8_t how)
{
	struct xen_platform_op *op = (struct xen_platform_op *)guest_memory;

	op->interface_version = how % 16 ? XENPF_INTERFACE_VERSION : next8();
	op->cmd = how % 16 == 1 ? (uint32_t)next64() : next8() % 70;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	input = bytes;
	input_left = count;
	while (input_left) {
		uint8_t how = next8();
		struct hypercall call = {.arg = {how % 16 == 2 ? argument_word() : GUEST_START}};

		caller.privileged = how & 0x80;
		arguments_make();
		head_make(how);
		if (!setjmp(power_off)) {
			long result = hypercall_platform_op(&caller_vcpu, &call);

			CHECK(result <= OK && result != E_RESTART && (caller.privileged || result != OK));
		}
	}
	return 0;
}
