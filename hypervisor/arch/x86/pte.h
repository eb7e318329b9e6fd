#pragma once
/* Page-table entries as the CPU reads them (Intel SDM vol. 3, 4.5). */
#include <hyp/types.h>

#define PTE_PRESENT BIT(0)
#define PTE_WRITE BIT(1)
#define PTE_USER BIT(2)
#define PTE_WRITE_THROUGH BIT(3)
#define PTE_CACHE_DISABLE BIT(4)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY BIT(6)
#define PTE_LARGE BIT(7) /* levels 2 and 3 */
#define PTE_PAT BIT(7)	 /* level 1 */
#define PTE_GLOBAL BIT(8)
#define PTE_NO_EXECUTE BIT(63)
#define PTE_PROTECTION_KEY (UINT64_C(0xf) << 59)
#define PTE_ADDRESS UINT64_C(0x000ffffffffff000)

#define PTES_PER_TABLE 512u
#define PTE_TABLE (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)

static inline mfn_t pte_mfn(uint64_t pte) { return mfn((pte & PTE_ADDRESS) >> PAGE_SHIFT); }
static inline uint64_t pte_make(mfn_t m, uint64_t flags) { return mfn_to_paddr(m) | flags; }
/* An entry of `level` 1 to 4 covers 2^pt_shift(level) bytes. */
static inline unsigned int pt_shift(unsigned int level) { return 3 + 9 * level; }
/* The index of an address in a table of that level. */
static inline unsigned int pt_index(vaddr_t va, unsigned int level) { return va >> pt_shift(level) & 511; }
