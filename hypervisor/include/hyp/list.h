#pragma once
/* Intrusive doubly linked lists: the link is a member of the element. A list head is a link that points at itself. */
#include <hyp/types.h>

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_is_empty(const struct list *l) { return l->next == l; }

static inline void list_add_before(struct list *at, struct list *item)
{
	item->next = at;
	item->prev = at->prev;
	at->prev->next = item;
	at->prev = item;
}

static inline void list_push_back(struct list *head, struct list *item) { list_add_before(head, item); }
static inline void list_push_front(struct list *head, struct list *item) { list_add_before(head->next, item); }

/* Leaves the item linked to itself, so that removing twice is harmless. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

#define list_entry(link, type, member) container_of(link, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)
#define list_for_each(it, head, type, member)                                                                          \
	for (type *it = list_first(head, type, member); &it->member != (head);                                         \
	     it = list_entry(it->member.next, type, member))
/* The body may remove `it`. */
#define list_for_each_safe(it, head, type, member)                                                                     \
	for (type *it = list_first(head, type, member), *it##_next = list_entry(it->member.next, type, member);        \
	     &it->member != (head); it = it##_next, it##_next = list_entry(it->member.next, type, member))
