/*
 * From one vCPU to another on this CPU.
 *
 * While a vCPU is current its general registers are in guest_regs, its segment registers, bases, FPU and debug
 * registers in the CPU. All of it is switched eagerly: nothing of one guest is ever in a register while another runs.
 * A CPU without a vCPU runs on the hypervisor's own root, so no page table of a guest is in use there.
 *
 * A vCPU that sleeps and wakes where it slept, with nobody in between, finds its registers as they are:
 *
 *   W1  c->holds == v and v->arch.held_by == c say together that c's registers, guest_regs and the stub's copy are v's saved
 *       state: c loads another vCPU, and the first is untrue; v is loaded elsewhere, and the second is.
 *   W2  Who changes the saved state of a vCPU that does not run calls vcpu_state_changed.
 */
#include "switch.h"
#include "ops.h"
#include "pv/guest_tsc.h"
#include "pv/pv.h"
#include "paging.h"
#include "raw.h"
#include "tlb.h"
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/string.h>

static uint64_t cr4_loaded[CPUS_MAX];

void vcpu_load_root(struct cpu *c, const struct vcpu *v)
{
	if (v->arch.in_kernel)
		root_load(c, tlb_cr3(v->roots.kernel, TLB_SPACE_KERNEL));
	else
		root_load(c, tlb_cr3(v->roots.user, TLB_SPACE_USER));
}

void vcpu_switch_root(struct cpu *c, const struct vcpu *v)
{
	if (v->arch.in_kernel)
		root_switch(c, v->roots.kernel, TLB_SPACE_KERNEL);
	else
		root_switch(c, v->roots.user, TLB_SPACE_USER);
}

/* What guests may choose of CR4 is real while they run; the rest is the hypervisor's. */
static uint64_t cr4_guest_bits(void)
{
	return CR4_TSD | CR4_DE | (cpu_features.fsgsbase ? CR4_FSGSBASE : 0);
}

static void load_cr4(const struct cpu *c, const struct vcpu *v)
{
	uint64_t cr4 = cr4_loaded[c->id] ? cr4_loaded[c->id] : cr4_read();
	uint64_t own = v->arch.cr4 | (guest_tsc_is_emulated(v->domain) ? CR4_TSD : 0);
	uint64_t wanted = (cr4 & ~cr4_guest_bits()) | (own & cr4_guest_bits());

	if (wanted != cr4_loaded[c->id]) {
		cr4_write(wanted);
		cr4_loaded[c->id] = wanted;
	}
}

void vcpu_load_control(struct cpu *c, const struct vcpu *v)
{
	load_cr4(c, v);
	if (v->arch.task_switched)
		cr0_write(cr0_read() | CR0_TS);
	else if (cr0_read() & CR0_TS)
		cr0_write(cr0_read() & ~CR0_TS);
}

/* DR6 is never a guest's: the CPU sets bits there and clears none, so what was written would be found by the next one. */
void vcpu_load_debug(struct cpu *c, const struct vcpu *v)
{
	if (v->arch.debug[7] & 0xff) {
		dr0_write(v->arch.debug[0]);
		dr1_write(v->arch.debug[1]);
		dr2_write(v->arch.debug[2]);
		dr3_write(v->arch.debug[3]);
		dr7_write(v->arch.debug[7]);
		c->dr7 = v->arch.debug[7];
	} else if (c->dr7) {
		dr7_write(0x400);
		c->dr7 = 0;
	}
}

static void xcr0_set(struct cpu *c, uint64_t value)
{
	if (!cpu_features.xsave || c->xcr0 == value)
		return;
	if (xsetbv_raw(value))
		c->xcr0 = value;
}

void vcpu_load_xcr0(struct cpu *c, const struct vcpu *v) { xcr0_set(c, v->arch.xcr0); }

/* With all components enabled, whatever the guest's XCR0 says, so that none stays behind. */
static void fpu_save(struct cpu *c, struct vcpu *v)
{
	uint32_t low = (uint32_t)cpu_features.xcr0, high = (uint32_t)(cpu_features.xcr0 >> 32);

	__asm__ volatile("clts");
	xcr0_set(c, cpu_features.xcr0);
	if (!cpu_features.xsave)
		__asm__ volatile("fxsave64 (%0)" : : "r"(v->arch.fpu) : "memory");
	else if (cpu_features.xsaveopt)
		__asm__ volatile("xsaveopt64 (%0)" : : "r"(v->arch.fpu), "a"(low), "d"(high) : "memory");
	else
		__asm__ volatile("xsave64 (%0)" : : "r"(v->arch.fpu), "a"(low), "d"(high) : "memory");
}

static void fpu_load(struct cpu *c, struct vcpu *v)
{
	static const uint32_t zero;

	__asm__ volatile("clts");
	xcr0_set(c, cpu_features.xcr0);
	/* AMD's restore leaves the last instruction and data pointers if no exception is pending: overwrite them. */
	if (cpu_features.amd)
		__asm__ volatile("fnclex; emms; fildl %0" : : "m"(zero));
	if (!fpu_restore_raw(v->arch.fpu, cpu_features.xcr0, cpu_features.xsave)) {
		/* Cannot happen with an image that we saved; one from outside is checked when it is set. */
		fpu_image_reset(v->arch.fpu, &cpu_features.fpu);
		(void)fpu_restore_raw(v->arch.fpu, cpu_features.xcr0, cpu_features.xsave);
	}
}

static void segments_save(struct vcpu *v)
{
	struct cpu_user_regs *r = &v->arch.regs;
	uint64_t active = msr_read(MSR_GS_BASE), inactive = msr_read(MSR_KERNEL_GS_BASE);

	r->ds = ds_read();
	r->es = es_read();
	r->fs = fs_read();
	r->gs = gs_read();
	v->arch.fs_base = msr_read(MSR_FS_BASE);
	v->arch.gs_base_kernel = v->arch.in_kernel ? active : inactive;
	v->arch.gs_base_user = v->arch.in_kernel ? inactive : active;
}

/* A selector that cannot be loaded any more becomes null, and the guest hears of it by its failsafe callback. */
static void segments_load(struct vcpu *v)
{
	const struct cpu_user_regs *r = &v->arch.regs;
	bool fine = true;

	if (r->ds | ds_read())
		fine &= segment_load_ds(r->ds);
	if (r->es | es_read())
		fine &= segment_load_es(r->es);
	fine &= segment_load_fs(r->fs);
	fine &= segment_load_gs_user(r->gs);
	msr_write(MSR_FS_BASE, v->arch.fs_base);
	msr_write(MSR_GS_BASE, v->arch.in_kernel ? v->arch.gs_base_kernel : v->arch.gs_base_user);
	msr_write(MSR_KERNEL_GS_BASE, v->arch.in_kernel ? v->arch.gs_base_user : v->arch.gs_base_kernel);
	if (!fine)
		v->arch.failsafe_pending = true;
}

void vcpu_save_state(struct cpu *c, struct vcpu *v)
{
	memcpy(&v->arch.regs, guest_regs(), offsetof(struct cpu_user_regs, es));
	segments_save(v);
	fpu_save(c, v);
}

void vcpu_state_changed(struct vcpu *v) { write_once(v->arch.held_by, NULL); }

/* What stays as it is while the CPU has nobody to run. */
static void registers_load(struct cpu *c, struct vcpu *v)
{
	load_cr4(c, v);
	segments_load(v);
	fpu_load(c, v);
	if (cpu_features.rdtscp)
		msr_write(MSR_TSC_AUX, v->arch.tsc_aux);
	memcpy(guest_regs(), &v->arch.regs, sizeof(v->arch.regs));
	c->fast_stale = true;
	c->holds = v;
	write_once(v->arch.held_by, c);
	pv_time_publish(v);
}

static void vcpu_load_state(struct cpu *c, struct vcpu *v)
{
	bool is_held = c->holds == v && read_once(v->arch.held_by) == c;

	cpuset_add_atomic(&v->domain->dirty_cpus, c->id);
	tlb_clock_busy(c->id);
	if (!is_held)
		descriptors_map(c, v);
	/* The GDT lies in the domain's own slot: its page table first. */
	vcpu_load_root(c, v);
	descriptors_switch(c, v);
	descriptors_ldt_load(c, v);
	if (!is_held)
		registers_load(c, v);
	/* Saving has changed these, and has left CR0.TS clear. */
	vcpu_load_xcr0(c, v);
	if (v->arch.task_switched)
		cr0_write(cr0_read() | CR0_TS);
	vcpu_load_debug(c, v);
}

static void cpu_go_idle(struct cpu *c)
{
	descriptors_switch(c, NULL);
	ldt_load(0);
	dr7_write(0x400);
	c->dr7 = 0;
	root_load(c, tlb_cr3(idle_root, TLB_SPACE_IDLE));
	tlb_clock_idle(c->id);
}

static void switch_from(struct cpu *c, struct vcpu *previous, struct vcpu *next)
{
	vcpu_save_state(c, previous);
	/* The GDT in use must be there for an NMI at any moment, also while the slot that had it is exchanged. */
	if (next)
		descriptors_switch(c, NULL);
	if (!next || next->domain != previous->domain)
		/* Past the next root_load this CPU holds no translation of the domain. */
		c->leaving = previous->domain;
}

void cpu_schedule(struct cpu *c)
{
	struct vcpu *previous = c->current, *next = sched_pick(c->id, previous);

	if (next == previous)
		return;
	if (previous)
		switch_from(c, previous, next);
	c->current = next;
	if (next)
		vcpu_load_state(c, next);
	else
		cpu_go_idle(c);
	if (c->leaving) {
		cpuset_remove_atomic(&c->leaving->dirty_cpus, c->id);
		c->leaving = NULL;
	}
	if (previous)
		sched_switched(previous);
	if (next)
		pv_vcpu_started(next);
}
