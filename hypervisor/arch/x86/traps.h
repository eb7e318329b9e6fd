#pragma once
/* The C side of entry/traps.S. */
#include "cpu.h"
#include "ops.h"
#include <hyp/abi.h>
#include <hyp/types.h>

extern char return_iretq[];
extern char stub_sysenter[], stub_sysenter_flags_saved[];

/* From ring 3: exception or interrupt; SYSCALL or SYSENTER. regs = guest_regs(). */
void guest_trap(struct cpu_user_regs *regs);
/* The way out to the guest faulted. */
void guest_return_faulted(struct cpu_user_regs *regs);
void guest_syscall(struct cpu_user_regs *regs);
/* Moves a frame from an IST stack to guest_regs. */
struct cpu_user_regs *guest_regs_take(const struct cpu_user_regs *from);
/* From ring 0, in a window for interrupts (ops.h). */
void idle_interrupt(unsigned int vector);
/* From ring 0, anything else. NULL: go on at regs; else the guest's frame, whose exception it was. */
struct cpu_user_regs *hypervisor_trap(struct cpu_user_regs *regs);
/* All pending work; returns when guest_regs holds who runs next. */
void guest_exit(void);
/* The same where only an event, or what the call itself began, can be pending. */
static inline void guest_exit_shortly(const struct cpu *c)
{
	if (unlikely(read_once(c->work) || c->fast_stale || vcpu_event_is_deliverable(c->current) ||
		     !address_is_canonical(guest_regs()->rip)))
		guest_exit();
}
/* From ring 3 (pv/pt_emulate.c): the guest's kernel, in its usual mode, has written to `address`, which it maps read-only.
   False: nothing happened, go on with guest_trap; true: done, and guest_regs holds who runs next. */
bool guest_store(struct cpu_user_regs *regs, vaddr_t address);

/* `cpu`, and then each after it, prints its guest's registers when it next passes through its work. */
void registers_ask(unsigned int cpu);

/* Starts to serve guests on this CPU; never returns. */
[[gnu::noreturn]] void enter_guest_loop(struct cpu_user_regs *regs);

/* panic with the registers of the fault (panic.c). */
[[gnu::noreturn, gnu::format(printf, 2, 3)]] void panic_with_registers(const struct cpu_user_regs *regs, const char *format,
								      ...);
