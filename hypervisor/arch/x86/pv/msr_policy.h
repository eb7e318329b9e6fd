#pragma once
/* Which model-specific registers guests have, and what most of them say; see msr_policy.c. Pure. */
#include <hyp/pv/cpu_policy.h>

/* Registers whose value is the vCPU's or has an effect; msr.c has a function for each. */
enum msr_state {
	MSR_STATE_NONE,
	MSR_STATE_TSC,
	MSR_STATE_APIC_BASE,
	MSR_STATE_PRED_CMD,
	MSR_STATE_HYPERCALL_PAGE,
	MSR_STATE_FS_BASE,
	MSR_STATE_GS_BASE,
	MSR_STATE_KERNEL_GS_BASE,
	MSR_STATE_TSC_AUX,
	MSR_STATES,
};

/* What the machine said when it started. */
struct msr_snapshot {
	uint64_t platform_id, microcode, misc_enable;
};

struct msr_facts {
	const struct cpu_policy *policy;
	const struct msr_snapshot *snapshot;
};

enum msr_verdict {
	MSR_FAULT,  /* #GP */
	MSR_DONE,   /* read: the value is there; write: nothing else to do */
	MSR_ASK,    /* the function of *state decides */
};

enum msr_verdict msr_policy_read(const struct msr_facts *f, uint32_t index, uint64_t *value, enum msr_state *state);
enum msr_verdict msr_policy_write(const struct msr_facts *f, uint32_t index, uint64_t value, enum msr_state *state);

/* The memory types that guests' entries name: WB, WT, UC-, UC, WC, WP, UC, UC. */
#define MSR_PAT_OF_GUESTS UINT64_C(0x0000050100070406)

/* What is done for PRED_CMD with this policy: the bits that may be set. */
uint64_t msr_pred_cmd_bits(const struct cpu_policy *policy);
