#pragma once
/* The hypervisor's own mappings; see paging.c and layout.h. */
#include "layout.h"
#include "pte.h"
#include <hyp/boot/memmap.h>
#include <hyp/types.h>

struct domain;

/* Takes `bytes` of RAM for good while the machine starts; zeroed and mapped. Stops the machine if there is none. */
void *boot_alloc(struct memmap *map, uint64_t bytes, uint64_t align);

/* Builds the final tables and loads them on this CPU. `map` is RAM that may still be taken (the image and the modules
   are not in it); `all` is everything that is RAM. */
void paging_init(struct memmap *map, const struct memmap *all);
/* Loads the hypervisor's own root (no guest). */
void paging_load_idle(void);
extern mfn_t idle_root;
/* Maps a page below 1 MiB at its machine address in the hypervisor's own root, or takes that away. */
void paging_identity_map(paddr_t page, bool on);

/* Maps one page of the hypervisor's area for good, with tables made on the way. For the start: to be out of memory is the end. */
void hyp_map_page(vaddr_t va, mfn_t frame, uint64_t flags);
#define HYP_RW (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL | PTE_NO_EXECUTE)
#define HYP_RO (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL | PTE_NO_EXECUTE)
#define HYP_RX (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL)
#define HYP_UC (HYP_RW | PTE_CACHE_DISABLE | PTE_WRITE_THROUGH)

/* An entry of the hypervisor's own for a table that is not shared by all; the entry that shows a page of zeroes. */
uint64_t paging_hyp_entry(mfn_t frame, uint64_t flags);
uint64_t paging_zero_entry(void);

/* Fills (or clears) the hypervisor's slots of a guest's L4. */
void hyp_slots_install(uint64_t *l4, const struct domain *d);
void hyp_slots_clear(uint64_t *l4);

static inline void *paddr_map(paddr_t p) { return (void *)(DIRECT_START + p); }
static inline paddr_t image_paddr(const void *symbol) { return (uint64_t)symbol - IMAGE_BASE; }

extern char image_start[], image_text_start[], image_text_end[], image_rodata_end[], image_data_start[],
	image_data_end[], image_end[], stub_code_start[], build_id_start[], build_id_end[];
