#pragma once
/* The steps of a change of type, for page_type.c and page_table.c; those of every entry's way are inline. */
#include <hyp/log.h>
#include <hyp/mm.h>

/* The type word, once nobody is changing it. */
static inline uint32_t page_type_settled(const struct page *p)
{
	uint32_t type;

	while (unlikely((type = __atomic_load_n(&p->type, __ATOMIC_ACQUIRE)) & PAGE_TYPE_CHANGING))
		arch_lock_wait();
	return type;
}

static inline bool page_type_swap(struct page *p, uint32_t *expected, uint32_t value)
{
	return __atomic_compare_exchange_n(&p->type, expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* One more use as `type`; E_NOENT if it has none yet or is another; E_BUSY: too many. */
static inline __attribute__((always_inline)) enum status page_type_increase(struct page *p, uint32_t type)
{
	for (;;) {
		uint32_t now = page_type_settled(p);

		if ((now & PAGE_TYPE_MASK) != type || !(now & PAGE_TYPE_COUNT_MASK))
			return E_NOENT;
		if (unlikely((now & PAGE_TYPE_COUNT_MASK) == PAGE_TYPE_COUNT_MASK))
			return E_BUSY;
		if (likely(page_type_swap(p, &now, now + 1)))
			return OK;
	}
}

/* One use less as `type`, which is writable or descriptors. The caller still has its general reference. */
static inline void page_type_decrease(struct page *p, uint32_t type)
{
	uint32_t now = __atomic_load_n(&p->type, __ATOMIC_RELAXED), left;

	do {
		CHECK((now & PAGE_TYPE_MASK) == type && now & PAGE_TYPE_COUNT_MASK);
		left = now == (type | 1) ? type | PAGE_TYPE_CHANGING : now - 1;
	} while (unlikely(!page_type_swap(p, &now, left)));

	if (left == (type | PAGE_TYPE_CHANGING)) {
		write_once(p->stamp, tlb_clock_now()); /* Y2 */
		__atomic_store_n(&p->type, type, __ATOMIC_RELEASE);
	}
}

/* Starts to make p (count 0, not partial) a `wanted`: on OK nobody else gets it until page_type_end, and no TLB holds a
   translation of its former use. E_INVAL: it is in use; E_AGAIN: look again. */
enum status page_type_begin(struct page *p, uint32_t wanted);

static inline void page_type_end(struct page *p, uint32_t type)
{
	__atomic_store_n(&p->type, type, __ATOMIC_SEQ_CST);
}
