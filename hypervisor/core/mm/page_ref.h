#pragma once
/* page_get and page_put, inline for the page-table paths. See page_ref.c for R1 to R3. */
#include <hyp/log.h>
#include <hyp/mm.h>

#include "frames_owned.h"

static inline void page_ref_put(struct page *p)
{
	uint32_t count = __atomic_load_n(&p->count, __ATOMIC_RELAXED);

	do {
		CHECK(count & PAGE_COUNT_MASK);
	} while (!__atomic_compare_exchange_n(&p->count, &count, count - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));

	if (unlikely((count & PAGE_COUNT_MASK) == 1))
		page_free(p, count - 1);
}

/* Only where a reference is known to be there, so that the count is not 0. */
static inline void page_get_more(struct page *p)
{
	(void)__atomic_fetch_add(&p->count, 1, __ATOMIC_SEQ_CST);
}

static inline __attribute__((always_inline)) enum status page_ref_get_up_to(struct page *p, domid_t owner, uint32_t most)
{
	uint32_t count = __atomic_load_n(&p->count, __ATOMIC_ACQUIRE);

	if (unlikely(read_once(p->owner) != owner))
		return E_INVAL;
	do {
		/* R1, R2: 0 wraps. */
		if (unlikely((count & PAGE_COUNT_MASK) - 1 >= most - 1))
			return count & PAGE_COUNT_MASK ? E_BUSY : E_INVAL;
	} while (!__atomic_compare_exchange_n(&p->count, &count, count + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));

	if (likely(read_once(p->owner) == owner))
		return OK;
	page_ref_put(p);
	return E_INVAL;
}

static inline enum status page_ref_get(struct page *p, domid_t owner) { return page_ref_get_up_to(p, owner, PAGE_COUNT_MAX); }

/* One of those that R2 keeps back, for the one who tears the owner down. */
static inline enum status page_ref_get_spare(struct page *p, domid_t owner)
{
	return page_ref_get_up_to(p, owner, PAGE_COUNT_MASK);
}
