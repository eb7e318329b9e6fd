#pragma once
/* The format of the fake machine's page tables; see arch/fake/page_table.c. */
#include <hyp/domain.h>
#include <hyp/page_table.h>

#define FAKE_PT_ENTRIES 8u
#define FAKE_PT_ROOT_SLOTS 6u
#define FAKE_PTE_PRESENT BIT(63)
#define FAKE_PTE_WRITABLE BIT(62)
#define FAKE_PTE_WEAK BIT(61)
#define FAKE_PTE_FORBIDDEN BIT(60)
#define FAKE_PTE_FORCED BIT(59)
#define FAKE_PTE_HARDWARE (BIT(50) | BIT(51))
#define FAKE_SEGMENT_BAD UINT64_C(0xbad)

extern unsigned int fake_iomem_first;

static inline uint64_t fake_pte(mfn_t frame, uint64_t flags) { return FAKE_PTE_PRESENT | flags | frame.v; }
