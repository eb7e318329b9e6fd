/*
 * Model-specific registers: what a guest's RDMSR and WRMSR do.
 *
 * msr_policy.c knows the registers that there are; here are those that are the vCPU's own. A guest reaches no register of
 * the machine but the segment bases, TSC_AUX and the branch-prediction barrier, each with its own check.
 */
#include "msr.h"
#include "hypercall_page.h"
#include "msr_policy.h"
#include "guest_tsc.h"
#include "pv.h"
#include "../ops.h"
#include "../raw.h"
#include <hyp/io.h>
#include <hyp/mm.h>

static_assert(MSR_PAT_OF_GUESTS == PAT_VALUE, "guests are told the memory types that the CPUs use");

#define MSR_PLATFORM_ID 0x17
#define MSR_PRED_CMD 0x49
#define MSR_MICROCODE 0x8b
#define MSR_MISC_ENABLE 0x1a0
#define APIC_BASE_ADDRESS UINT64_C(0xfee00000)
#define APIC_BASE_ENABLED BIT(11)
#define APIC_BASE_BOOT_CPU BIT(8)
#define GENERAL_PROTECTION 13

static struct msr_snapshot snapshot;

/* A register that does not exist is 0 to guests. */
static uint64_t machine_read(uint32_t index)
{
	uint64_t value;

	return msr_read_raw(index, &value) ? value : 0;
}

void pv_msr_init(void)
{
	uint32_t out[4];

	/* Intel's CPUs put the microcode's revision there when CPUID is executed, if 0 was written before. */
	if (!cpu_features.amd) {
		(void)msr_write_raw(MSR_MICROCODE, 0);
		cpuid(1, 0, out);
		snapshot.platform_id = machine_read(MSR_PLATFORM_ID);
		snapshot.misc_enable = machine_read(MSR_MISC_ENABLE);
	}
	snapshot.microcode = machine_read(MSR_MICROCODE);
}

/* The vCPU's own registers: one reader and one writer each. ---------------------------------------------------------- */

static uint64_t apic_base(const struct vcpu *v)
{
	return APIC_BASE_ADDRESS | APIC_BASE_ENABLED | (v->id ? 0 : APIC_BASE_BOOT_CPU);
}

static bool read_tsc(struct vcpu *v, uint64_t *value)
{
	*value = guest_tsc_read(v->domain);
	return true;
}

static bool read_apic_base(struct vcpu *v, uint64_t *value)
{
	*value = apic_base(v);
	return true;
}

static bool write_apic_base(struct vcpu *v, uint64_t value) { return value == apic_base(v); }

static bool write_pred_cmd(struct vcpu *v, uint64_t value)
{
	if (value & ~msr_pred_cmd_bits(domain_policy(v->domain)))
		return false;
	return !value || msr_write_raw(MSR_PRED_CMD, value);
}

/* The guest names a frame of its own and gets the page there. The low bits are a page number, of which 0 is the only. */
static bool write_hypercall_page(struct vcpu *v, uint64_t value)
{
	mfn_t frame = paddr_to_mfn(value);

	if (value & ~PAGE_MASK || !mfn_has_page(frame) ||
	    page_get_with_writable(mfn_to_page(frame), v->domain) != OK)
		return false;
	hypercall_page_fill(arch_frame_map(frame));
	page_put_with_writable(mfn_to_page(frame));
	return true;
}

static bool read_fs_base(struct vcpu *v, uint64_t *value)
{
	(void)v;
	*value = msr_read(MSR_FS_BASE);
	return true;
}

static bool read_gs_base(struct vcpu *v, uint64_t *value)
{
	*value = pv_gs_kernel_base_get(v);
	return true;
}

static bool read_kernel_gs_base(struct vcpu *v, uint64_t *value)
{
	*value = pv_gs_user_base_get(v);
	return true;
}

/* The CPU refuses these addresses too, but to us. */
static bool write_fs_base(struct vcpu *v, uint64_t value)
{
	if (!address_is_canonical(value))
		return false;
	pv_fs_base_set(v, value);
	return true;
}

static bool write_gs_base(struct vcpu *v, uint64_t value)
{
	if (!address_is_canonical(value))
		return false;
	pv_gs_kernel_base_set(v, value);
	return true;
}

static bool write_kernel_gs_base(struct vcpu *v, uint64_t value)
{
	if (!address_is_canonical(value))
		return false;
	pv_gs_user_base_set(v, value);
	return true;
}

static bool read_tsc_aux(struct vcpu *v, uint64_t *value)
{
	*value = v->arch.tsc_aux;
	return true;
}

static bool write_tsc_aux(struct vcpu *v, uint64_t value)
{
	if (value > UINT32_MAX || !msr_write_raw(MSR_TSC_AUX, value))
		return false;
	v->arch.tsc_aux = value;
	return true;
}

/* Only the guest's kernel gets here, so of the two GS bases its own is the active one. NULL: refused. */
static const struct {
	bool (*read)(struct vcpu *v, uint64_t *value);
	bool (*write)(struct vcpu *v, uint64_t value);
} states[MSR_STATES] = {
	[MSR_STATE_TSC] = {read_tsc, NULL},
	[MSR_STATE_APIC_BASE] = {read_apic_base, write_apic_base},
	[MSR_STATE_PRED_CMD] = {NULL, write_pred_cmd},
	[MSR_STATE_HYPERCALL_PAGE] = {NULL, write_hypercall_page},
	[MSR_STATE_FS_BASE] = {read_fs_base, write_fs_base},
	[MSR_STATE_GS_BASE] = {read_gs_base, write_gs_base},
	[MSR_STATE_KERNEL_GS_BASE] = {read_kernel_gs_base, write_kernel_gs_base},
	[MSR_STATE_TSC_AUX] = {read_tsc_aux, write_tsc_aux},
};

/* A guest that was made to be told of no register that the machine has (msr_relaxed, <xen/arch-x86/xen.h>): tools ask for it when
   they restore what may have been saved by a Xen that told none. */
static bool is_passed_over(const struct vcpu *v, uint32_t index)
{
	uint64_t ignored;

	return v->domain->msr_relaxed && msr_read_raw(index, &ignored);
}

/* A kernel that starts reads before it can take a fault; what does not exist is 0 to it until then. */
static bool read_refused(const struct vcpu *v, uint32_t index, uint64_t *value)
{
	if (v->arch.traps[GENERAL_PROTECTION].address && !is_passed_over(v, index))
		return false;
	*value = 0;
	return true;
}

bool pv_msr_read(struct vcpu *v, uint32_t index, uint64_t *value)
{
	struct msr_facts facts = {.policy = domain_policy(v->domain), .snapshot = &snapshot};
	enum msr_state state;

	switch (msr_policy_read(&facts, index, value, &state)) {
	case MSR_DONE:
		return true;
	case MSR_ASK:
		if (states[state].read)
			return states[state].read(v, value);
		[[fallthrough]];
	default:
		return read_refused(v, index, value);
	}
}

bool pv_msr_write(struct vcpu *v, uint32_t index, uint64_t value)
{
	struct msr_facts facts = {.policy = domain_policy(v->domain), .snapshot = &snapshot};
	enum msr_state state;

	switch (msr_policy_write(&facts, index, value, &state)) {
	case MSR_DONE:
		return true;
	case MSR_ASK:
		return states[state].write && states[state].write(v, value);
	default:
		return is_passed_over(v, index);
	}
}
