/*
 * What the fast paths of entry/stub.S and entry/traps.S (a system call of the user, an iret, a page fault) need of the current
 * vCPU, kept where they find it without a register. Whoever changes one of these things of a vCPU that may be current calls
 * fast_path_changed, or fast_path_domain_changed if it is all vCPUs'; the copy is made anew on the way out, before the guest can
 * run on it.
 *
 *   Q1  While a guest runs, the copy is that of the current vCPU, and `mode` is FAST_USER or FAST_KERNEL only in that mode.
 *       A CPU that has gone idle keeps the copy for the vCPU that slept there, as long as it holds its state (../switch.c).
 *   Q2  What is unusual (no table of the user's, events not masked by the entry, an NMI under way) is FAST_NOTHING, and the
 *       paths in C do it all.
 */
#include "pv.h"
#include "../paging.h"
#include "../switch.h"
#include "../tlb.h"

/* A page fault's has an error code besides, and begins that much lower. */
#define FAULT_FRAME_BYTES 64u
#define VECTOR_PAGE_FAULT 14

static uint64_t cr3_of(mfn_t root, enum tlb_space space) { return mfn_is_invalid(root) ? 0 : tlb_cr3(root, space); }

/* Neither frame, the longer one is a page fault's, begins among the hypervisor's addresses. */
static bool stack_is_usable(const struct vcpu *v, uint64_t stack)
{
	return arch_guest_range_is_valid(v, stack - FAULT_FRAME_BYTES, FAULT_FRAME_BYTES);
}

void fast_path_changed(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	if (c->current == v)
		c->fast_stale = true;
	else
		vcpu_state_changed(v);
}

void fast_path_domain_changed(const struct domain *d)
{
	for (unsigned int i = 0; i < d->vcpu_max; i++) {
		struct vcpu *v = d->vcpu[i];

		/* One that is on its way to another CPU has its copy made there anyway. */
		if (v) {
			unsigned int cpu = read_once(v->sched.cpu);

			__atomic_store_n(&cpu_table[cpu]->fast_stale, true, __ATOMIC_SEQ_CST);
			arch_cpu_kick(cpu);
			vcpu_state_changed(v);
		}
	}
}

void fast_path_roots_changed(const struct vcpu *v)
{
	struct cpu *c = this_cpu();

	if (c->current != v)
		return;
	/* Whether there is a table of the user's is more than an address: it decides about the modes. */
	if (!c->stub->user_cr3 || mfn_is_invalid(v->roots.user))
		c->fast_stale = true;
	c->stub->kernel_cr3 = cr3_of(v->roots.kernel, TLB_SPACE_KERNEL);
	c->stub->user_cr3 = cr3_of(v->roots.user, TLB_SPACE_USER);
}

void fast_path_stack_changed(const struct vcpu *v)
{
	uint64_t stack = v->arch.kernel_stack.sp & ~UINT64_C(15);
	struct cpu *c = this_cpu();

	/* It may have to do with whether programs are served here; not where everything is unusual. */
	if (c->stub->mode_in[false] == FAST_USER ? !stack_is_usable(v, stack) : c->stub->mode_in[true] == FAST_KERNEL)
		c->fast_stale = true;
	c->stub->frame = stack - FRAME_BYTES;
}

void fast_path_mode(struct cpu *c, const struct vcpu *v)
{
	c->stub->mode = c->fast_stale ? FAST_NOTHING : c->stub->mode_in[v->arch.in_kernel];
}

void fast_path_update(struct cpu *c, struct vcpu *v)
{
	const struct trap_info *fault = &v->arch.traps[VECTOR_PAGE_FAULT];
	uint64_t stack = v->arch.kernel_stack.sp & ~UINT64_C(15);
	struct stub_data *s = c->stub;
	bool usual;

	/* Before what another CPU changes is read: it may say so again meanwhile. */
	(void)__atomic_exchange_n(&c->fast_stale, false, __ATOMIC_SEQ_CST);
	usual = v->info && !v->arch.nmi_masked && !mfn_is_invalid(v->roots.user) &&
		!(read_once(v->domain->vm_assist) & BIT(VMASST_TYPE_architectural_iopl));
	s->kernel_cr3 = cr3_of(v->roots.kernel, TLB_SPACE_KERNEL);
	s->user_cr3 = cr3_of(v->roots.user, TLB_SPACE_USER);
	s->frame = stack - FRAME_BYTES;
	s->handler = v->arch.syscall.address;
	/* One that leaves events on would have to be told of them. */
	s->fault_handler = TI_GET_IF(fault) ? fault->address : 0;
	s->info = v->info;
	s->in_kernel = &v->arch.in_kernel;
	s->work = &c->work;
	s->kernel_stack = &v->arch.kernel_stack;
	s->mode_in[true] = usual ? FAST_KERNEL : FAST_NOTHING;
	s->mode_in[false] = usual && v->arch.syscall.address && v->arch.syscall.mask_events &&
					      stack_is_usable(v, stack) ?
				      FAST_USER : FAST_NOTHING;
	fast_path_mode(c, v);
}
