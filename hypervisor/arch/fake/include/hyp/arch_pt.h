#pragma once
/* The fake machine's page-table entries, see arch/fake/page_table.c, as the contract in <hyp/page_table.h> asks for them. */
#include <hyp/fake_page_table.h>

static inline uint64_t *arch_pt_map(mfn_t table) { return arch_frame_map(table); }

static inline unsigned int arch_pt_entries(unsigned int level)
{
	(void)level;
	return FAKE_PT_ENTRIES;
}

static inline bool arch_pt_slot_is_guests(unsigned int level, unsigned int index)
{
	return level != PAGE_LEVELS || index < FAKE_PT_ROOT_SLOTS;
}

static inline enum status arch_pt_check(const struct domain *d, unsigned int level, uint64_t raw)
{
	(void)d;
	(void)level;
	return raw & FAKE_PTE_FORBIDDEN ? E_INVAL : OK;
}

static inline struct pt_entry arch_pt_read_present(unsigned int level, uint64_t raw)
{
	return (struct pt_entry){
		.kind = level == 1 ? PT_LEAF : PT_TABLE,
		.frame = mfn((uint32_t)raw),
		.writable = level == 1 && raw & FAKE_PTE_WRITABLE,
		.weak_caching = level == 1 && raw & FAKE_PTE_WEAK,
	};
}

static inline bool arch_pt_is_present(uint64_t raw) { return raw & FAKE_PTE_PRESENT; }

static inline __attribute__((always_inline)) struct pt_entry arch_pt_read(unsigned int level, uint64_t raw)
{
	return arch_pt_is_present(raw) ? arch_pt_read_present(level, raw) : (struct pt_entry){.kind = PT_EMPTY};
}

static inline uint64_t arch_pt_changed(unsigned int level, uint64_t a, uint64_t b)
{
	return (a ^ b) & (UINT32_MAX | (level == 1 ? FAKE_PTE_WRITABLE | FAKE_PTE_WEAK : 0));
}

static inline uint64_t arch_pt_adjust(unsigned int level, uint64_t raw)
{
	(void)level;
	return raw & FAKE_PTE_PRESENT ? raw | FAKE_PTE_FORCED : raw;
}

static inline uint64_t arch_pt_read_only(uint64_t raw) { return raw & ~FAKE_PTE_WRITABLE; }

static inline uint64_t arch_pt_hardware_bits(void) { return FAKE_PTE_HARDWARE; }
