#pragma once
/* Instructions that C has no word for, one function each. */
#include <hyp/io.h>
#include <hyp/pv/rflags.h>
#include <hyp/types.h>

#define CR0_TS BIT(3)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PGE BIT(7)
#define CR4_MCE BIT(6)
#define CR4_PAE BIT(5)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)

#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_PAT 0x277
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SFMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX 0xc0000103
#define MSR_ARCH_CAPABILITIES 0x10a
#define MSR_AMD_DE_CFG 0xc0011029
#define MSR_AMD_INTERRUPT_PENDING 0xc0010055
#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NX BIT(11)

/* WB, WT, UC-, UC, WC, WP, UC, UC: what PV guests find and use (their entries carry these indexes). */
#define PAT_VALUE UINT64_C(0x0000050100070406)

#define DEFINE_CR(n)                                                                                                   \
	static inline uint64_t cr##n##_read(void)                                                                      \
	{                                                                                                              \
		uint64_t v;                                                                                            \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v));                                                      \
		return v;                                                                                              \
	}                                                                                                              \
	static inline void cr##n##_write(uint64_t v) { __asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory"); }
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)
#undef DEFINE_CR

#define DEFINE_DR(n)                                                                                                   \
	static inline uint64_t dr##n##_read(void)                                                                      \
	{                                                                                                              \
		uint64_t v;                                                                                            \
		__asm__ volatile("mov %%db" #n ", %0" : "=r"(v));                                                      \
		return v;                                                                                              \
	}                                                                                                              \
	static inline void dr##n##_write(uint64_t v) { __asm__ volatile("mov %0, %%db" #n : : "r"(v)); }
DEFINE_DR(0)
DEFINE_DR(1)
DEFINE_DR(2)
DEFINE_DR(3)
DEFINE_DR(6)
DEFINE_DR(7)
#undef DEFINE_DR

#define DEFINE_SEGMENT(name)                                                                                           \
	static inline uint16_t name##_read(void)                                                                       \
	{                                                                                                              \
		uint16_t v;                                                                                            \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(v));                                                     \
		return v;                                                                                              \
	}
DEFINE_SEGMENT(ds)
DEFINE_SEGMENT(es)
DEFINE_SEGMENT(fs)
DEFINE_SEGMENT(gs)
#undef DEFINE_SEGMENT

static inline void invlpg(vaddr_t address) { __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory"); }
static inline void interrupts_off(void) { __asm__ volatile("cli" : : : "memory"); }
static inline void swap_gs(void) { __asm__ volatile("swapgs"); }
static inline void wbinvd(void) { __asm__ volatile("wbinvd" : : : "memory"); }
/* The windows in which interrupts come in ring 0: what has arrived is taken, or the next one is slept for and taken.
   interrupt_entry (entry/traps.S) keeps no register for them. */
#define INTERRUPTS_CHANGE "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory"
static inline void interrupts_take(void) { __asm__ volatile("sti; nop; cli" : : : INTERRUPTS_CHANGE); }
static inline void sleep_until_interrupt(void) { __asm__ volatile("sti; hlt; cli" : : : INTERRUPTS_CHANGE); }

static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	__asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(subleaf));
}

static inline uint64_t tsc_read_unordered(void)
{
	uint64_t low, high;

	/* It clears the upper halves. */
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return high << 32 | low;
}

struct descriptor_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static inline void gdt_load(const struct descriptor_pointer *p) { __asm__ volatile("lgdt %0" : : "m"(*p)); }
static inline void idt_load(const struct descriptor_pointer *p) { __asm__ volatile("lidt %0" : : "m"(*p)); }
static inline void ldt_load(uint16_t selector) { __asm__ volatile("lldt %0" : : "r"(selector)); }
static inline void task_load(uint16_t selector) { __asm__ volatile("ltr %0" : : "r"(selector)); }

/* An address that the CPU can hold: bits 63 to 47 are equal. */
static inline bool address_is_canonical(uint64_t a) { return (uint64_t)((int64_t)(a << 16) >> 16) == a; }
