#pragma once
/* The names of the hypervisor's functions. Any context. */
#include <hyp/types.h>

struct symbol {
	const char *name; /* NULL: not known */
	uint64_t start;
	uint64_t bytes; /* up to the next one */
};

/* The function that `address` lies in. */
struct symbol symbol_find(uint64_t address);
/* The i-th in order of addresses; no name behind the last. */
struct symbol symbol_get(uint32_t i);
