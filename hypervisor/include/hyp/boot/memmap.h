#pragma once
/* The map of the machine's physical memory, in the types of E820. See boot/memmap.c. */
#include <hyp/types.h>

enum {
	MEMMAP_RAM = 1,
	MEMMAP_RESERVED = 2,
	MEMMAP_ACPI = 3, /* tables of the firmware, RAM once they are read */
	MEMMAP_NVS = 4,	 /* RAM that the firmware keeps over sleep */
	MEMMAP_UNUSABLE = 5,
	/* Other numbers are kept as they came, and mean reserved. */
};

#define MEMMAP_MAX 512
/* No x86 CPU has more physical address bits: what lies above is cut off, so no end of an entry overflows. */
#define MEMMAP_LIMIT BIT(52)

struct memmap_entry {
	paddr_t start;
	uint64_t bytes;
	uint32_t type;
};

/* All zero is the empty map. 12 KiB: not for a stack. */
struct memmap {
	struct memmap_entry entry[MEMMAP_MAX];
	unsigned int count;
	bool truncated; /* there were more entries than fit: some RAM is left out, nothing else became RAM */
};

#define memmap_for_each(it, m)                                                                                         \
	for (const struct memmap_entry *it = (m)->entry; it < (m)->entry + (m)->count; it++)

/* Any order, overlapping, empty: all may be added. Call memmap_normalise before any question below. */
void memmap_add(struct memmap *m, paddr_t start, uint64_t bytes, uint32_t type);
/* Sorts, settles overlaps (the more restrictive type wins), merges neighbours. Doing it twice changes nothing. */
void memmap_normalise(struct memmap *m);
/* Adds an entry to a normalised map and leaves it normalised: takes the range away from RAM. */
void memmap_reserve(struct memmap *m, paddr_t start, uint64_t bytes, uint32_t type);
/* Makes what is RAM from `limit` on unusable, in a normalised map: the firmware's tables, and the places of devices, stay. */
void memmap_limit_ram(struct memmap *m, paddr_t limit);

/* The entry that holds the address, or NULL in a hole. Borrowed from the map. */
const struct memmap_entry *memmap_find(const struct memmap *m, paddr_t paddr);
/* Is all of the range RAM? False for an empty one. */
bool memmap_is_ram(const struct memmap *m, paddr_t start, uint64_t bytes);
/* Looks for RAM inside [min, max) at a multiple of `align`, a power of two; the lowest place, or the highest with
   `top_down`. E_INVAL: no bytes, or a bad alignment. E_NOMEM: no such place. Takes nothing: memmap_reserve does. */
enum status memmap_find_ram(const struct memmap *m, uint64_t bytes, uint64_t align, paddr_t min, paddr_t max,
			    bool top_down, paddr_t *out);
uint64_t memmap_ram_bytes(const struct memmap *m);
/* The end of the highest RAM; 0 if there is none. */
paddr_t memmap_max_paddr(const struct memmap *m);
