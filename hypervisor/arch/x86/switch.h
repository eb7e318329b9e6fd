#pragma once
/* Which vCPU's state is on this CPU; see switch.c. */
#include "cpu.h"

/* Runs the scheduler and makes what it chooses current (nothing: the CPU idles). Interrupts off, no lock held. */
void cpu_schedule(struct cpu *c);
/* The root that `v` uses in its present mode, loaded: v has just become current, or the root its. */
void vcpu_load_root(struct cpu *c, const struct vcpu *v);
/* The same when it was current with both roots, and only its mode has changed. */
void vcpu_switch_root(struct cpu *c, const struct vcpu *v);
/* Brings v->arch.regs, bases and FPU image up to date while v is current on this CPU. */
void vcpu_save_state(struct cpu *c, struct vcpu *v);
/* The saved state of `v`, which does not run, is not what it was: no CPU's registers hold it any more. Any CPU. */
void vcpu_state_changed(struct vcpu *v);
/* CR0.TS and CR4 bits of `v` into the registers. */
void vcpu_load_control(struct cpu *c, const struct vcpu *v);
void vcpu_load_debug(struct cpu *c, const struct vcpu *v);
/* XCR0 as the guest chose it. */
void vcpu_load_xcr0(struct cpu *c, const struct vcpu *v);
