#pragma once
/*
 * Pairing heaps: an intrusive priority queue. Insertion and looking at the first take constant time, removal O(log n)
 * amortised, and nothing is allocated.
 *
 * Keys are compared by the sign of their difference, so they may wrap around as long as all keys of one heap lie
 * within 2^63 of each other. Equal keys come in any order. The caller knows whether a node is in a heap, and locks.
 */
#include <hyp/types.h>

struct pairing_node {
	uint64_t key;
	struct pairing_node *child;    /* the first of those below */
	struct pairing_node *next;     /* the next one below the same parent */
	struct pairing_node *previous; /* the one before, or the parent for the first, or NULL for the root */
};

struct pairing_heap {
	struct pairing_node *root; /* the first, NULL if empty */
};

static inline bool key_is_before(uint64_t a, uint64_t b) { return (int64_t)(a - b) < 0; }

void pairing_insert(struct pairing_heap *heap, struct pairing_node *node);
void pairing_remove(struct pairing_heap *heap, struct pairing_node *node);
/* Walks over all nodes, parents before children; NULL at the end. The heap does not change meanwhile. */
struct pairing_node *pairing_next(const struct pairing_node *node);
