/*
 * The fake machine's CPUs and clock: one thread plays all CPUs in turn by setting fake_cpu_id, and the time stands still
 * until a test moves it. Kicks and programmed deadlines are recorded. What would stop the machine jumps into the test.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <hyp/domain.h>
#include <hyp/fake.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>
#include <hyp/pool.h>

struct fake_cpu fake_cpus[CPUS_MAX];
_Thread_local unsigned int fake_cpu_id;
uint64_t fake_now_ns;
unsigned int fake_lock_waits, fake_preempt_in;
bool fake_lock_wait_is_fatal = true;
void (*fake_lock_wait_hook)(void);
jmp_buf *fake_shutdown_jump, *fake_panic_jump;
int fake_shutdown_reason = -1;
char fake_panic_text[256];

unsigned int arch_cpu_id(void) { return fake_cpu_id; }
uint64_t time_now(void) { return __atomic_load_n(&fake_now_ns, __ATOMIC_RELAXED); }
void arch_cpu_kick(unsigned int cpu) { (void)__atomic_fetch_add(&fake_cpus[cpu].kicks, 1, __ATOMIC_RELAXED); }
void arch_timer_kick(unsigned int cpu) { (void)__atomic_fetch_add(&fake_cpus[cpu].timer_kicks, 1, __ATOMIC_RELAXED); }

void arch_timer_program(uint64_t deadline_ns)
{
	fake_cpus[fake_cpu_id].timer_programs++;
	fake_cpus[fake_cpu_id].timer_deadline_ns = deadline_ns;
}

void arch_lock_wait(void)
{
	(void)__atomic_fetch_add(&fake_lock_waits, 1, __ATOMIC_RELAXED);
	if (fake_lock_wait_hook) {
		fake_lock_wait_hook();
		return;
	}
	if (fake_lock_wait_is_fatal)
		panic("a lock is taken twice, or out of order");
	(void)sched_yield();
}

bool arch_preempt_due(void)
{
	return fake_preempt_in && --fake_preempt_in == 0;
}

uint64_t arch_cpu_physical_id(unsigned int cpu)
{
	return (uint64_t)(cpu + 1) << 32 | cpu * 2;
}

void arch_machine_shutdown(uint8_t reason)
{
	fake_shutdown_reason = reason;
	if (fake_shutdown_jump)
		longjmp(*fake_shutdown_jump, 1);
	fprintf(stderr, "the machine was shut down, reason %d\n", reason);
	abort();
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(fake_panic_text, sizeof(fake_panic_text), format, args);
	va_end(args);
	if (fake_panic_jump)
		longjmp(*fake_panic_jump, 1);
	fprintf(stderr, "panic: %s\n", fake_panic_text);
	abort();
}

void fake_cpus_reset(unsigned int count)
{
	cpus_online = (struct cpuset){0};
	cpu_count = count;
	fake_cpu_id = 0;
	fake_now_ns = NANOSECONDS_PER_SECOND;
	fake_lock_waits = fake_preempt_in = 0;
	fake_shutdown_reason = -1;
	for (unsigned int cpu = 0; cpu < count; cpu++) {
		cpuset_add(&cpus_online, cpu);
		fake_cpus[cpu] = (struct fake_cpu){.timer_deadline_ns = UINT64_MAX};
		timer_queue_init(cpu);
		sched_init_cpu(cpu);
	}
	pools_init();
}
