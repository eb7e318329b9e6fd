/*
 * The names of the hypervisor's functions, for traces and for domain 0's /proc.
 *
 * The table is made from the linked image by scripts/symbols and linked in by a second link: starts in ascending order, as
 * offsets from the beginning of the text, and for each the offset of its name. It lies behind the text, so the second link
 * moves no function.
 */
#include "symbols.h"
#include "paging.h"

extern const uint32_t symbol_count, symbol_starts[], symbol_names[];
extern const char symbol_text[];

static uint64_t start_of(uint32_t i)
{
	return i < symbol_count ? (uint64_t)image_text_start + symbol_starts[i] : (uint64_t)image_text_end;
}

struct symbol symbol_get(uint32_t i)
{
	if (i >= symbol_count)
		return (struct symbol){.name = NULL};
	return (struct symbol){
		.name = symbol_text + symbol_names[i],
		.start = start_of(i),
		.bytes = start_of(i + 1) - start_of(i),
	};
}

struct symbol symbol_find(uint64_t address)
{
	uint32_t low = 0, high = symbol_count;

	/* The last symbol that starts at or before the address: below `low` all do, from `high` on none does. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (start_of(middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address >= (uint64_t)image_text_end)
		return (struct symbol){.name = NULL};
	return symbol_get(low - 1);
}
