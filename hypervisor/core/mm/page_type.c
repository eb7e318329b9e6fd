/*
 * What a frame is used as, and the change from one use to another (T1, T2, T5 in <hyp/mm.h>).
 *
 * A change of type is a small transaction on the one word `type`: compare-and-swap sets CHANGING, the TLBs that may
 * still hold translations of the old use are flushed, and a plain store ends it. Meanwhile nobody else gets the
 * frame as anything; they wait (a flush is all that they wait for, and they answer flush requests while they do).
 * So there is no moment at which the new use is granted and an old translation is alive, and no way for two changes
 * to be mistaken for none (the race of "writable again" between a look and a swap).
 *
 * The end of the last use is one, too, for the same reason: between the taking of a stamp and its storing the frame could
 * otherwise come into use, be loaded into TLBs and go out of use again, and the old stamp would then stand over the younger one.
 *
 *   Y1  CHANGING is set only where the count is 0, or becomes it, and only by the CPU that will clear it. Until then nobody
 *       else changes the word or the stamp.
 *   Y2  The stamp is taken by the one who drops the last use, after its entry is gone and the count is 0, and is there before
 *       anybody gets the frame: the drop sets CHANGING (of a page table, PARTIAL), and clears it when the stamp is stored.
 *   Y3  A frame that has never been mapped since it was allocated (type none) needs no flush: the allocator saw to it.
 */
#include <hyp/cpu.h>
#include <hyp/domain.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/page_table.h>

#include "page_type.h"

enum status page_type_begin(struct page *p, uint32_t wanted)
{
	uint32_t type = page_type_settled(p);

	if (type & (PAGE_TYPE_COUNT_MASK | PAGE_TYPE_PARTIAL | PAGE_TYPE_PINNED))
		return E_INVAL;
	if (!page_type_swap(p, &type, wanted | PAGE_TYPE_CHANGING))
		return E_AGAIN;
	if ((type & PAGE_TYPE_MASK) != PAGE_TYPE_NONE && (type & PAGE_TYPE_MASK) != wanted)
		tlb_clock_flush_stale(&cpus_online, read_once(p->stamp));
	return OK;
}

enum status page_get_writable(struct page *p)
{
	for (;;) {
		enum status s = page_type_increase(p, PAGE_TYPE_WRITABLE);

		if (s != E_NOENT)
			return s;
		s = page_type_begin(p, PAGE_TYPE_WRITABLE);
		if (s == OK)
			page_type_end(p, PAGE_TYPE_WRITABLE | 1);
		if (s != E_AGAIN)
			return s;
	}
}

void page_put_writable(struct page *p) { page_type_decrease(p, PAGE_TYPE_WRITABLE); }

enum status page_get_with_writable(struct page *p, const struct domain *owner)
{
	enum status s = page_get(p, owner);

	if (s != OK)
		return s;
	s = page_get_writable(p);
	if (s != OK)
		page_put(p);
	return s;
}

void page_put_with_writable(struct page *p)
{
	page_put_writable(p);
	page_put(p);
}

enum status page_segment_get(struct page *p)
{
	for (;;) {
		enum status s = page_type_increase(p, PAGE_TYPE_SEGMENT);

		if (s != E_NOENT)
			return s;
		/* The hypervisor's own frames are never a guest's tables. */
		if (read_once(p->count) & PAGE_COUNT_SHARED)
			return E_INVAL;
		s = page_type_begin(p, PAGE_TYPE_SEGMENT);
		if (s == E_AGAIN)
			continue;
		if (s != OK)
			return s;
		s = arch_segment_page_check(arch_frame_map(page_to_mfn(p)));
		if (s != OK)
			write_once(p->stamp, tlb_clock_now());
		page_type_end(p, s == OK ? PAGE_TYPE_SEGMENT | 1 : PAGE_TYPE_SEGMENT);
		return s;
	}
}

void page_segment_put(struct page *p) { page_type_decrease(p, PAGE_TYPE_SEGMENT); }
