/*
 * Where entry/traps.S calls into C: from a guest, from the hypervisor itself, and on the way back to a guest.
 */
#include "traps.h"
#include "cpu.h"
#include "irq.h"
#include "nmi_reason.h"
#include "ops.h"
#include "paging.h"
#include "panic.h"
#include "pv/pv.h"
#include "switch.h"
#include "time.h"
#include <hyp/drivers/lapic.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/string.h>
#include <hyp/timer.h>

#define VECTOR_DEBUG 1
#define VECTOR_NMI 2
#define VECTOR_PAGE_FAULT 14
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_INT80 0x80
#define HLT 0xf4

struct fixup {
	uint64_t fault, resume;
};
extern const struct fixup fixup_table_start[], fixup_table_end[];

static void nmi_arrived(struct cpu *c)
{
	if (c->stop_requested) {
		interrupts_off();
		for (;;)
			__asm__ volatile("hlt");
	}
	/* It may have come in the middle of anything, with any lock held: passed on later. */
	c->nmi_arrived = true;
	c->work = true;
}

/*
 * The hypervisor may have looked for work for the last time before its NMI: an interrupt, which comes once it sleeps or is back
 * in a guest, has it look again. Between STI and HLT that would come before the sleep, and change nothing: no sleep then.
 */
static void nmi_in_hypervisor(struct cpu *c, struct cpu_user_regs *regs)
{
	nmi_arrived(c);
	if ((regs->rflags & RFLAGS_IF) && *(const uint8_t *)regs->rip == HLT)
		regs->rip++;
	else if (c->started)
		lapic_send_self(VECTOR_KICK);
}

/* An NMI on any CPU is domain 0's: it has the machine. What the port says stays until domain 0 clears it there. */
static void nmi_pass_on(struct cpu *c)
{
	c->nmi_arrived = false;
	if (!domain0 || !domain_vcpu(domain0, 0))
		return;
	(void)__atomic_fetch_or(&domain0->arch.nmi_reason, nmi_reason_of(io_in8(NMI_STATUS_PORT)), __ATOMIC_SEQ_CST);
	arch_vcpu_nmi(domain_vcpu(domain0, 0));
}

static void interrupt(struct cpu *c, unsigned int vector)
{
	c->interrupts++;
	c->work = true;
	irq_handle(c, vector);
}

void idle_interrupt(unsigned int vector) { interrupt(this_cpu(), vector); }

struct cpu_user_regs *guest_regs_take(const struct cpu_user_regs *from)
{
	return memcpy(guest_regs(), from, offsetof(struct cpu_user_regs, es));
}

void guest_trap(struct cpu_user_regs *regs)
{
	struct cpu *c = this_cpu();
	unsigned int vector = regs->entry_vector;

	/* The guest's AC must not open its pages to us. */
	guest_access_end();
	if (vector == VECTOR_NMI)
		nmi_arrived(c);
	else if (vector == VECTOR_MACHINE_CHECK)
		panic("machine check on CPU %u", c->id);
	else if (vector >= 32 && vector != VECTOR_INT80)
		interrupt(c, vector);
	else
		pv_exception(c->current, regs);
}

void guest_return_faulted(struct cpu_user_regs *regs)
{
	guest_access_end();
	pv_return_fault(this_cpu()->current, regs);
}

void guest_syscall(struct cpu_user_regs *regs)
{
	struct cpu *c = this_cpu();

	guest_access_end();
	c->preempt_deadline = tsc_read_unordered() + hypercall_budget_ticks;
	pv_syscall(c->current, regs);
}

bool arch_preempt_due(void) { return tsc_read_unordered() > this_cpu()->preempt_deadline; }

/* How far this CPU's copy of the stubs lies from the linked one, for an address in it; else 0. */
static uint64_t stub_distance(uint64_t rip)
{
	uint64_t copy = STUBS_START + this_cpu()->id * 2 * PAGE_BYTES;

	return rip - copy < PAGE_BYTES ? copy - (uint64_t)stub_code_start : 0;
}

/* Where to go on after a fault at `rip` that was expected; 0: it was not. */
static uint64_t fixup_find(uint64_t rip)
{
	uint64_t distance = stub_distance(rip);

	for (const struct fixup *f = fixup_table_start; f < fixup_table_end; f++)
		if (f->fault == rip - distance)
			return f->resume + distance;
	return 0;
}

/*
 * The return to the guest faulted: the CPU does not take what the guest wants to return to. The frame of the fault lies
 * over the guest's general registers, which it also holds; put together again, it is an exception of the guest.
 */
static struct cpu_user_regs *return_faulted(const struct cpu_user_regs *at)
{
	struct cpu_user_regs copy = *at, *regs = guest_regs();

	memcpy(regs, &copy, offsetof(struct cpu_user_regs, error_code));
	regs->error_code = copy.error_code;
	regs->entry_vector = copy.entry_vector;
	return regs;
}

/* A guest's watchpoint or single step that came to effect one instruction late, on an entry. */
static void debug_in_hypervisor(struct cpu_user_regs *regs)
{
	uint64_t stub = STUBS_START + this_cpu()->id * 2 * PAGE_BYTES - (uint64_t)stub_code_start;

	dr6_write(0xffff0ff0);
	/* SYSENTER has not saved the user's flags yet: they go to its kernel as they are. */
	if (regs->rip - stub >= (uint64_t)stub_sysenter && regs->rip - stub < (uint64_t)stub_sysenter_flags_saved)
		return;
	regs->rflags &= ~RFLAGS_TF;
}

/* A selector of the guest's LDT is loaded here, and nobody has used that page of the table before. */
static bool is_ldt_fault(const struct cpu_user_regs *regs)
{
	struct vcpu *v = current_vcpu();

	return regs->entry_vector == VECTOR_PAGE_FAULT && v && pv_ldt_fault(v, cr2_read());
}

struct cpu_user_regs *hypervisor_trap(struct cpu_user_regs *regs)
{
	uint64_t resume;

	switch (regs->entry_vector) {
	case VECTOR_NMI:
		nmi_in_hypervisor(this_cpu(), regs);
		return NULL;
	case VECTOR_DEBUG:
		debug_in_hypervisor(regs);
		return NULL;
	case VECTOR_MACHINE_CHECK:
		panic_with_registers(regs, "machine check on CPU %u", this_cpu()->id);
	}
	if (regs->rip == (uint64_t)return_iretq)
		return return_faulted(regs);
	resume = fixup_find(regs->rip);
	if (!resume)
		panic_with_registers(regs, "exception %u, error code %#x, address %#lx", regs->entry_vector,
				     regs->error_code, cr2_read());
	/* No lock is held at any instruction of that table that reads descriptors. */
	if (is_ldt_fault(regs))
		return NULL;
	regs->rip = resume;
	return NULL;
}

/* False: nothing to do. One CPU at a time: more would only queue for the allocator's lock, before those that need memory. */
static bool scrub_some(void)
{
	static bool is_busy;
	bool did;

	if (read_once(is_busy) || __atomic_exchange_n(&is_busy, true, __ATOMIC_ACQUIRE))
		return false;
	did = frames_scrub_some();
	__atomic_store_n(&is_busy, false, __ATOMIC_RELEASE);
	return did;
}

/* Nothing to run, until an interrupt: scrubs free memory a little at a time, then sleeps. */
static void idle(struct cpu *c)
{
	uint64_t interrupts = c->interrupts;

	if (c->timer_due || sched_is_due(c->id))
		return;
	while (c->interrupts == interrupts && !c->nmi_arrived && scrub_some())
		interrupts_take();
	if (unlikely(cpu_features.c1e))
		cpu_c1e_off();
	if (c->interrupts == interrupts && !c->nmi_arrived)
		sleep_until_interrupt();
	c->preempt_deadline = UINT64_MAX;
}

void registers_ask(unsigned int cpu)
{
	write_once(cpu_table[cpu]->registers_wanted, true);
	arch_cpu_kick(cpu);
}

/* The CPUs take turns, so that their lines do not mix. One that hangs is the one whose turn it is. */
static void registers_show(struct cpu *c)
{
	unsigned int next = cpuset_next(&cpus_online, c->id + 1);

	write_once(c->registers_wanted, false);
	guest_registers_say(guest_regs());
	if (next < CPUS_MAX)
		registers_ask(next);
}

static bool flush_is_asked(const struct cpu *c) { return c->flush_answered != read_once(c->flush_asked); }

static void work(struct cpu *c)
{
	/* First, and with a barrier: what is asked of this CPU from here on comes with an interrupt of its own. */
	if (read_once(c->kick_pending))
		(void)__atomic_exchange_n(&c->kick_pending, 0, __ATOMIC_SEQ_CST);
	if (c->nmi_arrived)
		nmi_pass_on(c);
	if (read_once(c->registers_wanted))
		registers_show(c);
	if (flush_is_asked(c))
		tlb_flush_answer();
	tlb_clock_service();
	if (c->timer_due) {
		c->timer_due = false;
		timer_run(c->id);
	}
	if (!c->current || sched_is_due(c->id))
		cpu_schedule(c);
}

/* Nothing has come up since the guest last ran, and there is nothing to tell it. */
static bool exit_is_plain(const struct cpu *c)
{
	const struct vcpu *v = c->current;

	return !read_once(c->work) && v && !v->arch.failsafe_pending && !read_once(v->arch.nmi_pending) &&
	       !vcpu_event_is_deliverable(v) && address_is_canonical(guest_regs()->rip);
}

/* Nothing is left that this CPU has asked of itself meanwhile; what others ask comes with an interrupt. */
static bool is_settled(struct cpu *c)
{
	/* First: an NMI that comes from here on sets it again. */
	write_once(c->work, false);
	return !c->nmi_arrived && !c->timer_due && !sched_is_due(c->id) && !read_once(c->registers_wanted) &&
	       !flush_is_asked(c);
}

void guest_exit(void)
{
	struct cpu *c = this_cpu();
	bool has_work = read_once(c->work) || !c->current;

	if (likely(exit_is_plain(c))) {
		if (c->fast_stale)
			fast_path_update(c, c->current);
		return;
	}
	c->preempt_deadline = UINT64_MAX;
	for (;; has_work = true) {
		struct vcpu *v;

		/* An event alone is none. */
		if (has_work)
			work(c);
		v = c->current;
		if (!v) {
			idle(c);
			continue;
		}
		/* The CPU would fault on it in ring 0, or not at all. */
		if (!address_is_canonical(guest_regs()->rip))
			pv_inject(v, 13, 0);
		if (v->arch.failsafe_pending)
			pv_inject_failsafe(v);
		pv_deliver_nmi(v);
		pv_deliver_events(v);
		/* A crash, or anything else that came up meanwhile, goes round once more. */
		if (is_settled(c))
			break;
	}
	if (c->fast_stale)
		fast_path_update(c, c->current);
	/* What a trapped instruction begins, and does not finish in its first step, goes on when the guest executes it again. */
	c->preempt_deadline = 0;
}
