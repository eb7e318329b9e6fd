/*
 * Pairing heaps (see hyp/pairing.h).
 *
 * P1  No node's key is before its parent's.
 * P2  previous of a first child is the parent, of another child the sibling before it, of the root NULL.
 */
#include <hyp/pairing.h>

/* Joins two roots; the later one becomes the first child of the other. Either may be NULL. */
static struct pairing_node *merge(struct pairing_node *a, struct pairing_node *b)
{
	if (!a)
		return b;
	if (!b)
		return a;
	if (key_is_before(b->key, a->key)) {
		struct pairing_node *swap = a;

		a = b;
		b = swap;
	}
	b->previous = a;
	b->next = a->child;
	if (b->next)
		b->next->previous = b;
	a->child = b;
	return a;
}

/* Makes one tree of a list of siblings: pairs from left to right, then the pairs from right to left. */
static struct pairing_node *merge_siblings(struct pairing_node *first)
{
	struct pairing_node *pairs = NULL, *root = NULL;

	while (first) {
		struct pairing_node *a = first, *b = a->next;

		first = b ? b->next : NULL;
		a->next = a->previous = NULL;
		if (b)
			b->next = b->previous = NULL;
		a = merge(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct pairing_node *a = pairs;

		pairs = a->next;
		a->next = NULL;
		root = merge(root, a);
	}
	return root;
}

void pairing_insert(struct pairing_heap *heap, struct pairing_node *node)
{
	node->child = node->next = node->previous = NULL;
	heap->root = merge(heap->root, node);
}

static void unlink_from_siblings(struct pairing_node *node)
{
	if (node->previous->child == node)
		node->previous->child = node->next;
	else
		node->previous->next = node->next;
	if (node->next)
		node->next->previous = node->previous;
}

void pairing_remove(struct pairing_heap *heap, struct pairing_node *node)
{
	struct pairing_node *below = merge_siblings(node->child);

	if (node == heap->root) {
		heap->root = below;
	} else {
		unlink_from_siblings(node);
		heap->root = merge(heap->root, below);
	}
	node->child = node->next = node->previous = NULL;
}

struct pairing_node *pairing_next(const struct pairing_node *node)
{
	if (node->child)
		return node->child;
	while (!node->next) {
		while (node->previous && node->previous->child != node)
			node = node->previous;
		node = node->previous;
		if (!node)
			return NULL;
	}
	return node->next;
}
