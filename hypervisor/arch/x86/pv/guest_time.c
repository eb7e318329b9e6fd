/*
 * What a guest reads without asking: its time record, its runstate, the wall clock.
 *
 * System time is one linear function of a CPU's TSC (../time.c), or of the domain's own (guest_tsc.c), so a vCPU's record
 * could stay for ever. It is written when its state is loaded into a CPU, and when an event is delivered and the record is a
 * second old: old kernels count the seconds since then one by one, or lose precision with them. Its version is odd while
 * it changes. Runstate areas are guest virtual addresses: they are written when the vCPU begins to run, a fault is the
 * guest's own loss.
 */
#include "guest_tsc.h"
#include "pv.h"
#include "../ops.h"
#include "../raw.h"
#include <hyp/guest.h>
#include <hyp/string.h>
#include <hyp/timer.h>

#define RUNSTATE_UPDATE BIT(63)

static void record_fill(const struct domain *d, struct vcpu_time_info *t)
{
	bool emulated = guest_tsc_is_emulated(d);
	struct tsc_scale scale = guest_tsc_scale(d);
	uint64_t base = emulated ? 0 : tsc_base();
	uint64_t now = emulated ? guest_tsc_read(d) : tsc_read_unordered();
	struct tsc_point start = tsc_scale_start(&scale, now - base);

	t->tsc_timestamp = base + start.ticks;
	t->system_time = (emulated ? d->arch.tsc.zero_ns : 0) + start.ns;
	t->tsc_to_system_mul = scale.mul;
	t->tsc_shift = (int8_t)tsc_scale_shift(&scale);
	t->flags = emulated || tsc_is_stable() ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
}

void pv_time_publish(struct vcpu *v)
{
	struct vcpu_time_info *t;
	uint32_t version;

	if (!v->info)
		return;
	t = &v->info->time;
	/* The guest may have changed the word: odd and larger is all that its readers need. */
	version = read_once(t->version) | 1;
	__atomic_store_n(&t->version, version, __ATOMIC_SEQ_CST);
	record_fill(v->domain, t);
	__atomic_store_n(&t->version, version + 1, __ATOMIC_SEQ_CST);
	v->arch.time_published = tsc_read_unordered();
}

void pv_time_renew(struct vcpu *v)
{
	if (likely(tsc_read_unordered() - v->arch.time_published < tsc_khz * UINT64_C(1000)))
		return;
	pv_time_publish(v);
	pv_vcpu_started(v);
}

/* Programs read it on other CPUs too: its version is one more while the record changes, and two more afterwards, as
   <xen/xen.h> says; a reader clears the lowest bit of what it saw at first, and compares. */
static void time_area_write(struct vcpu *v, vaddr_t to)
{
	struct vcpu_time_info t = {0}, *area = (struct vcpu_time_info *)to;
	const size_t head = offsetof(struct vcpu_time_info, tsc_timestamp);

	if (!range_is_guest(to, sizeof(*area)))
		return;
	record_fill(v->domain, &t);
	guest_access_begin();
	/* What is not there any more is the guest's own loss. */
	(void)(guest_word_write_raw((uint64_t *)to, v->arch.time_area_version + 1) &&
	       !guest_copy_raw(&area->tsc_timestamp, &t.tsc_timestamp, sizeof(t) - head) &&
	       guest_word_write_raw((uint64_t *)to, v->arch.time_area_version + 2));
	guest_access_end();
	v->arch.time_area_version += 2;
}

void arch_time_update(struct vcpu *v)
{
	/* Kernel addresses are the same for all vCPUs, and so is the time where the CPUs' counters are. */
	if (v->time_area && (v == current_vcpu() || tsc_is_stable()))
		time_area_write(v, v->time_area);
}

/* With the flag of vm_assist a remote reader sees bit 63 of the entry time while the record changes. v runs here, so nobody
   else changes it (R3). */
static void runstate_write(struct vcpu *v, vaddr_t to)
{
	const struct vcpu_runstate_info *r = &v->runstate;
	struct vcpu_runstate_info *area = (struct vcpu_runstate_info *)to;
	uint64_t entry_time = r->state_entry_time;
	bool flagged = v->domain->vm_assist & BIT(VMASST_TYPE_runstate_update_flag);

	if (!range_is_guest(to, sizeof(*area)))
		return;
	guest_access_begin();
	/* What is not there any more is the guest's own loss. */
	(void)((!flagged || guest_word_write_raw(&area->state_entry_time, entry_time | RUNSTATE_UPDATE)) &&
	       guest_word_write_raw((uint64_t *)&area->state, (uint64_t)r->state) &&
	       !guest_copy_raw(area->time, r->time, sizeof(r->time)) &&
	       guest_word_write_raw(&area->state_entry_time, entry_time));
	guest_access_end();
}

void arch_runstate_update(struct vcpu *v)
{
	/* The area belongs to the kernel's address space. */
	if (v->runstate_area && v == current_vcpu())
		runstate_write(v, v->runstate_area);
}

void pv_vcpu_started(struct vcpu *v)
{
	bool user = !v->arch.in_kernel;

	if (!v->runstate_area && !v->time_area)
		return;
	/* Both are kernel addresses. */
	if (user)
		pv_enter_kernel(v);
	if (v->runstate_area)
		runstate_write(v, v->runstate_area);
	if (v->time_area)
		time_area_write(v, v->time_area);
	if (user)
		pv_enter_user(v);
}
