/*
 * Guest kernel mode and guest user mode.
 *
 * Both run in ring 3. What differs is the root that is loaded (the user's has no kernel pages), which of the two GS
 * bases is active, and what SYSCALL means. A vCPU enters its kernel by bounces only, and leaves it by iret only.
 */
#include "pv.h"
#include "../ops.h"
#include "../switch.h"

void pv_enter_kernel(struct vcpu *v)
{
	if (v->arch.in_kernel)
		return;
	swap_gs();
	v->arch.in_kernel = true;
	fast_path_mode(this_cpu(), v);
	vcpu_switch_root(this_cpu(), v);
}

void pv_enter_user(struct vcpu *v)
{
	if (!v->arch.in_kernel)
		return;
	if (mfn_is_invalid(v->roots.user)) {
		domain_crash(v->domain, "return to user mode without a user page table");
		return;
	}
	swap_gs();
	v->arch.in_kernel = false;
	fast_path_mode(this_cpu(), v);
	vcpu_switch_root(this_cpu(), v);
}
