#pragma once
/* The steps of a change of type, for page_type.c and page_table.c. */
#include <hyp/types.h>

struct page;

/* The type word, once nobody is changing it. */
uint32_t page_type_settled(const struct page *p);
/* Starts to make p (count 0, not partial) a `wanted`: on OK nobody else gets it until page_type_end, and no TLB holds a
   translation of its former use. E_INVAL: it is in use; E_AGAIN: look again. */
enum status page_type_begin(struct page *p, uint32_t wanted);
void page_type_end(struct page *p, uint32_t type);
/* One more use as `type`; E_NOENT if it has none yet or is another; E_BUSY: too many. */
enum status page_type_increase(struct page *p, uint32_t type);
