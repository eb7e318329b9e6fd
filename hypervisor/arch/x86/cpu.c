/*
 * What the machine's CPUs can do, and the control registers that follow from it.
 *
 * The boot CPU's CPUID decides for all, guests included; smp.c refuses a CPU that lacks something of it. Everything
 * is optional but long mode: each feature is used where present and the paths are right without it.
 */
#include "cpu.h"
#include "cpu_signature.h"
#include "ops.h"
#include "raw.h"
#include "panic.h"
#include <hyp/log.h>
#include <hyp/string.h>

struct cpu_features cpu_features;

/* Where STAC and CLAC are. */
extern uint8_t *const smap_sites_start[], *const smap_sites_end[];

/* The words of CPUID in which features are told, without the bits that follow control registers (OSXSAVE, OSPKE). */
static const struct {
	uint32_t leaf, reg, mask;
} feature_words[] = {
	{1, 3, UINT32_MAX},	   {1, 2, ~(UINT32_C(1) << 27)}, {7, 1, UINT32_MAX},	     {7, 2, ~(UINT32_C(1) << 4)},
	{7, 3, UINT32_MAX},	   {0x80000001, 3, UINT32_MAX},	 {0x80000001, 2, UINT32_MAX}, {0x80000007, 3, UINT32_MAX},
	{0x80000008, 1, UINT32_MAX},
};
static uint32_t boot_words[ARRAY_COUNT(feature_words)];

static uint32_t feature_word(unsigned int i)
{
	uint32_t last[4], r[4];

	cpuid(feature_words[i].leaf & 0x80000000, 0, last);
	if (last[0] < feature_words[i].leaf)
		return 0;
	cpuid(feature_words[i].leaf, 0, r);
	return r[feature_words[i].reg] & feature_words[i].mask;
}

bool cpu_features_suffice(void)
{
	for (unsigned int i = 0; i < ARRAY_COUNT(feature_words); i++)
		if (boot_words[i] & ~feature_word(i))
			return false;
	return true;
}

static bool has(const uint32_t regs[4], unsigned int reg, unsigned int bit) { return regs[reg] >> bit & 1; }

enum { EAX, EBX, ECX, EDX };

static void read_vendor(const uint32_t seven[4])
{
	uint64_t capabilities = 0;
	uint32_t r[4];

	cpuid(0, 0, r);
	/* "AuthenticAMD", "HygonGenuine" */
	cpu_features.amd = r[EBX] == 0x68747541 || r[EBX] == 0x6f677948;
	if (has(seven, EDX, 29))
		(void)msr_read_raw(MSR_ARCH_CAPABILITIES, &capabilities);
	/* "GenuineIntel", without RDCL_NO (Intel, deep dive on the L1 terminal fault). */
	cpu_features.l1tf = r[EBX] == 0x756e6547 && !(capabilities & BIT(0));
}

static uint32_t mxcsr_valid(void)
{
	uint8_t image[FPU_LEGACY_BYTES] __attribute__((aligned(16)));

	/* Without it the CPU need not save MXCSR. */
	cr4_write(cr4_read() | CR4_OSFXSR);
	__asm__ volatile("fxsave64 %0" : "=m"(image));
	return fpu_image_mxcsr_valid(image);
}

/* XSAVE: the components whose state guests may use. Protection keys and everything supervisor stay off. */
static void read_xsave(void)
{
	uint32_t r[4];
	uint64_t known = BIT(0) | BIT(1) | BIT(2) | BIT(5) | BIT(6) | BIT(7);

	cpu_features.fpu = (struct fpu_format){FPU_LEGACY_BYTES, mxcsr_valid(), cpu_features.xsave};
	cpu_features.xcr0 = FPU_LEGACY_COMPONENTS;
	if (!cpu_features.xsave)
		return;
	cpuid(0xd, 0, r);
	cpu_features.xcr0 = ((uint64_t)r[EDX] << 32 | r[EAX]) & known;
	/* AVX-512 is all three components or none. */
	if ((cpu_features.xcr0 & (BIT(5) | BIT(6) | BIT(7))) != (BIT(5) | BIT(6) | BIT(7)))
		cpu_features.xcr0 &= ~(BIT(5) | BIT(6) | BIT(7));
	cpu_features.fpu.bytes = FPU_LEGACY_BYTES + FPU_HEADER_BYTES;
	for (unsigned int i = 2; i < 63; i++) {
		if (!(cpu_features.xcr0 >> i & 1))
			continue;
		cpuid(0xd, i, r);
		cpu_features.fpu.bytes = MAX(cpu_features.fpu.bytes, r[EBX] + r[EAX]);
	}
	cpuid(0xd, 1, r);
	cpu_features.xsaveopt = r[EAX] & 1;
}

/* AMD, BIOS and Kernel Developer's Guides for families 0xf to 0x11, interrupt-pending register. */
static bool may_have_c1e(uint32_t signature)
{
	uint32_t family, model, stepping;

	cpu_signature_decode(signature, &family, &model, &stepping);
	return family >= 0xf && family <= 0x11;
}

void cpu_features_read(void)
{
	struct cpu_features *f = &cpu_features;
	uint32_t basic[4], one[4], seven[4] = {0}, ext[4], e1[4], e7[4] = {0}, e8[4] = {0};

	cpuid(0, 0, basic);
	cpuid(1, 0, one);
	if (basic[EAX] >= 7)
		cpuid(7, 0, seven);
	cpuid(0x80000000, 0, ext);
	cpuid(0x80000001, 0, e1);
	if (ext[EAX] >= 0x80000007)
		cpuid(0x80000007, 0, e7);
	if (ext[EAX] >= 0x80000008)
		cpuid(0x80000008, 0, e8);
	for (unsigned int i = 0; i < ARRAY_COUNT(feature_words); i++)
		boot_words[i] = feature_word(i);
	read_vendor(seven);
	f->nx = has(e1, EDX, 20);
	f->page_1gb = has(e1, EDX, 26);
	f->rdtscp = has(e1, EDX, 27);
	f->pge = has(one, EDX, 13);
	f->pat = has(one, EDX, 16);
	/* The one is of use only with the instruction INVPCID. */
	f->pcid = has(one, ECX, 17) && has(seven, EBX, 10);
	f->x2apic = has(one, ECX, 21);
	f->tsc_deadline = has(one, ECX, 24);
	f->xsave = has(one, ECX, 26);
	f->fsgsbase = has(seven, EBX, 0);
	f->smep = has(seven, EBX, 7);
	f->smap = has(seven, EBX, 20);
	f->umip = has(seven, ECX, 2);
	f->tsc_invariant = has(e7, EDX, 8);
	f->physical_bits = ext[EAX] >= 0x80000008 ? e8[EAX] & 0xff : 36;
	f->c1e = f->amd && may_have_c1e(one[EAX]);
	f->sysenter = !f->amd;
	if (!f->pat)
		refuse_to_start("this CPU has no page attribute table (PAT), which paravirtual guests depend on");
	read_xsave();
}

void cpu_smap_settle(void)
{
	static const uint8_t nop[] = {0x0f, 0x1f, 0x00}; /* as long as STAC and CLAC */

	if (cpu_features.smap)
		return;
	for (uint8_t *const *site = smap_sites_start; site < smap_sites_end; site++)
		memcpy(*site, nop, sizeof(nop));
}

void cpu_c1e_off(void)
{
	const uint64_t on_halt = BIT(27) | BIT(28); /* by the system management's doing, by the hardware's */
	uint64_t pending;

	if (msr_read_raw(MSR_AMD_INTERRUPT_PENDING, &pending) && pending & on_halt)
		(void)msr_write_raw(MSR_AMD_INTERRUPT_PENDING, pending & ~on_halt);
}

/* Also on CPUs that start later; a CPU has its tables loaded by then. */
void cpu_setup_registers(void)
{
	uint64_t cr4 = CR4_PAE | CR4_MCE | CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	const struct cpu_features *f = &cpu_features;
	uint64_t de_cfg;

	cr4 |= f->pge ? CR4_PGE : 0;
	cr4 |= f->smep ? CR4_SMEP : 0;
	cr4 |= f->smap ? CR4_SMAP : 0;
	cr4 |= f->pcid ? CR4_PCIDE : 0; /* the root that is loaded has identifier 0 */
	cr4 |= f->fsgsbase ? CR4_FSGSBASE : 0;
	cr4 |= f->xsave ? CR4_OSXSAVE : 0;
	msr_write(MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | (f->nx ? EFER_NX : 0));
	msr_write(MSR_PAT, PAT_VALUE);
	cr0_write(0x80050033); /* PG AM WP NE ET MP PE */
	cr4_write(cr4);
	if (f->xsave)
		(void)xsetbv_raw(f->xcr0);
	/* LFENCE waits for what is before it, as guests are told (AMD, software techniques for managing speculation). A
	   CPU without the register needs no telling. */
	if (f->amd && msr_read_raw(MSR_AMD_DE_CFG, &de_cfg))
		(void)msr_write_raw(MSR_AMD_DE_CFG, de_cfg | BIT(1));
	/* AC is clear, so user pages are out of reach outside the brackets (SMAP). */
	guest_access_end();
}
