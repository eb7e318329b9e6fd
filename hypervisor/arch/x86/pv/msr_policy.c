/*
 * Which model-specific registers guests have.
 *
 * One row a register (or run of registers): for whom it exists, what it reads as, what may be written. A register without
 * a row does not exist: reading and writing it is #GP, which kernels expect and survive. No row leads to the machine's
 * register, but for those of the vCPU itself (enum msr_state); what depends on the machine was read when it started.
 *
 * A zero in `write` is a refusal, so forgetting is safe.
 */
#include "msr_policy.h"

enum msr_for { FOR_ALL, FOR_INTEL, FOR_AMD };

enum msr_value {
	VALUE_NONE, /* cannot be read */
	VALUE_CONSTANT,
	VALUE_STATE,
	VALUE_EFER,
	VALUE_HWCR,
	VALUE_PLATFORM_INFO,
	VALUE_ARCH_CAPABILITIES,
	VALUE_PLATFORM_ID,
	VALUE_MICROCODE,
	VALUE_MISC_ENABLE,
};

enum msr_write {
	WRITE_REFUSED,
	WRITE_SAME,  /* what it reads as */
	WRITE_MASK,  /* bits of `mask`, to no effect */
	WRITE_STATE,
};

struct msr_row {
	uint32_t first;
	uint16_t count;
	uint8_t who;   /* enum msr_for */
	uint8_t value; /* enum msr_value */
	uint8_t write; /* enum msr_write */
	uint8_t state; /* enum msr_state */
	uint16_t feature; /* shown by the policy; 0: always */
	uint64_t constant, mask;
};

#define F(name) XEN_X86_FEATURE_##name
#define LOCKED 1
#define MACHINE_CHECK_BANKS 2
#define DE_CFG_LFENCE_SERIALIZES BIT(1)

/* Banks of four registers: control, status, address, more. Nothing was ever found wrong. */
#define MACHINE_CHECK_BANK(n)                                                                                          \
	{0x400 + 4 * (n), 1, FOR_ALL, VALUE_CONSTANT, WRITE_MASK, 0, F(MCA), UINT64_MAX, UINT64_MAX},                  \
	{0x401 + 4 * (n), 3, FOR_ALL, VALUE_CONSTANT, WRITE_MASK, 0, F(MCA), 0, 0}

static const struct msr_row rows[] = {
	/* First, as kernels read them on every context switch. */
	{0xc0000102, 1, FOR_ALL, VALUE_STATE, WRITE_STATE, MSR_STATE_KERNEL_GS_BASE, 0, 0, 0},
	{0xc0000101, 1, FOR_ALL, VALUE_STATE, WRITE_STATE, MSR_STATE_GS_BASE, 0, 0, 0},
	{0xc0000100, 1, FOR_ALL, VALUE_STATE, WRITE_STATE, MSR_STATE_FS_BASE, 0, 0, 0},
	{0x10, 1, FOR_ALL, VALUE_STATE, WRITE_REFUSED, MSR_STATE_TSC, F(TSC), 0, 0},
	{0x17, 1, FOR_INTEL, VALUE_PLATFORM_ID, WRITE_REFUSED, 0, 0, 0, 0},
	{0x1b, 1, FOR_ALL, VALUE_STATE, WRITE_STATE, MSR_STATE_APIC_BASE, F(APIC), 0, 0},
	{0x3a, 1, FOR_INTEL, VALUE_CONSTANT, WRITE_REFUSED, 0, 0, LOCKED, 0},
	{0x49, 1, FOR_ALL, VALUE_NONE, WRITE_STATE, MSR_STATE_PRED_CMD, F(IBPB), 0, 0},
	/* Intel's way to read it begins with writing 0. */
	{0x8b, 1, FOR_ALL, VALUE_MICROCODE, WRITE_MASK, 0, 0, 0, 0},
	{0xce, 1, FOR_INTEL, VALUE_PLATFORM_INFO, WRITE_REFUSED, 0, 0, 0, 0},
	{0x10a, 1, FOR_ALL, VALUE_ARCH_CAPABILITIES, WRITE_REFUSED, 0, F(ARCH_CAPS), 0, 0},
	{0x179, 1, FOR_ALL, VALUE_CONSTANT, WRITE_REFUSED, 0, F(MCA), MACHINE_CHECK_BANKS, 0},
	{0x17a, 1, FOR_ALL, VALUE_CONSTANT, WRITE_MASK, 0, F(MCA), 0, 0},
	{0x1a0, 1, FOR_INTEL, VALUE_MISC_ENABLE, WRITE_SAME, 0, 0, 0, 0},
	{0x277, 1, FOR_ALL, VALUE_CONSTANT, WRITE_REFUSED, 0, F(PAT), MSR_PAT_OF_GUESTS, 0},
	MACHINE_CHECK_BANK(0),
	MACHINE_CHECK_BANK(1),
	{0x40000000, 1, FOR_ALL, VALUE_CONSTANT, WRITE_STATE, MSR_STATE_HYPERCALL_PAGE, 0, 0, 0},
	{0xc0000080, 1, FOR_ALL, VALUE_EFER, WRITE_SAME, 0, 0, 0, 0},
	{0xc0000103, 1, FOR_ALL, VALUE_STATE, WRITE_STATE, MSR_STATE_TSC_AUX, F(RDTSCP), 0, 0},
	/* Performance counters that never count: drivers find that out and use none. */
	{0xc0010000, 8, FOR_AMD, VALUE_CONSTANT, WRITE_MASK, 0, 0, 0, UINT64_MAX},
	/* System configuration and tops of memory, which tell nothing. */
	{0xc0010010, 1, FOR_AMD, VALUE_CONSTANT, WRITE_REFUSED, 0, 0, 0, 0},
	{0xc0010015, 1, FOR_AMD, VALUE_HWCR, WRITE_MASK, 0, 0, 0, BIT(6) | BIT(24)},
	{0xc001001a, 1, FOR_AMD, VALUE_CONSTANT, WRITE_REFUSED, 0, 0, 0, 0},
	{0xc001001d, 1, FOR_AMD, VALUE_CONSTANT, WRITE_REFUSED, 0, 0, 0, 0},
	{0xc0011029, 1, FOR_AMD, VALUE_CONSTANT, WRITE_SAME, 0, 0, DE_CFG_LFENCE_SERIALIZES, 0},
};

#define EFER_SYSCALL BIT(0)
#define EFER_LONG_MODE_ENABLED BIT(8)
#define EFER_LONG_MODE_ACTIVE BIT(10)
#define EFER_NO_EXECUTE BIT(11)
#define HWCR_TSC_AT_P0 BIT(24)
/* Of MISC_ENABLE. Cleared: performance counters and MONITOR are there. Set: branch and event records are not, and priority
   messages are off. */
#define MISC_CLEAR (BIT(7) | BIT(18))
#define MISC_SET (BIT(11) | BIT(12) | BIT(23))

/* "GenuineIntel"; "AuthenticAMD" or "HygonGenuine". */
static bool vendor_is(const struct cpu_policy *p, enum msr_for who)
{
	uint32_t vendor = cpu_policy_leaf(p, 0, 0)[CPUID_EBX];

	return who == FOR_INTEL ? vendor == 0x756e6547 : vendor == 0x68747541 || vendor == 0x6f677948;
}

static bool is_for(const struct msr_row *row, const struct cpu_policy *p)
{
	if (row->feature && !cpu_policy_has(p, row->feature))
		return false;
	return row->who == FOR_ALL || vendor_is(p, row->who);
}

static const struct msr_row *row_find(const struct msr_facts *f, uint32_t index)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (index - rows[i].first < rows[i].count)
			return is_for(&rows[i], f->policy) ? &rows[i] : NULL;
	return NULL;
}

static uint64_t efer(const struct cpu_policy *p)
{
	return EFER_SYSCALL | EFER_LONG_MODE_ENABLED | EFER_LONG_MODE_ACTIVE |
	       (cpu_policy_has(p, F(NX)) ? EFER_NO_EXECUTE : 0);
}

static uint64_t row_value(const struct msr_row *row, const struct msr_facts *f)
{
	switch (row->value) {
	case VALUE_EFER:
		return efer(f->policy);
	case VALUE_HWCR:
		return cpu_policy_has(f->policy, F(ITSC)) ? HWCR_TSC_AT_P0 : 0;
	case VALUE_PLATFORM_INFO:
		return f->policy->platform_info;
	case VALUE_ARCH_CAPABILITIES:
		return f->policy->arch_capabilities;
	case VALUE_PLATFORM_ID:
		return f->snapshot->platform_id;
	case VALUE_MICROCODE:
		return f->snapshot->microcode;
	case VALUE_MISC_ENABLE:
		return (f->snapshot->misc_enable & ~MISC_CLEAR) | MISC_SET;
	default:
		return row->constant;
	}
}

enum msr_verdict msr_policy_read(const struct msr_facts *f, uint32_t index, uint64_t *value, enum msr_state *state)
{
	const struct msr_row *row = row_find(f, index);

	*state = row ? row->state : MSR_STATE_NONE;
	if (!row || row->value == VALUE_NONE)
		return MSR_FAULT;
	if (row->value == VALUE_STATE)
		return MSR_ASK;
	*value = row_value(row, f);
	return MSR_DONE;
}

enum msr_verdict msr_policy_write(const struct msr_facts *f, uint32_t index, uint64_t value, enum msr_state *state)
{
	const struct msr_row *row = row_find(f, index);

	*state = row ? row->state : MSR_STATE_NONE;
	if (!row)
		return MSR_FAULT;
	switch (row->write) {
	case WRITE_SAME:
		return value == row_value(row, f) ? MSR_DONE : MSR_FAULT;
	case WRITE_MASK:
		return value & ~row->mask ? MSR_FAULT : MSR_DONE;
	case WRITE_STATE:
		return MSR_ASK;
	default:
		return MSR_FAULT;
	}
}

uint64_t msr_pred_cmd_bits(const struct cpu_policy *policy)
{
	return (cpu_policy_has(policy, F(IBPB)) ? BIT(0) : 0) | (cpu_policy_has(policy, F(SBPB)) ? BIT(7) : 0);
}
