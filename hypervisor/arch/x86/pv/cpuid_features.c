/*
 * Which CPU features paravirtual guests may see.
 *
 * A feature is shown if it needs nothing of the hypervisor, or only what the hypervisor does for it. A guest's kernel runs
 * in ring 3: whatever is about paging modes, supervisor protections, its own interrupt controller or virtualization is
 * not for it. The rules:
 *
 *   F1  A feature that is in no list is hidden: new bits of new CPUs stay off until somebody has thought about them.
 *   F2  No feature is shown without all that it depends on.
 *
 * Deliberately absent, though some hypervisors show them: the speculation controls by MSR 0x48 (IBRS, STIBP, SSBD: the
 * register is not switched between vCPUs), DBEXT (its address masks would reach over the hypervisor), FFXSR (EFER is
 * fixed), transactional memory in the default set.
 */
#include "cpuid_features.h"

#define F(name) XEN_X86_FEATURE_##name

static const uint16_t pv_default[] = {
	F(FPU), F(DE), F(TSC), F(MSR), F(PAE), F(MCE), F(CX8), F(APIC), F(SEP), F(MCA), F(CMOV), F(PAT), F(CLFLUSH),
	F(ACPI), F(MMX), F(FXSR), F(SSE), F(SSE2), F(SS),
	F(SSE3), F(PCLMULQDQ), F(SSSE3), F(FMA), F(CX16), F(SSE4_1), F(SSE4_2), F(MOVBE), F(POPCNT), F(AESNI),
	F(XSAVE), F(AVX), F(F16C), F(RDRAND), F(HYPERVISOR),
	F(SYSCALL), F(NX), F(MMXEXT), F(RDTSCP), F(LM), F(3DNOWEXT), F(3DNOW),
	F(LAHF_LM), F(ABM), F(SSE4A), F(MISALIGNSSE), F(3DNOWPREFETCH), F(XOP), F(FMA4), F(TBM),
	F(XSAVEOPT), F(XSAVEC), F(XGETBV1),
	F(FSGSBASE), F(BMI1), F(AVX2), F(FDP_EXCP_ONLY), F(BMI2), F(ERMS), F(NO_FPU_SEL), F(AVX512F), F(AVX512DQ),
	F(RDSEED), F(ADX), F(AVX512_IFMA), F(CLFLUSHOPT), F(CLWB), F(AVX512PF), F(AVX512ER), F(AVX512CD), F(SHA),
	F(AVX512BW), F(AVX512VL),
	F(PREFETCHWT1), F(AVX512_VBMI), F(AVX512_VBMI2), F(GFNI), F(VAES), F(VPCLMULQDQ), F(AVX512_VNNI),
	F(AVX512_BITALG), F(AVX512_VPOPCNTDQ), F(RDPID), F(CLDEMOTE),
	F(CLZERO), F(RSTR_FP_ERR_PTRS), F(IBPB), F(SSB_NO), F(BTC_NO), F(IBPB_RET),
	F(AVX512_4VNNIW), F(AVX512_4FMAPS), F(FSRM), F(MD_CLEAR), F(SERIALIZE), F(AVX512_FP16), F(ARCH_CAPS),
	F(AVX_VNNI), F(AVX512_BF16), F(FZRM), F(FSRS), F(FSRCS),
	F(LFENCE_DISPATCH), F(VERW_CLEAR), F(NSCB), F(SBPB), F(IBPB_BRTYPE), F(SRSO_NO), F(SRSO_US_NO),
	F(MCDT_NO),
	F(RDCL_NO), F(RSBA), F(INTEL_SSB_NO), F(MDS_NO), F(IF_PSCHANGE_MC_NO), F(TAA_NO), F(SBDR_SSDP_NO),
	F(FBSDP_NO), F(PSDP_NO), F(FB_CLEAR), F(RRSBA), F(BHI_NO), F(PBRSB_NO), F(GDS_NO), F(RFDS_NO), F(RFDS_CLEAR),
	F(ITS_NO),
	F(TSA_SQ_NO), F(TSA_L1_NO),
};

/* A guest with an invariant time stamp must not move to a machine of another rate; the others ease attacks or are not
   needed by anybody yet. */
static const uint16_t pv_on_request[] = {
	F(ITSC), F(HLE), F(RTM), F(MOVDIRI), F(MOVDIR64B), F(AVX512_VP2INTERSECT), F(TSXLDTRK),
};

static const uint16_t decided_here[] = {
	F(OSXSAVE), F(HTT), F(CMP_LEGACY), F(OSPKE), F(APIC), F(HYPERVISOR), F(FDP_EXCP_ONLY), F(NO_FPU_SEL),
};

/* In an order in which one pass is enough: what is depended on has its own row before. */
static const struct {
	uint16_t feature, needs;
} dependencies[] = {
	{F(MMX), F(FPU)}, {F(FXSR), F(FPU)}, {F(XSAVE), F(FXSR)}, {F(SSE), F(FXSR)}, {F(SSE2), F(SSE)},
	{F(MMXEXT), F(MMX)}, {F(3DNOW), F(MMX)}, {F(3DNOWEXT), F(3DNOW)},
	{F(LM), F(SSE2)}, {F(LM), F(PAE)}, {F(NX), F(PAE)}, {F(CX16), F(LM)}, {F(LAHF_LM), F(LM)},
	{F(FSGSBASE), F(LM)}, {F(SSE3), F(SSE2)}, {F(PCLMULQDQ), F(SSE2)}, {F(AESNI), F(SSE2)}, {F(SHA), F(SSE2)},
	{F(GFNI), F(SSE2)}, {F(SSSE3), F(SSE3)}, {F(SSE4_1), F(SSSE3)}, {F(SSE4_2), F(SSE4_1)}, {F(SSE4A), F(SSE3)},
	{F(MISALIGNSSE), F(SSE)},
	{F(XSAVEOPT), F(XSAVE)}, {F(XSAVEC), F(XSAVE)}, {F(XGETBV1), F(XSAVE)}, {F(AVX), F(XSAVE)}, {F(AVX), F(SSE4_2)},
	{F(FMA), F(AVX)}, {F(FMA4), F(AVX)}, {F(F16C), F(AVX)}, {F(XOP), F(AVX)}, {F(AVX2), F(AVX)},
	{F(VAES), F(AVX)}, {F(VPCLMULQDQ), F(AVX)}, {F(AVX_VNNI), F(AVX2)}, {F(AVX512F), F(AVX2)},
	{F(AVX512F), F(FMA)}, {F(AVX512F), F(F16C)},
	{F(AVX512DQ), F(AVX512F)}, {F(AVX512_IFMA), F(AVX512F)}, {F(AVX512PF), F(AVX512F)}, {F(AVX512ER), F(AVX512F)},
	{F(AVX512CD), F(AVX512F)}, {F(AVX512BW), F(AVX512F)}, {F(AVX512VL), F(AVX512F)},
	{F(AVX512_VNNI), F(AVX512F)}, {F(AVX512_VPOPCNTDQ), F(AVX512F)}, {F(AVX512_4VNNIW), F(AVX512F)},
	{F(AVX512_4FMAPS), F(AVX512F)}, {F(AVX512_VP2INTERSECT), F(AVX512F)}, {F(AVX512_VBMI), F(AVX512BW)},
	{F(AVX512_VBMI2), F(AVX512BW)}, {F(AVX512_BITALG), F(AVX512BW)}, {F(AVX512_BF16), F(AVX512BW)},
	{F(AVX512_FP16), F(AVX512BW)},
	{F(TSXLDTRK), F(RTM)},
	{F(SBPB), F(IBPB)}, {F(IBPB_RET), F(IBPB)}, {F(IBPB_BRTYPE), F(IBPB)},
};

static uint32_t bits_of(const uint16_t *features, size_t count, unsigned int word)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < count; i++)
		if (features[i] / 32 == word)
			bits |= UINT32_C(1) << (features[i] % 32);
	return bits;
}

uint32_t features_in_word(enum feature_set set, unsigned int word)
{
	switch (set) {
	case FEATURES_PV_DEFAULT:
		return bits_of(pv_default, ARRAY_COUNT(pv_default), word);
	case FEATURES_PV_MAX:
		return bits_of(pv_default, ARRAY_COUNT(pv_default), word) |
		       bits_of(pv_on_request, ARRAY_COUNT(pv_on_request), word);
	case FEATURES_DECIDED_HERE:
		return bits_of(decided_here, ARRAY_COUNT(decided_here), word);
	}
	return 0;
}

void features_clear_dependent(struct cpu_policy *p)
{
	for (size_t i = 0; i < ARRAY_COUNT(dependencies); i++)
		if (!cpu_policy_has(p, dependencies[i].needs))
			cpu_policy_feature_set(p, dependencies[i].feature, false);
}
