#pragma once
/* A set of numbers as ordered ranges: ports, frames, interrupts that a domain may use. Pure; the caller locks. */
#include <hyp/types.h>

/* A set that falls apart into more ranges than this is refused. */
#define RANGES_MAX 64u

struct range {
	uint64_t first, last; /* both in it */
};

struct range_set {
	unsigned int count;
	struct range range[RANGES_MAX]; /* ascending, and never touching each other */
};

/* E_INVAL: first > last. E_NOMEM: too many ranges; nothing changed. */
enum status range_set_add(struct range_set *s, uint64_t first, uint64_t last);
enum status range_set_remove(struct range_set *s, uint64_t first, uint64_t last);
/* All of them. */
bool range_set_contains(const struct range_set *s, uint64_t first, uint64_t last);
