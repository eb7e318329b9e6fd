/*
 * The CPUs of the machine: their stacks and data, their start, and what they ask of each other.
 *
 * Others are asked by interrupt and answer on their way through the hypervisor. A CPU that waits (for a lock, for a
 * flush) has interrupts off, so it looks for flush requests itself: arch_lock_wait() and the waiting loop here answer
 * them. A flush takes no lock, so no cycle of waiting is possible.
 */
#include "cpu.h"
#include "irq.h"
#include "ops.h"
#include "paging.h"
#include "pv/cpuid.h"
#include "switch.h"
#include "time.h"
#include "tlb.h"
#include "traps.h"
#include <hyp/drivers/lapic.h>
#include <hyp/heap.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/sched.h>
#include <hyp/string.h>
#include <hyp/timer.h>

struct cpu *cpu_table[CPUS_MAX];

uint64_t arch_cpu_physical_id(unsigned int cpu)
{
	return cpu_table[cpu]->apic_id | (uint64_t)cpu_table[cpu]->acpi_id << 32;
}

/* Flushes ------------------------------------------------------------------------------------------------------ */

/* The count of requests is read before the flush, so one that comes during it is answered by another flush. */
void tlb_flush_answer(void)
{
	struct cpu *c = this_cpu();
	uint32_t asked = __atomic_load_n(&c->flush_asked, __ATOMIC_ACQUIRE);

	if (c->flush_answered == asked)
		return;
	if (unlikely(read_once(c->caches_wanted))) {
		/* First: who asks from here on asks for the next answer. */
		write_once(c->caches_wanted, false);
		wbinvd();
	}
	tlb_flush_local();
	__atomic_store_n(&c->flush_answered, asked, __ATOMIC_RELEASE);
}

void arch_lock_wait(void)
{
	io_pause();
	tlb_flush_answer();
}

/* Nobody asks a second time: who asks waits for the answer, or has noted that he asked. */
static void interrupt_send(const struct cpu *c, uint8_t vector)
{
	if (lapic_send_vector(c->apic_id, vector))
		panic("the local APIC of this CPU does not send its interrupts: CPU %u is not reached", c->id);
}

void arch_tlb_flush(const struct cpuset *cpus)
{
	struct cpu *self = this_cpu();
	struct cpuset asked = {{0}};
	uint32_t ticket[CPUS_MAX];

	cpuset_for_each(cpu, cpus)
	{
		struct cpu *c = cpu_table[cpu];

		if (c == self || !read_once(c->started))
			continue;
		cpuset_add(&asked, cpu);
		ticket[cpu] = __atomic_add_fetch(&c->flush_asked, 1, __ATOMIC_SEQ_CST);
		interrupt_send(c, VECTOR_FLUSH);
	}
	if (cpuset_has(cpus, self->id))
		tlb_flush_local();
	cpuset_for_each(cpu, &asked)
	{
		struct cpu *c = cpu_table[cpu];

		while ((int32_t)(__atomic_load_n(&c->flush_answered, __ATOMIC_ACQUIRE) - ticket[cpu]) < 0)
			arch_lock_wait();
	}
}

/* The others do it with a flush that they are asked for, since they answer that whatever they are about. */
void caches_write_back(void)
{
	const struct cpu *self = this_cpu();
	struct cpuset others = cpus_online;

	cpuset_remove(&others, self->id);
	cpuset_for_each(cpu, &others)
		__atomic_store_n(&cpu_table[cpu]->caches_wanted, true, __ATOMIC_SEQ_CST);
	wbinvd();
	arch_tlb_flush(&others);
}

/* Kicks -------------------------------------------------------------------------------------------------------- */

void arch_cpu_kick(unsigned int cpu)
{
	struct cpu *c = cpu_table[cpu];

	/* This CPU looks for work before it returns to a guest. */
	if (c == this_cpu())
		c->work = true;
	if (c == this_cpu() || !c->started)
		return;
	if (!__atomic_exchange_n(&c->kick_pending, 1, __ATOMIC_SEQ_CST))
		interrupt_send(c, VECTOR_KICK);
}

/* Not to all but this one: what a CPU that was never started does with an NMI is the firmware's, whose tables may be gone. */
void smp_stop_others(void)
{
	for (unsigned int i = 0; i < cpu_count; i++) {
		struct cpu *c = cpu_table[i];

		if (!c || c == this_cpu() || !read_once(c->started))
			continue;
		c->stop_requested = true;
		(void)lapic_send_nmi(c->apic_id);
	}
}

/* Start -------------------------------------------------------------------------------------------------------- */

static void stack_map(unsigned int id)
{
	vaddr_t at = STACKS_START + (uint64_t)id * STACK_BYTES;

	for (unsigned int page = 0; page < STACK_BYTES / PAGE_BYTES; page++) {
		void *memory;

		if (page == STACK_GUARD_PAGE)
			continue;
		memory = hv_page_alloc();
		if (!memory)
			panic("no memory for CPU %u's stack", id);
		hyp_map_page(at + page * PAGE_BYTES, arch_virt_to_mfn(memory), HYP_RW);
	}
}

struct cpu *cpu_create(unsigned int id, uint32_t apic_id, uint32_t acpi_id)
{
	struct cpu *c = heap_alloc(sizeof(*c));

	if (!c)
		panic("no memory for CPU %u", id);
	c->id = id;
	c->apic_id = apic_id;
	c->acpi_id = acpi_id;
	c->preempt_deadline = UINT64_MAX;
	stack_map(id);
	cpu_info_of(id)->cpu = c;
	descriptors_init_cpu(c);
	timer_queue_init(id);
	sched_init_cpu(id);
	cpu_table[id] = c;
	cpu_count = MAX(cpu_count, id + 1);
	return c;
}

/* What the trampoline (entry/ap_start.S) reads; at the end of its page. */
struct ap_start {
	uint64_t root;	/* below 4 GiB */
	uint64_t stack; /* = its guest_regs */
	uint64_t entry;
	uint64_t nx;
};

extern char ap_start_code[], ap_start_code_end[];

/* A vCPU that moved here would miss what it was promised. */
static void cpu_refuse(struct cpu *c)
{
	write_once(c->refused, true);
	for (;;)
		__asm__ volatile("hlt");
}

/* The first C of another CPU: on its own stack, with the hypervisor's root. */
static void cpu_main(void)
{
	struct cpu *c = this_cpu();

	descriptors_load(c);
	if (!cpu_features_suffice())
		cpu_refuse(c);
	cpu_setup_registers();
	c->xcr0 = cpu_features.xsave ? cpu_features.xcr0 : 0;
	lapic_init_cpu();
	lapic_timer_init_cpu();
	pv_cpuid_init_cpu();
	if (lapic_id() != c->apic_id)
		panic("CPU %u has the APIC id %#x instead of %#x", c->id, lapic_id(), c->apic_id);
	__atomic_store_n(&c->arrived, true, __ATOMIC_SEQ_CST);
	tsc_meeting_answer(&c->meeting);
	tlb_flush_local();
	tlb_clock_idle(c->id);
	__atomic_store_n(&c->started, true, __ATOMIC_SEQ_CST);
	cpuset_add_atomic(&cpus_online, c->id);
	tlb_flush_local();
	enter_guest_loop(&cpu_info_of(c->id)->guest_regs);
}

static bool wait_arrived(const struct cpu *c, uint64_t wait_ns)
{
	uint64_t end = time_now() + wait_ns;

	while (!__atomic_load_n(&c->arrived, __ATOMIC_ACQUIRE))
		if (read_once(c->refused) || time_now() > end)
			return false;
		else
			io_pause();
	return true;
}

static void pause_ns(uint64_t ns)
{
	uint64_t end = time_now() + ns;

	while (time_now() < end)
		io_pause();
}

/* INIT, a pause, and up to two SIPIs (SDM vol. 3, 9.4.4). */
static bool cpu_start(struct cpu *c, paddr_t trampoline)
{
	struct ap_start *block = paddr_map(trampoline + PAGE_BYTES - sizeof(*block));

	memcpy(paddr_map(trampoline), ap_start_code, (size_t)(ap_start_code_end - ap_start_code));
	block->root = mfn_to_paddr(idle_root);
	block->stack = (uint64_t)&cpu_info_of(c->id)->guest_regs;
	block->entry = (uint64_t)cpu_main;
	block->nx = cpu_features.nx;
	io_fence();
	if (lapic_send_init(c->apic_id) != OK)
		return false;
	pause_ns(10000000);
	for (unsigned int attempt = 0; attempt < 2; attempt++) {
		if (lapic_send_startup(c->apic_id, (uint8_t)(trampoline >> PAGE_SHIFT)) == OK &&
		    wait_arrived(c, attempt ? 1000000000 : 200000000))
			break;
	}
	if (!__atomic_load_n(&c->arrived, __ATOMIC_ACQUIRE))
		return false;
	time_init_cpu(c);
	while (!c->started)
		io_pause();
	return true;
}

void smp_start_others(paddr_t trampoline)
{
	unsigned int started = 1;

	/* The trampoline switches to the root while it runs at its machine address. */
	if (cpu_count > 1)
		paging_identity_map(trampoline, true);
	for (unsigned int id = 1; id < cpu_count; id++) {
		const struct cpu *c = cpu_table[id];

		if (cpu_start(cpu_table[id], trampoline))
			started++;
		else
			log_warning("CPU %u (APIC id %u) %s; going on without it", id, c->apic_id,
				    c->refused ? "lacks features of the boot CPU" : "does not start");
	}
	if (cpu_count > 1)
		paging_identity_map(trampoline, false);
	log_info("%u CPU%s", started, started == 1 ? "" : "s");
}
