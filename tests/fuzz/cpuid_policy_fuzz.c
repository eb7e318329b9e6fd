/*
 * Any CPU and any policy that the control tools may send.
 *
 * Input: a byte of what the hypervisor supports, then words for the raw leaves (what is missing is zero), then list
 * entries of 24 bytes. The derived policies must obey their invariants; entries are put into a copy of the default one,
 * which is then refused, or completed and asked: whatever was sent, it shows no feature beyond the most.
 */
#include <stdlib.h>
#include <string.h>

#include <arch/x86/pv/cpuid_features.h>
#include <hyp/pv/cpu_policy.h>

#define HOLDS(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			abort();                                                                                       \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Enough for the leaves with features in front, the rest is sizes and names. */
#define RAW_BYTES (CPU_POLICY_LEAVES * 16)

static void check_within(const struct cpu_policy *p, const struct cpu_policy *max)
{
	struct cpu_policy again = *p;

	for (unsigned int word = 0; word < CPU_FEATURE_WORDS; word++)
		HOLDS(!(cpu_policy_feature_word(p, word) & ~cpu_policy_feature_word(max, word)));
	/* One pass over the dependencies was enough. */
	features_clear_dependent(&again);
	HOLDS(!memcmp(&again, p, sizeof(again)));
	HOLDS(cpu_policy_leaf(p, 0, 0)[CPUID_EAX] <= CPUID_BASIC_LAST);
	HOLDS(xcr0_is_valid(cpu_policy_xcr0(p), 0xe7) || !cpu_policy_has(p, XEN_X86_FEATURE_XSAVE));
	HOLDS(!cpu_policy_has(p, XEN_X86_FEATURE_AVX512F) || cpu_policy_has(p, XEN_X86_FEATURE_AVX2));
	HOLDS(!p->platform_info);
}

static void check_answers(const struct cpu_policy *p, uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_view view = {.vcpu = subleaf & 127, .in_kernel = leaf & 1, .xcr0 = cpu_policy_xcr0(p)};
	uint32_t out[4];

	cpu_policy_answer(p, &view, leaf, subleaf, out);
	if (!cpu_policy_leaf(p, leaf, subleaf))
		HOLDS(!(out[0] | out[1] | out[2] | out[3]));
}

/* A list that was read comes back to the same policy, up to what leaves beyond the largest hold. */
static void check_list(const struct cpu_policy *p, const struct cpu_policy *max)
{
	struct cpu_policy_error error = CPU_POLICY_NO_ERROR;
	struct cpu_policy copy = *p;
	struct xen_cpuid_leaf entry;

	for (unsigned int i = 0; i < CPU_POLICY_LEAVES + 2; i++)
		if (cpu_policy_list_leaf(p, i, &entry))
			HOLDS(cpu_policy_put_leaf(&copy, &entry, &error) == OK);
	HOLDS(!memcmp(&copy, p, sizeof(copy)));
	HOLDS(cpu_policy_check(&copy, max, &error) == OK);
	HOLDS(error.leaf == UINT32_MAX && error.msr == UINT32_MAX);
}

static void send_list(const struct cpu_policies *all, const uint8_t *data, size_t size)
{
	struct cpu_policy_error error = CPU_POLICY_NO_ERROR;
	struct cpu_policy p = all->pv_default;
	struct xen_cpuid_leaf entry;

	for (; size >= sizeof(entry); data += sizeof(entry), size -= sizeof(entry)) {
		memcpy(&entry, data, sizeof(entry));
		if (entry.leaf == 0xce || entry.leaf == 0x10a) {
			struct xen_msr_entry msr = {.idx = entry.leaf, .flags = entry.subleaf, .val = entry.a};

			(void)cpu_policy_put_msr(&p, &msr, &error);
		} else {
			(void)cpu_policy_put_leaf(&p, &entry, &error);
		}
		check_answers(&all->domain0, entry.leaf, entry.subleaf);
	}
	if (cpu_policy_check(&p, &all->pv_max, &error) != OK) {
		HOLDS(error.leaf != UINT32_MAX || error.msr != UINT32_MAX);
		return;
	}
	cpu_policy_complete(&p, &all->pv_max, &all->host);
	check_within(&p, &all->pv_max);
	check_list(&p, &all->pv_max);
	check_answers(&p, 0xd, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cpu_policies all;
	struct cpu_policy_support support = {};
	size_t raw;

	if (size < 1)
		return 0;
	support.xcr0 = data[0] & 1 ? 0xe7 : data[0] & 2 ? 7 : data[0] & 4 ? 3 : 0;
	support.fsgsbase = support.nx = support.rdtscp = data[0] & 8;
	support.tsc_invariant = data[0] & 16;
	data++;
	size--;
	memset(&all, 0, sizeof(all));
	raw = MIN(size, (size_t)RAW_BYTES);
	memcpy(all.raw.leaf, data, raw);
	memset(&all.raw.arch_capabilities, raw & 1 ? 0xff : 0, sizeof(all.raw.arch_capabilities));
	cpu_policies_derive(&all, &support);
	check_within(&all.pv_max, &all.pv_max);
	check_within(&all.pv_default, &all.pv_max);
	check_within(&all.domain0, &all.pv_max);
	check_list(&all.pv_default, &all.pv_max);
	send_list(&all, data + raw, size - raw);
	return 0;
}
