/*
 * Page tables: validated when they come into use, undone when they go out of use, both in steps.
 *
 * A table in use (type count > 0) is validated: each present entry holds what it needs of its target, a type
 * reference of the next lower level, or a general and perhaps a writable reference for a frame (T3). The way there
 * and back can be long (512^3 entries), so it can be interrupted: the table is then partial (T4), its entries
 * [0, progress) hold references, and nothing else records that the work was begun. Whoever wants the frame next
 * goes on from there, in either direction:
 *
 *   V1  Validation goes up from `progress`; an interrupted child is found again as entry `progress` and goes on from
 *       its own progress.
 *   V2  Undoing goes down. The child whose last use went is undone before its parent goes on; the chain of such
 *       tables, one a level, is d->undo, so undoing needs no stack.
 *   V3  No cycle is possible, since an entry of level n leads to level n - 1 only. Nothing recurses deeper than the levels.
 *   V4  Undoing may take the last use of any table of the domain away, also of one that a caller is looking at. So who
 *       had to undo something on his way starts again from the beginning (E_RESTART).
 *   V5  A partial table is in no one's use, so no CPU walks it and no entry of it is changed but by its progress.
 *
 * All under the owner's mm_lock. Count and type words may be read and raised by others at the same time (foreign and
 * grant mappings take writable references); a table type is safe from them from page_type_begin on.
 */
#include <hyp/domain.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/page_table.h>

#include "frames_owned.h"
#include "page_type.h"

static const uint32_t type_of_level[PAGE_LEVELS + 1] = {
	PAGE_TYPE_NONE, PAGE_TYPE_L1, PAGE_TYPE_L2, PAGE_TYPE_L3, PAGE_TYPE_L4,
};

/* Most entries of most tables are empty: these look at eight of them, a cache line, at a time. */
#define RUN 8u

static bool run_is_empty(const uint64_t *entry)
{
	return !(entry[0] | entry[1] | entry[2] | entry[3] | entry[4] | entry[5] | entry[6] | entry[7]);
}

/* The first entry in [from, end) that is not empty; `end` if there is none. */
static unsigned int run_start(const uint64_t *table, unsigned int from, unsigned int end)
{
	while (from < end && !table[from]) {
		if (from % RUN == 0 && from + RUN <= end && run_is_empty(&table[from]))
			from += RUN;
		else
			from++;
	}
	return from;
}

/* One more than the last entry below `end` that is not empty; 0 if there is none. */
static unsigned int run_end(const uint64_t *table, unsigned int end)
{
	while (end && !table[end - 1]) {
		if (end % RUN == 0 && run_is_empty(&table[end - RUN]))
			end -= RUN;
		else
			end--;
	}
	return end;
}

static uint64_t *table_of(struct page *p) { return arch_frame_map(page_to_mfn(p)); }

/* Only where a reference is known to be there, so that the count is not 0. */
static void page_get_more(struct page *p)
{
	(void)__atomic_fetch_add(&p->count, 1, __ATOMIC_SEQ_CST);
}

/* Leaves ------------------------------------------------------------------------------------------------------- */

static bool page_is_descriptor(const struct page *p)
{
	uint32_t type = page_type_settled(p);

	return (type & PAGE_TYPE_COUNT_MASK || type & PAGE_TYPE_PARTIAL) &&
	       (type & PAGE_TYPE_MASK) != PAGE_TYPE_WRITABLE && (type & PAGE_TYPE_MASK) != PAGE_TYPE_NONE;
}

static enum status leaf_get_memory(struct page *p, const struct pt_entry *leaf, const struct domain *owner)
{
	enum status s = page_get(p, owner);

	if (s != OK)
		return s;
	/* Does the hypervisor share it for reading only? */
	if (leaf->writable && owner == domain_hypervisor)
		s = E_PERM;
	else if (leaf->writable)
		s = page_get_writable(p);
	/* Could what is read through it differ from what the CPU walks? */
	else if (leaf->weak_caching && page_is_descriptor(p))
		s = E_INVAL;
	if (s != OK)
		page_put(p);
	return s;
}

enum status pt_leaf_get(struct domain *d, struct domain *owner, const struct pt_entry *leaf)
{
	struct page *p = mfn_has_page(leaf->frame) ? mfn_to_page(leaf->frame) : NULL;
	enum status s = OK;

	if (p && read_once(p->count) & PAGE_COUNT_MASK) {
		/* Is it only interrupted work that gives it another type? */
		if (leaf->writable && owner == d && p->owner == d->id && page_type_settled(p) & PAGE_TYPE_PARTIAL)
			s = page_table_settle(d, p);
		return s == OK ? leaf_get_memory(p, leaf, owner) : s;
	}
	if (owner != d && owner != domain_io)
		return E_INVAL;
	if (arch_iomem_may_map(d, leaf->frame, leaf->writable))
		return OK;
	return leaf->writable && arch_iomem_may_map(d, leaf->frame, false) ? E_ROFS : E_INVAL;
}

void pt_leaf_put(const struct pt_entry *leaf)
{
	struct page *p = mfn_has_page(leaf->frame) ? mfn_to_page(leaf->frame) : NULL;

	/* Device memory has no count. Memory has one at least as long as this entry holds a part of it. */
	if (!p || !(read_once(p->count) & PAGE_COUNT_MASK))
		return;
	if (leaf->writable)
		page_put_writable(p);
	page_put(p);
}

/* Undoing ------------------------------------------------------------------------------------------------------ */

/* Drops a use of a table. If it was the last, the table becomes partial (all entries hold references) and is listed;
   the caller's general reference goes to the list, or is dropped. */
static void table_put(struct domain *d, struct page *p)
{
	uint32_t type = page_type_settled(p);
	unsigned int level = page_type_level(type);

	CHECK(level && type & PAGE_TYPE_COUNT_MASK);
	if ((type & PAGE_TYPE_COUNT_MASK) > 1) {
		/* Under mm_lock nobody else changes the count of a table. */
		page_type_end(p, type - 1);
		page_put(p);
		return;
	}
	CHECK(!d->undo.table[level]);
	p->progress = (uint16_t)arch_pt_entries(level);
	page_get_more(p); /* T4 */
	page_type_end(p, (type & PAGE_TYPE_MASK) | PAGE_TYPE_PARTIAL);
	d->undo.table[level] = p;
}

static void entry_put(struct domain *d, unsigned int level, uint64_t raw)
{
	struct pt_entry e;

	/* Cannot refuse: the entry was accepted when it was written. */
	if (arch_pt_decode(d, level, raw, &e) != OK || e.kind == PT_EMPTY)
		return;
	if (e.kind == PT_LEAF)
		pt_leaf_put(&e);
	else
		table_put(d, mfn_to_page(e.frame));
}

/* One listed table, down to nothing. OK: done, or a child comes first. */
static enum status undo_table(struct domain *d, unsigned int level)
{
	struct page *p = d->undo.table[level];
	uint64_t *table = table_of(p);

	for (;;) {
		p->progress = (uint16_t)run_end(table, p->progress);
		if (!p->progress)
			break;
		p->progress--;
		if (!arch_pt_slot_is_guests(level, p->progress))
			continue;
		entry_put(d, level, table[p->progress]);
		if (level == 1)
			continue;
		if (d->undo.table[level - 1])
			return OK;
		if (arch_preempt_due())
			return E_RESTART;
	}
	if (level == PAGE_LEVELS)
		arch_pt_root_clear(table);
	p->stamp = tlb_clock_now();
	page_type_end(p, type_of_level[level]);
	page_put(p); /* the partial state's */
	d->undo.table[level] = NULL;
	page_put(p); /* the list's */
	return OK;
}

/* Somebody may have finished, or validated again, what was listed: then there is nothing to undo. */
static bool is_undoable(const struct page *p, unsigned int level)
{
	return (page_type_settled(p) & (PAGE_TYPE_MASK | PAGE_TYPE_PARTIAL)) == (type_of_level[level] | PAGE_TYPE_PARTIAL);
}

static unsigned int undo_lowest(const struct domain *d)
{
	for (unsigned int level = 1; level <= PAGE_LEVELS; level++)
		if (d->undo.table[level])
			return level;
	return 0;
}

enum status page_table_undo_some(struct domain *d)
{
	unsigned int level;

	while ((level = undo_lowest(d))) {
		struct page *p = d->undo.table[level];

		if (!is_undoable(p, level)) {
			d->undo.table[level] = NULL;
			page_put(p);
			continue;
		}
		if (undo_table(d, level) != OK)
			return E_RESTART;
		if (undo_lowest(d) && arch_preempt_due())
			return E_RESTART;
	}
	return OK;
}

void page_table_put(struct domain *d, struct page *p) { table_put(d, p); }

enum status page_table_settle(struct domain *d, struct page *p)
{
	uint32_t type = page_type_settled(p);
	unsigned int level = page_type_level(type);
	enum status s;

	if (!(type & PAGE_TYPE_PARTIAL))
		return OK;
	if (!d->undo.table[level]) {
		page_get_more(p);
		d->undo.table[level] = p;
	}
	s = page_table_undo(d);
	return s == OK ? E_RESTART : s;
}

/* Validating --------------------------------------------------------------------------------------------------- */

/* The references of a new entry that says `e`; *raw becomes what is to stand in the table. */
static enum status decoded_get(struct domain *d, struct domain *owner, unsigned int level, const struct pt_entry *e,
			       uint64_t *raw)
{
	struct page *p;
	enum status s;

	*raw = arch_pt_adjust(level, *raw);
	if (e->kind == PT_LEAF) {
		s = pt_leaf_get(d, owner, e);
		/* A device that may be looked at only: the entry stands without the right to write. */
		if (s == E_ROFS) {
			*raw = arch_pt_read_only(*raw);
			s = OK;
		}
		return s;
	}
	/* Is the table the domain's own? */
	if (!mfn_has_page(e->frame))
		return E_INVAL;
	p = mfn_to_page(e->frame);
	s = page_get(p, d);
	if (s != OK)
		return s;
	s = page_table_get(d, p, level - 1);
	if (s != OK)
		page_put(p);
	return s;
}

static enum status entry_get(struct domain *d, unsigned int level, uint64_t *raw)
{
	struct pt_entry e;
	enum status s = arch_pt_decode(d, level, *raw, &e);

	return s != OK || e.kind == PT_EMPTY ? s : decoded_get(d, d, level, &e, raw);
}

/* Makes p a partial table of `level` with nothing done. */
static enum status table_begin(struct domain *d, struct page *p, unsigned int level)
{
	enum status s;

	/* The hypervisor's own frames, and frames that their owner gave up, are never a guest's tables. */
	if ((read_once(p->count) & (PAGE_COUNT_SHARED | PAGE_COUNT_ALLOCATED)) != PAGE_COUNT_ALLOCATED)
		return E_INVAL;
	do {
		/* Interrupted work of another level goes first. */
		s = page_table_settle(d, p);
		if (s == OK)
			s = page_type_begin(p, type_of_level[level]);
	} while (s == E_AGAIN);
	if (s != OK)
		return s;
	p->progress = 0;
	page_get_more(p); /* T4 */
	page_type_end(p, type_of_level[level] | PAGE_TYPE_PARTIAL);
	return OK;
}

/* From p->progress to the end. On OK p is validated, with count 1. */
static enum status table_validate(struct domain *d, struct page *p, unsigned int level)
{
	uint64_t *table = table_of(p);
	unsigned int first = p->progress, end = arch_pt_entries(level);

	for (unsigned int i = first; (i = run_start(table, i, end)) < end; i++) {
		uint64_t raw = table[i];
		enum status s;

		p->progress = (uint16_t)i;
		if (!arch_pt_slot_is_guests(level, i))
			continue;
		if (level > 1 && i > first && arch_preempt_due())
			return E_RESTART;
		s = entry_get(d, level, &raw);
		if (s != OK)
			return s;
		table[i] = raw;
	}
	p->progress = 0;
	if (level == PAGE_LEVELS)
		arch_pt_root_install(d, table);
	page_type_end(p, type_of_level[level] | 1);
	page_put(p); /* the partial state's */
	return OK;
}


enum status page_table_get(struct domain *d, struct page *p, unsigned int level)
{
	enum status s = page_type_increase(p, type_of_level[level]);

	if (s != E_NOENT)
		return s;
	if ((page_type_settled(p) & (PAGE_TYPE_MASK | PAGE_TYPE_PARTIAL)) != (type_of_level[level] | PAGE_TYPE_PARTIAL)) {
		s = table_begin(d, p, level);
		if (s != OK)
			return s;
	}
	s = table_validate(d, p, level);
	/* A refusal gives back at once what the table took, as far as time allows; the rest when somebody asks for it. */
	if (s != OK && s != E_RESTART && page_table_settle(d, p) != OK)
		return s;
	return s;
}

enum status page_table_pin(struct domain *d, struct page *p, unsigned int level)
{
	enum status s;

	if (page_type_settled(p) & PAGE_TYPE_PINNED)
		return E_INVAL;
	s = page_table_get(d, p, level);
	if (s == OK)
		page_type_end(p, p->type | PAGE_TYPE_PINNED);
	return s;
}

enum status page_table_unpin(struct domain *d, struct page *p)
{
	uint32_t type = page_type_settled(p);

	if (!(type & PAGE_TYPE_PINNED))
		return E_INVAL;
	page_type_end(p, type & ~PAGE_TYPE_PINNED);
	table_put(d, p);
	return OK;
}

enum status page_type_drop_all(struct page *p)
{
	struct domain *d = domain_frames_owner(p->owner);
	enum status s;

	spin_lock(&d->mm_lock);
	s = page_table_undo(d);
	if (s == OK && page_type_settled(p) & PAGE_TYPE_PINNED) {
		s = page_table_unpin(d, p);
		if (s == OK)
			s = page_table_undo(d);
	}
	if (s == OK)
		s = page_table_settle(d, p);
	spin_unlock(&d->mm_lock);
	return s;
}

/* Changing ----------------------------------------------------------------------------------------------------- */

/* Do both entries need the same of the same frame? Then no reference moves. */
static bool entries_are_alike(const struct pt_entry *a, const struct pt_entry *b)
{
	return a->kind == b->kind && mfn_equal(a->frame, b->frame) && a->writable == b->writable &&
	       a->weak_caching == b->weak_caching;
}

/* Stores raw over *slot and tells what was there. False: the entry is not the expected one. */
static bool entry_store(uint64_t *slot, const struct pt_write *w, uint64_t raw, uint64_t *old)
{
	uint64_t bits = w->keep_hardware_bits ? arch_pt_hardware_bits() : 0;

	*old = w->only_if ? w->expected : read_once(*slot);
	while (!__atomic_compare_exchange_n(slot, old, raw | (raw ? *old & bits : 0), false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST))
		if (w->only_if)
			return false;
	return true;
}

enum status page_table_write(struct domain *d, struct page *p, unsigned int index, const struct pt_write *w)
{
	unsigned int level = page_type_level(p->type);
	uint64_t *slot = &table_of(p)[index], old = read_once(*slot), raw = w->raw;
	struct pt_entry was, is;
	bool alike;
	enum status s;

	/* Is the slot a guest's, and the entry one that may be? */
	if (!arch_pt_slot_is_guests(level, index))
		return E_INVAL;
	s = arch_pt_decode(d, level, raw, &is);
	if (s != OK)
		return s;
	/* Cannot fail: the old entry was accepted when it was written. */
	if (arch_pt_decode(d, level, old, &was) != OK)
		return E_INVAL;
	alike = entries_are_alike(&was, &is);
	if (alike && is.kind != PT_EMPTY)
		raw = arch_pt_adjust(level, raw);
	else if (is.kind != PT_EMPTY)
		s = decoded_get(d, w->owner, level, &is, &raw);
	if (s != OK)
		return s;
	if (!entry_store(slot, w, raw, &old)) {
		if (!alike)
			entry_put(d, level, raw);
		return E_AGAIN;
	}
	if (!alike)
		entry_put(d, level, old);
	return OK;
}
