/*
 * Entering the guest kernel: the frame that its handlers find on their stack (abi: <xen/arch-x86/xen-x86_64.h>).
 *
 * From the new rsp upwards: rcx, r11, [ds, es, fs, gs of a failsafe], [error code], rip, cs with the saved upcall mask in
 * its upper half, rflags, rsp, ss. The frame is put together here and copied out once; if that faults the guest has no
 * usable kernel stack and is crashed. Nothing of the guest's registers has changed until then.
 */
#include "pv.h"
#include "../ops.h"
#include "../raw.h"
#include <hyp/evtchn.h>
#include <hyp/guest.h>
#include <hyp/log.h>

#define FRAME_WORDS (FRAME_BYTES / sizeof(uint64_t))
#define FRAME_WORDS_MAX 12

struct bounce {
	uint64_t handler;
	bool mask_events;
	bool has_error_code;
	bool has_segments;
	uint32_t error_code;
};

static bool vector_has_error_code(unsigned int vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21;
}

/* rflags as the guest kernel sees them: IF is the virtual one. */
static uint64_t flags_for_guest(const struct vcpu *v, uint64_t rflags, bool masked)
{
	rflags &= ~(RFLAGS_IF | RFLAGS_IOPL);
	if (!masked)
		rflags |= RFLAGS_IF;
	if (v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl))
		rflags |= (uint64_t)v->arch.iopl << 12;
	return rflags;
}

static uint64_t cs_for_guest(const struct vcpu *v, const struct cpu_user_regs *regs, bool masked)
{
	return (v->arch.in_kernel ? regs->cs & ~3u : regs->cs) | (uint64_t)masked << 32;
}

static inline unsigned int frame_make(struct vcpu *v, const struct bounce *b, const struct cpu_user_regs *regs, uint64_t *frame)
{
	bool masked = read_once(v->info->evtchn_upcall_mask);
	unsigned int n = 0;

	frame[n++] = regs->rcx;
	frame[n++] = regs->r11;
	/* The selectors that were to be loaded: what could not be is null in the CPU. */
	if (b->has_segments) {
		frame[n++] = v->arch.regs.ds;
		frame[n++] = v->arch.regs.es;
		frame[n++] = v->arch.regs.fs;
		frame[n++] = v->arch.regs.gs;
	}
	if (b->has_error_code)
		frame[n++] = b->error_code;
	frame[n++] = regs->rip;
	frame[n++] = cs_for_guest(v, regs, masked);
	frame[n++] = flags_for_guest(v, regs->rflags, masked);
	frame[n++] = regs->rsp;
	frame[n++] = regs->ss;
	return n;
}

/* Where a frame of so many words begins. */
static uint64_t frame_address(const struct vcpu *v, const struct cpu_user_regs *regs, unsigned int words)
{
	uint64_t rsp = v->arch.in_kernel ? regs->rsp : v->arch.kernel_stack.sp;

	return (rsp & ~UINT64_C(15)) - words * sizeof(uint64_t);
}

static __attribute__((noinline)) void no_stack(struct vcpu *v, uint64_t rsp)
{
	domain_crash(v->domain, "no stack at %#llx for an entry of its kernel", (unsigned long long)rsp);
}

/* The frame is there. */
static inline void enter(struct vcpu *v, struct cpu_user_regs *regs, uint64_t rsp, uint64_t handler, bool mask_events)
{
	regs->rip = handler;
	regs->cs = FLAT_RING3_CS64;
	regs->ss = FLAT_RING3_SS64;
	regs->rsp = rsp;
	regs->rflags &= ~RFLAGS_CLEARED_ON_ENTRY;
	if (mask_events)
		write_once(v->info->evtchn_upcall_mask, 1);
}

static inline __attribute__((always_inline)) void bounce(struct vcpu *v, const struct bounce *b)
{
	struct cpu_user_regs *regs = guest_regs();
	uint64_t frame[FRAME_WORDS_MAX], rsp;
	unsigned int words = frame_make(v, b, regs, frame);

	rsp = frame_address(v, regs, words);
	pv_enter_kernel(v);
	if (guest_copy_out(v, rsp, frame, words * sizeof(*frame)) == OK)
		enter(v, regs, rsp, b->handler, b->mask_events);
	else
		no_stack(v, rsp);
}

static void inject(struct vcpu *v, unsigned int vector, bool has_error_code, uint32_t error_code)
{
	const struct trap_info *t = &v->arch.traps[vector];
	struct bounce b = {
		.handler = t->address,
		.mask_events = TI_GET_IF(t),
		.has_error_code = has_error_code,
		.error_code = error_code,
	};

	if (!t->address) {
		domain_crash(v->domain, "exception %u (error code %#x) at %#llx, and no handler", vector, error_code,
			     (unsigned long long)guest_regs()->rip);
		return;
	}
	bounce(v, &b);
}

void pv_inject(struct vcpu *v, unsigned int vector, uint32_t error_code)
{
	inject(v, vector, vector_has_error_code(vector), error_code);
}

void pv_inject_software(struct vcpu *v, unsigned int vector) { inject(v, vector, false, 0); }

void pv_inject_page_fault(struct vcpu *v, vaddr_t address, uint32_t error_code)
{
	/* The user bit means the guest's user mode; its kernel runs in ring 3 too. */
	error_code = v->arch.in_kernel ? error_code & ~4u : error_code | 4u;
	write_once(v->info->arch.cr2, address);
	pv_inject(v, 14, error_code);
}

void pv_inject_callback(struct vcpu *v, uint64_t handler, bool mask_events)
{
	struct cpu_user_regs *regs = guest_regs();
	bool masked = read_once(v->info->evtchn_upcall_mask), is_there;
	uint64_t rsp = frame_address(v, regs, FRAME_WORDS), cs = cs_for_guest(v, regs, masked);

	pv_enter_kernel(v);
	guest_access_begin();
	is_there = range_is_guest(rsp, FRAME_BYTES) &&
		   guest_frame_write_raw((uint64_t *)rsp, regs, cs, flags_for_guest(v, regs->rflags, masked));
	guest_access_end();
	if (is_there)
		enter(v, regs, rsp, handler, mask_events);
	else
		no_stack(v, rsp);
}

void pv_inject_failsafe(struct vcpu *v)
{
	struct bounce b = {
		.handler = v->arch.failsafe.address,
		.mask_events = v->arch.failsafe.mask_events,
		.has_segments = true,
	};

	v->arch.failsafe_pending = false;
	if (b.handler)
		bounce(v, &b);
	else
		domain_crash(v->domain, "a segment register could not be loaded, and no failsafe callback");
}

void pv_deliver_events(struct vcpu *v)
{
	/* Without a callback the event waits, as it does while it is masked. */
	if (!vcpu_event_is_deliverable(v) || !v->arch.event.address)
		return;
	pv_time_renew(v);
	pv_inject_callback(v, v->arch.event.address, true);
}

void pv_deliver_nmi(struct vcpu *v)
{
	if (!arch_vcpu_has_nmi(&v->arch))
		return;
	write_once(v->arch.nmi_pending, false);
	v->arch.nmi_masked = true;
	/* None: it was another vCPU that sent it. */
	if (!v->id)
		write_once(v->domain->shared_info->arch.nmi_reason,
			   __atomic_exchange_n(&v->domain->arch.nmi_reason, 0, __ATOMIC_SEQ_CST));
	fast_path_changed(v);
	pv_inject(v, 2, 0);
}
