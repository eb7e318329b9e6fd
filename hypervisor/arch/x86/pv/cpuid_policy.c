/*
 * The table of CPUID leaves that a policy is: finding a leaf, deriving policies, answering, and the tools' lists.
 *
 * Leaves stand in the order of `groups`. A leaf is either of one kind or of the other: with subleaves (4, 7, 0xb, 0xd) or
 * without; of the former all that the ABI has room for are kept. Invariants of a policy that is complete:
 *
 *   P1  Its features are among those of pv_max, with all that they depend on (see cpuid_features.c).
 *   P2  Topology, power, debug and performance-counter leaves are zero: a guest's vCPUs wander.
 *   P3  Leaf 0xd describes exactly the state components whose features are shown.
 */
#include <hyp/pv/cpu_policy.h>

#include "cpuid_features.h"
#include <hyp/log.h>
#include <hyp/string.h>

/* A run of leaves without subleaves, or one leaf with some. */
struct leaf_group {
	uint32_t first;
	uint16_t leaves, subleaves;
};

static const struct leaf_group groups[] = {
	{0x0, 4, 0},  {0x4, 1, 6}, {0x5, 2, 0}, {0x7, 1, 3},  {0x8, 3, 0},
	{0xb, 1, 2}, {0xc, 1, 0}, {0xd, 1, 63}, {CPUID_EXTENDED_FIRST, 34, 0},
};

#define XSAVE_HEADER_END 576u /* the legacy area and the header */
#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
#define XCR0_AVX512 (BIT(5) | BIT(6) | BIT(7))
#define COMPONENT_ALIGNED 2u /* in ecx of leaf 0xd: in the compact form it starts at a multiple of 64 */

static unsigned int group_size(const struct leaf_group *g) { return g->subleaves ? g->subleaves : g->leaves; }

/* Where the leaf stands; CPU_POLICY_LEAVES if nowhere. */
static unsigned int leaf_position(uint32_t leaf, uint32_t subleaf)
{
	unsigned int start = 0;

	for (size_t i = 0; i < ARRAY_COUNT(groups); start += group_size(&groups[i]), i++) {
		const struct leaf_group *g = &groups[i];

		if (leaf - g->first >= g->leaves)
			continue;
		if (!g->subleaves)
			return start + (leaf - g->first);
		return subleaf < g->subleaves ? start + subleaf : CPU_POLICY_LEAVES;
	}
	return CPU_POLICY_LEAVES;
}

bool cpuid_leaf_has_subleaves(uint32_t leaf)
{
	for (size_t i = 0; i < ARRAY_COUNT(groups); i++)
		if (groups[i].first == leaf && groups[i].subleaves)
			return true;
	return false;
}

const uint32_t *cpu_policy_leaf(const struct cpu_policy *p, uint32_t leaf, uint32_t subleaf)
{
	unsigned int position = leaf_position(leaf, subleaf);

	return position < CPU_POLICY_LEAVES ? p->leaf[position] : NULL;
}

uint32_t *cpu_policy_leaf_edit(struct cpu_policy *p, uint32_t leaf, uint32_t subleaf)
{
	unsigned int position = leaf_position(leaf, subleaf);

	return position < CPU_POLICY_LEAVES ? p->leaf[position] : NULL;
}

/* Of a leaf that is in the table, as all those are that this file names. */
static uint32_t *leaf_known(struct cpu_policy *p, uint32_t leaf, uint32_t subleaf)
{
	unsigned int position = leaf_position(leaf, subleaf);

	CHECK(position < CPU_POLICY_LEAVES);
	return p->leaf[position];
}

static const uint32_t *leaf_of(const struct cpu_policy *p, uint32_t leaf, uint32_t subleaf)
{
	unsigned int position = leaf_position(leaf, subleaf);

	CHECK(position < CPU_POLICY_LEAVES);
	return p->leaf[position];
}

/* Features: where each word of the ABI's numbering is found. ------------------------------------------------------ */

static const struct {
	uint32_t leaf;
	uint8_t subleaf;
	uint8_t reg;
} feature_words[CPU_FEATURE_WORDS] = {
	{0x1, 0, CPUID_EDX},	    {0x1, 0, CPUID_ECX},	{0x80000001, 0, CPUID_EDX}, {0x80000001, 0, CPUID_ECX},
	{0xd, 1, CPUID_EAX},	    {0x7, 0, CPUID_EBX},	{0x7, 0, CPUID_ECX},	    {0x80000007, 0, CPUID_EDX},
	{0x80000008, 0, CPUID_EBX}, {0x7, 0, CPUID_EDX},	{0x7, 1, CPUID_EAX},	    {0x80000021, 0, CPUID_EAX},
	{0x7, 1, CPUID_EBX},	    {0x7, 2, CPUID_EDX},	{0x7, 1, CPUID_ECX},	    {0x7, 1, CPUID_EDX},
	{0, 0, 0},		    {0, 0, 0},			{0x80000021, 0, CPUID_ECX},
};
/* These two are the halves of MSR 0x10a. */
#define WORD_ARCH_LOW 16u
#define WORD_ARCH_HIGH 17u
#define MSR_PLATFORM_INFO 0xceu
#define MSR_ARCH_CAPABILITIES 0x10au

static bool word_is_msr(unsigned int word) { return word == WORD_ARCH_LOW || word == WORD_ARCH_HIGH; }

uint32_t cpu_policy_feature_word(const struct cpu_policy *p, unsigned int word)
{
	if (word >= CPU_FEATURE_WORDS)
		return 0;
	if (word_is_msr(word))
		return (uint32_t)(p->arch_capabilities >> (word == WORD_ARCH_HIGH ? 32 : 0));
	return leaf_of(p, feature_words[word].leaf, feature_words[word].subleaf)[feature_words[word].reg];
}

static void word_set(struct cpu_policy *p, unsigned int word, uint32_t value)
{
	unsigned int shift = word == WORD_ARCH_HIGH ? 32 : 0;

	if (word_is_msr(word))
		p->arch_capabilities = (p->arch_capabilities & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift;
	else
		leaf_known(p, feature_words[word].leaf, feature_words[word].subleaf)[feature_words[word].reg] = value;
}

bool cpu_policy_has(const struct cpu_policy *p, unsigned int feature)
{
	return cpu_policy_feature_word(p, feature / 32) >> (feature % 32) & 1;
}

void cpu_policy_feature_set(struct cpu_policy *p, unsigned int feature, bool on)
{
	uint32_t bit = UINT32_C(1) << (feature % 32), value = cpu_policy_feature_word(p, feature / 32);

	word_set(p, feature / 32, on ? value | bit : value & ~bit);
}

/* "AuthenticAMD", "HygonGenuine". */
static bool is_amd(const struct cpu_policy *p)
{
	uint32_t vendor = leaf_of(p, 0, 0)[CPUID_EBX];

	return vendor == 0x68747541 || vendor == 0x6f677948;
}

/* State components. ------------------------------------------------------------------------------------------------ */

uint64_t cpu_policy_xcr0(const struct cpu_policy *p)
{
	uint64_t xcr0 = XCR0_X87 | XCR0_SSE;

	if (!cpu_policy_has(p, XEN_X86_FEATURE_XSAVE))
		return 0;
	xcr0 |= cpu_policy_has(p, XEN_X86_FEATURE_AVX) ? XCR0_AVX : 0;
	xcr0 |= cpu_policy_has(p, XEN_X86_FEATURE_AVX512F) ? XCR0_AVX512 : 0;
	return xcr0;
}

bool xcr0_is_valid(uint64_t value, uint64_t allowed)
{
	if ((value & ~allowed) || !(value & XCR0_X87))
		return false;
	if ((value & XCR0_AVX) && !(value & XCR0_SSE))
		return false;
	if ((value & XCR0_AVX512) && ((value & XCR0_AVX512) != XCR0_AVX512 || !(value & XCR0_AVX)))
		return false;
	return true;
}

/* The bytes that XSAVE stores with these components, or XSAVEC. Offsets and sizes are the CPU's. */
static uint32_t state_bytes(const struct cpu_policy *p, uint64_t xcr0, bool compact)
{
	uint32_t bytes = XSAVE_HEADER_END;

	for (unsigned int i = 2; i < 63; i++) {
		const uint32_t *component = leaf_of(p, 0xd, i);

		if (!(xcr0 >> i & 1))
			continue;
		if (!compact) {
			bytes = MAX(bytes, component[CPUID_EBX] + component[CPUID_EAX]);
			continue;
		}
		if (component[CPUID_ECX] & COMPONENT_ALIGNED)
			bytes = ROUND_UP(bytes, 64u);
		bytes += component[CPUID_EAX];
	}
	return bytes;
}

static void complete_state(struct cpu_policy *p, const struct cpu_policy *host)
{
	uint64_t xcr0 = cpu_policy_xcr0(p);
	uint32_t *whole = leaf_known(p, 0xd, 0), *features = leaf_known(p, 0xd, 1);

	for (unsigned int i = 2; i < 63; i++) {
		uint32_t *component = leaf_known(p, 0xd, i);

		memset(component, 0, sizeof(p->leaf[0]));
		if (xcr0 >> i & 1) {
			memcpy(component, leaf_of(host, 0xd, i), sizeof(p->leaf[0]));
			component[CPUID_ECX] &= COMPONENT_ALIGNED;
			component[CPUID_EDX] = 0;
		}
	}
	features[CPUID_EBX] = features[CPUID_ECX] = features[CPUID_EDX] = 0;
	memset(whole, 0, sizeof(p->leaf[0]));
	if (!xcr0)
		return;
	whole[CPUID_EAX] = (uint32_t)xcr0;
	whole[CPUID_EBX] = whole[CPUID_ECX] = state_bytes(p, xcr0, false);
	whole[CPUID_EDX] = (uint32_t)(xcr0 >> 32);
}

/* Completing and deriving. ----------------------------------------------------------------------------------------- */

/* P2. Serial number; MONITOR, power; cache access, performance counters; topology; SVM, cache topology, sampling and
   encryption of AMD. Intel's leaf 4 has topology in its upper bits. */
static void complete_hidden(struct cpu_policy *p)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{0x3, 0x3}, {0x5, 0x6}, {0x8, 0xc}, {0x80000009, 0x80000019}, {0x8000001b, 0x80000020},
	};

	for (size_t i = 0; i < ARRAY_COUNT(hidden); i++)
		for (uint32_t leaf = hidden[i].first; leaf <= hidden[i].last; leaf++)
			for (uint32_t subleaf = 0; subleaf < (cpuid_leaf_has_subleaves(leaf) ? 2 : 1); subleaf++)
				memset(leaf_known(p, leaf, subleaf), 0, sizeof(p->leaf[0]));
	for (uint32_t subleaf = 0; subleaf < 6; subleaf++)
		leaf_known(p, 4, subleaf)[CPUID_EAX] &= 0x3fff;
}

/* Largest leaves, and what must be the machine's: the vendor and the width of addresses. */
static void complete_limits(struct cpu_policy *p, const struct cpu_policy *max, const struct cpu_policy *host)
{
	static const uint32_t limited[] = {0x0, 0x7, CPUID_EXTENDED_FIRST};
	uint32_t *sizes = leaf_known(p, 0x80000008, 0);

	for (size_t i = 0; i < ARRAY_COUNT(limited); i++) {
		uint32_t *leaf = leaf_known(p, limited[i], 0);

		leaf[CPUID_EAX] = MIN(leaf[CPUID_EAX], leaf_of(max, limited[i], 0)[CPUID_EAX]);
		if (limited[i] != 0x7)
			memcpy(leaf + 1, leaf_of(host, limited[i], 0) + 1, 3 * sizeof(*leaf));
	}
	sizes[CPUID_EAX] = leaf_of(host, 0x80000008, 0)[CPUID_EAX] & 0xffff;
	sizes[CPUID_ECX] = sizes[CPUID_EDX] = 0;
}

/* Registers of leaves with features that hold something else too. */
static void complete_rest(struct cpu_policy *p, const struct cpu_policy *host)
{
	uint32_t *one = leaf_known(p, 1, 0), *two = leaf_known(p, 7, 2);
	uint32_t *extended = leaf_known(p, 0x80000001, 0), *power = leaf_known(p, 0x80000007, 0);
	uint32_t *more = leaf_known(p, 0x80000021, 0);

	/* Brand index and line size; the rest is of the vCPU. */
	one[CPUID_EBX] &= 0xffff;
	two[CPUID_EAX] = two[CPUID_EBX] = two[CPUID_ECX] = 0;
	extended[CPUID_EBX] = 0;
	if (is_amd(host))
		extended[CPUID_EDX] |= one[CPUID_EDX] & FEATURES_REPEATED;
	power[CPUID_EAX] = power[CPUID_EBX] = power[CPUID_ECX] = 0;
	more[CPUID_EBX] = more[CPUID_EDX] = 0;
	p->platform_info = 0;
	if (!cpu_policy_has(p, XEN_X86_FEATURE_ARCH_CAPS))
		p->arch_capabilities = 0;
}

void cpu_policy_complete(struct cpu_policy *p, const struct cpu_policy *max, const struct cpu_policy *host)
{
	for (unsigned int word = 0; word < CPU_FEATURE_WORDS; word++) {
		uint32_t ours = features_in_word(FEATURES_DECIDED_HERE, word), most = cpu_policy_feature_word(max, word);
		uint32_t value = cpu_policy_feature_word(p, word);

		if (word == XEN_X86_FEATURE_LM / 32)
			value &= features_in_word(FEATURES_PV_MAX, word);
		word_set(p, word, (value & most & ~ours) | (most & ours));
	}
	features_clear_dependent(p);
	complete_hidden(p);
	complete_limits(p, max, host);
	complete_rest(p, host);
	complete_state(p, host);
}

/* The features of `set` alone. */
static void restrict_to(struct cpu_policy *p, enum feature_set set)
{
	for (unsigned int word = 0; word < CPU_FEATURE_WORDS; word++)
		word_set(p, word, cpu_policy_feature_word(p, word) & features_in_word(set, word));
}

static void apply_support(struct cpu_policy *p, const struct cpu_policy_support *s)
{
	const struct {
		bool supported;
		unsigned int feature;
	} needed[] = {
		{s->xcr0 != 0, XEN_X86_FEATURE_XSAVE},
		{s->xcr0 & XCR0_AVX, XEN_X86_FEATURE_AVX},
		{(s->xcr0 & XCR0_AVX512) == XCR0_AVX512, XEN_X86_FEATURE_AVX512F},
		{s->fsgsbase, XEN_X86_FEATURE_FSGSBASE},
		{s->nx, XEN_X86_FEATURE_NX},
		{s->rdtscp, XEN_X86_FEATURE_RDTSCP},
		{s->tsc_invariant, XEN_X86_FEATURE_ITSC},
	};

	for (size_t i = 0; i < ARRAY_COUNT(needed); i++)
		if (!needed[i].supported)
			cpu_policy_feature_set(p, needed[i].feature, false);
	cpu_policy_feature_set(p, XEN_X86_FEATURE_HYPERVISOR, true);
}

static void derive_host(struct cpu_policy *host)
{
	uint32_t *basic = leaf_known(host, 0, 0), *seven = leaf_known(host, 7, 0);
	uint32_t *extended = leaf_known(host, CPUID_EXTENDED_FIRST, 0);

	basic[CPUID_EAX] = MIN(basic[CPUID_EAX], CPUID_BASIC_LAST);
	seven[CPUID_EAX] = MIN(seven[CPUID_EAX], 2u);
	extended[CPUID_EAX] = MIN(extended[CPUID_EAX], CPUID_EXTENDED_LAST);
}

void cpu_policies_derive(struct cpu_policies *all, const struct cpu_policy_support *support)
{
	all->host = all->raw;
	derive_host(&all->host);

	all->pv_max = all->host;
	restrict_to(&all->pv_max, FEATURES_PV_MAX);
	/* Intel's bit for both controls; the barrier alone has AMD's. */
	if (cpu_policy_has(&all->host, XEN_X86_FEATURE_IBRSB))
		cpu_policy_feature_set(&all->pv_max, XEN_X86_FEATURE_IBPB, true);
	apply_support(&all->pv_max, support);
	cpu_policy_complete(&all->pv_max, &all->pv_max, &all->host);

	all->pv_default = all->pv_max;
	restrict_to(&all->pv_default, FEATURES_PV_DEFAULT);
	cpu_policy_complete(&all->pv_default, &all->pv_max, &all->host);

	/* Domain 0 stays on this machine. */
	all->domain0 = all->pv_default;
	cpu_policy_feature_set(&all->domain0, XEN_X86_FEATURE_ITSC, true);
	cpu_policy_complete(&all->domain0, &all->pv_max, &all->host);
}

const struct cpu_policy *cpu_policy_numbered(const struct cpu_policies *all, uint32_t index)
{
	switch (index) {
	case XEN_SYSCTL_cpu_policy_raw:
		return &all->raw;
	case XEN_SYSCTL_cpu_policy_host:
		return &all->host;
	case XEN_SYSCTL_cpu_policy_pv_max:
		return &all->pv_max;
	case XEN_SYSCTL_cpu_policy_pv_default:
		return &all->pv_default;
	default:
		return NULL;
	}
}

const struct cpu_policy *cpu_featureset_numbered(const struct cpu_policies *all, uint32_t index)
{
	switch (index) {
	case XEN_SYSCTL_cpu_featureset_raw:
		return &all->raw;
	case XEN_SYSCTL_cpu_featureset_host:
		return &all->host;
	case XEN_SYSCTL_cpu_featureset_pv:
		return &all->pv_default;
	case XEN_SYSCTL_cpu_featureset_pv_max:
		return &all->pv_max;
	default:
		return NULL;
	}
}

/* Answering. ------------------------------------------------------------------------------------------------------- */

static bool leaf_is_shown(const struct cpu_policy *p, uint32_t leaf)
{
	if (leaf < CPUID_EXTENDED_FIRST)
		return leaf <= leaf_of(p, 0, 0)[CPUID_EAX];
	return leaf <= leaf_of(p, CPUID_EXTENDED_FIRST, 0)[CPUID_EAX];
}

static void answer_vcpu(const struct cpu_policy *p, const struct cpuid_view *view, uint32_t out[4])
{
	bool osxsave = view->in_kernel ? cpu_policy_has(p, XEN_X86_FEATURE_XSAVE) : view->osxsave;

	/* APIC ids are even: no two vCPUs look like threads of one core. */
	out[CPUID_EBX] |= (view->vcpu * 2 & 0xff) << 24;
	if (osxsave)
		out[CPUID_ECX] |= UINT32_C(1) << (XEN_X86_FEATURE_OSXSAVE % 32);
}

static void answer_state(const struct cpu_policy *p, const struct cpuid_view *view, uint32_t subleaf, uint32_t out[4])
{
	if (!cpu_policy_has(p, XEN_X86_FEATURE_XSAVE))
		return;
	if (subleaf == 0)
		out[CPUID_EBX] = state_bytes(p, view->xcr0, false);
	else if (subleaf == 1 && cpu_policy_has(p, XEN_X86_FEATURE_XSAVEC))
		out[CPUID_EBX] = state_bytes(p, view->xcr0, true);
}

void cpu_policy_answer(const struct cpu_policy *p, const struct cpuid_view *view, uint32_t leaf, uint32_t subleaf,
		       uint32_t out[4])
{
	const uint32_t *found = leaf_is_shown(p, leaf) ? cpu_policy_leaf(p, leaf, subleaf) : NULL;

	memset(out, 0, sizeof(p->leaf[0]));
	if (!found)
		return;
	memcpy(out, found, sizeof(p->leaf[0]));
	if (leaf == 1)
		answer_vcpu(p, view, out);
	else if (leaf == 0xd)
		answer_state(p, view, subleaf, out);
}

/* Lists. ----------------------------------------------------------------------------------------------------------- */

/*
 * Is the subleaf in the list? Stock tools copy what they read into a structure of their own and write that one back into
 * a list of the same length; so the list has to end where theirs does: subleaves of 4 and 0xb with the first of no type,
 * those of 7 with the one that its first names, those of 0xd with the highest component, holes included.
 */
static bool subleaf_is_listed(const struct cpu_policy *p, uint32_t leaf, uint32_t subleaf)
{
	const uint32_t *first = cpu_policy_leaf(p, leaf, 0), *second = cpu_policy_leaf(p, leaf, 1);
	uint64_t components;

	switch (leaf) {
	case 4:
		for (uint32_t i = 0; i < subleaf; i++)
			if (!(cpu_policy_leaf(p, leaf, i)[CPUID_EAX] & 0x1f))
				return false;
		return true;
	case 0xb:
		for (uint32_t i = 0; i < subleaf; i++)
			if (!(cpu_policy_leaf(p, leaf, i)[CPUID_ECX] >> 8 & 0xff))
				return false;
		return true;
	case 0xd:
		components = (uint64_t)(first[CPUID_EDX] | second[CPUID_EDX]) << 32 | first[CPUID_EAX] | second[CPUID_ECX];
		return subleaf < 2 || components >> subleaf;
	default:
		return subleaf <= first[CPUID_EAX];
	}
}

/* Behind the leaves: how many leaves of a hypervisor there shall be, of two kinds; the tools' structure has both. */
static bool list_limit(unsigned int number, struct xen_cpuid_leaf *out)
{
	if (number >= CPU_POLICY_LIST_MAX)
		return false;
	*out = (struct xen_cpuid_leaf){
		.leaf = CPUID_HYPERVISOR_FIRST + 0x100 * (number - CPU_POLICY_LEAVES),
		.subleaf = XEN_CPUID_NO_SUBLEAF,
	};
	return true;
}

bool cpu_policy_list_leaf(const struct cpu_policy *p, unsigned int number, struct xen_cpuid_leaf *out)
{
	const struct leaf_group *g = groups;
	unsigned int at = number;
	const uint32_t *leaf;

	if (number >= CPU_POLICY_LEAVES)
		return list_limit(number, out);
	leaf = p->leaf[number];
	for (; at >= group_size(g); g++)
		at -= group_size(g);
	*out = (struct xen_cpuid_leaf){
		.leaf = g->subleaves ? g->first : g->first + at,
		.subleaf = g->subleaves ? at : XEN_CPUID_NO_SUBLEAF,
		.a = leaf[CPUID_EAX],
		.b = leaf[CPUID_EBX],
		.c = leaf[CPUID_ECX],
		.d = leaf[CPUID_EDX],
	};
	return leaf_is_shown(p, out->leaf) && (!g->subleaves || subleaf_is_listed(p, out->leaf, at));
}

unsigned int cpu_policy_list_count(const struct cpu_policy *p)
{
	struct xen_cpuid_leaf entry;
	unsigned int count = 0;

	for (unsigned int i = 0; i < CPU_POLICY_LIST_MAX; i++)
		count += cpu_policy_list_leaf(p, i, &entry);
	return count;
}

bool cpu_policy_list_msr(const struct cpu_policy *p, unsigned int number, struct xen_msr_entry *out)
{
	if (number >= CPU_POLICY_MSRS)
		return false;
	*out = (struct xen_msr_entry){
		.idx = number ? MSR_ARCH_CAPABILITIES : MSR_PLATFORM_INFO,
		.val = number ? p->arch_capabilities : p->platform_info,
	};
	return true;
}

static enum status refuse_leaf(struct cpu_policy_error *error, uint32_t leaf, uint32_t subleaf, enum status s)
{
	error->leaf = leaf;
	error->subleaf = subleaf;
	return s;
}

static enum status refuse_msr(struct cpu_policy_error *error, uint32_t msr, enum status s)
{
	error->msr = msr;
	return s;
}

enum status cpu_policy_put_leaf(struct cpu_policy *p, const struct xen_cpuid_leaf *entry, struct cpu_policy_error *error)
{
	bool has_subleaf = entry->subleaf != XEN_CPUID_NO_SUBLEAF;
	uint32_t *leaf = cpu_policy_leaf_edit(p, entry->leaf, entry->subleaf);

	/* How many leaves of a hypervisor the tools would like; there are as many as there are. */
	if ((entry->leaf == CPUID_HYPERVISOR_FIRST || entry->leaf == CPUID_HYPERVISOR_FIRST + 0x100) && !has_subleaf)
		return OK;
	if (!leaf || has_subleaf != cpuid_leaf_has_subleaves(entry->leaf))
		return refuse_leaf(error, entry->leaf, entry->subleaf, E_RANGE);
	leaf[CPUID_EAX] = entry->a;
	leaf[CPUID_EBX] = entry->b;
	leaf[CPUID_ECX] = entry->c;
	leaf[CPUID_EDX] = entry->d;
	return OK;
}

enum status cpu_policy_put_msr(struct cpu_policy *p, const struct xen_msr_entry *entry, struct cpu_policy_error *error)
{
	if (entry->flags)
		return refuse_msr(error, entry->idx, E_INVAL);
	switch (entry->idx) {
	case MSR_PLATFORM_INFO:
		p->platform_info = entry->val;
		return OK;
	case MSR_ARCH_CAPABILITIES:
		p->arch_capabilities = entry->val;
		return OK;
	default:
		return refuse_msr(error, entry->idx, E_RANGE);
	}
}

static enum status check_limits(const struct cpu_policy *p, const struct cpu_policy *max, struct cpu_policy_error *error)
{
	static const uint32_t limited[] = {0x0, 0x7, CPUID_EXTENDED_FIRST};

	for (size_t i = 0; i < ARRAY_COUNT(limited); i++) {
		const uint32_t *ours = leaf_of(p, limited[i], 0), *most = leaf_of(max, limited[i], 0);
		bool is_vendor = limited[i] == 0;

		/* Does it show more leaves than there are, or another vendor's CPU? */
		if (ours[CPUID_EAX] > most[CPUID_EAX] ||
		    (is_vendor && memcmp(ours + 1, most + 1, 3 * sizeof(*ours))))
			return refuse_leaf(error, limited[i],
					   cpuid_leaf_has_subleaves(limited[i]) ? 0 : XEN_CPUID_NO_SUBLEAF, E_INVAL);
	}
	return OK;
}

enum status cpu_policy_check(const struct cpu_policy *p, const struct cpu_policy *max, struct cpu_policy_error *error)
{
	enum status s = check_limits(p, max, error);

	if (s)
		return s;
	for (unsigned int word = 0; word < CPU_FEATURE_WORDS; word++) {
		/* What no guest can have is not refused: cpu_policy_complete takes it away, and no guest was ever promised it. */
		uint32_t beyond = cpu_policy_feature_word(p, word) & ~cpu_policy_feature_word(max, word) &
				  features_in_word(FEATURES_PV_MAX, word) & ~features_in_word(FEATURES_DECIDED_HERE, word);

		/* AMD's copies follow from what they are copies of. */
		if (word == XEN_X86_FEATURE_LM / 32)
			beyond &= ~FEATURES_REPEATED;
		if (!beyond)
			continue;
		if (word_is_msr(word))
			return refuse_msr(error, MSR_ARCH_CAPABILITIES, E_INVAL);
		return refuse_leaf(error, feature_words[word].leaf,
				   cpuid_leaf_has_subleaves(feature_words[word].leaf) ? feature_words[word].subleaf :
											XEN_CPUID_NO_SUBLEAF,
				   E_INVAL);
	}
	if (p->platform_info & ~max->platform_info)
		return refuse_msr(error, MSR_PLATFORM_INFO, E_INVAL);
	return OK;
}
