#pragma once
/*
 * Pages: three numbers for each. A virtual address, a pseudo-physical frame (pfn), a machine frame (mfn).
 * VIRT_BASE + pfn * 4096 is where the builder mapped a frame; page_alloc gives frames that are mapped there.
 */
#include "abi.h"

extern char virt_base[]; /* link.lds */
#define VIRT_BASE ((unsigned long)virt_base)
#define PAGE_BYTES 4096ul
#define INVALID_MFN (~0ul)

#define PTE_P 0x1ul
#define PTE_RW 0x2ul
#define PTE_US 0x4ul
#define PTE_PWT 0x8ul
#define PTE_PCD 0x10ul
#define PTE_A 0x20ul
#define PTE_D 0x40ul
#define PTE_PSE 0x80ul
#define PTE_G 0x100ul
#define PTE_SOFT0 0x200ul
#define PTE_SOFT1 0x400ul
#define PTE_NX (1ul << 63)
#define PTE_MFN 0x000ffffffffff000ul
#define PTE_RO_FLAGS (PTE_P | PTE_US | PTE_A)
#define PTE_RW_FLAGS (PTE_P | PTE_US | PTE_A | PTE_RW | PTE_D)

void page_init(void);
/* Zeroed, mapped read-write at the address returned, not shared with anything. Never runs out quietly. */
void *page_alloc(void);
/* A frame beyond the initial mapping: a pfn that the P2M lists, mapped nowhere. */
unsigned long pfn_alloc(void);
unsigned int page_left(void);

/* What va is mapped to now, by walking the live tables: page_mfn fails the test where nothing is. */
unsigned long mfn_of(const volatile void *va);
unsigned long pfn_to_mfn(unsigned long pfn);
unsigned long mfn_to_pfn(unsigned long mfn);
void *pfn_to_va(unsigned long pfn);

/* The entry of the given level (1-4) that maps va in the kernel's own tables; NULL if a level above is missing. */
uint64_t *entry_of(const volatile void *va, unsigned int level);
uint64_t pte_of(const volatile void *va);
/* The machine address of that entry: what mmu_update wants. */
uint64_t entry_machine(const volatile void *va, unsigned int level);
uint64_t machine_of(const volatile void *va);

static inline uint64_t pte_make(unsigned long mfn, uint64_t flags)
{
	return (uint64_t)mfn << 12 | flags;
}

/* One update_va_mapping, one mmu_update, one mmuext_op of ours; the result is the hypercall's. */
long map(void *va, uint64_t entry);
long map_page(void *va, unsigned long mfn, uint64_t flags);
long page_protect(void *va, uint64_t flags);
long update(uint64_t machine_and_command, uint64_t value);
long mmuext(unsigned int cmd, uint64_t arg1, uint64_t arg2);
/* A page turned into a page table: read-only in our mapping. */
long table_seal(void *table);
long table_unseal(void *table);
long table_pin(void *table, unsigned int level);
long table_unpin(void *table);
/* A second view of a frame at another page of ours: gives the address; the page's own frame is out of use. */
void *alias_alloc(unsigned long mfn, uint64_t flags);
/* A new L4 with the kernel's own slots, sealed but not pinned. */
uint64_t *top_table_alloc(void);

void bytes_fill(void *to, int value, size_t count);
void bytes_copy(void *to, const void *from, size_t count);
int bytes_compare(const void *a, const void *b, size_t count);
