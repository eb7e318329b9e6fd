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
 *   V6  What is being validated at this moment, one table a level (d->validating), is undone by nobody: whatever below it would
 *       need it as something else (a writable page, a table of another level) is refused. Else it would be undone and begun
 *       anew for ever.
 *
 * Nearly every entry that comes or goes is a leaf that maps ordinary memory of the domain, and nearly every slot of a table is
 * empty. leaf_get_plain, leaf_put, run_start and run_end are for them; what is out of the ordinary takes leaf_get, which
 * asks everything anew.
 *
 * All under the owner's mm_lock. Count and type words may be read and raised by others at the same time (foreign and
 * grant mappings take writable references); a table type is safe from them from page_type_begin on.
 */
#include <hyp/arch_pt.h>
#include <hyp/domain.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/page_table.h>

#include "entry_runs.h"
#include "page_ref.h"
#include "page_type.h"
#include "vcpu_roots.h"

static const uint32_t type_of_level[PAGE_LEVELS + 1] = {
	PAGE_TYPE_NONE, PAGE_TYPE_L1, PAGE_TYPE_L2, PAGE_TYPE_L3, PAGE_TYPE_L4,
};

static uint64_t *table_of(struct page *p) { return arch_pt_map(page_to_mfn(p)); }

/* Leaves ------------------------------------------------------------------------------------------------------- */

static bool page_is_descriptor(const struct page *p)
{
	uint32_t type = page_type_settled(p);

	return (type & PAGE_TYPE_COUNT_MASK || type & PAGE_TYPE_PARTIAL) &&
	       (type & PAGE_TYPE_MASK) != PAGE_TYPE_WRITABLE && (type & PAGE_TYPE_MASK) != PAGE_TYPE_NONE;
}

/* The use of a frame that is referenced already: only as long as it is does its type say something of its owner's tables. */
static enum status leaf_use_get(struct domain *d, struct page *p, const struct pt_entry *leaf, const struct domain *owner)
{
	enum status s = OK;

	/* Could what is read through it differ from what the CPU walks? */
	if (!leaf->writable)
		return leaf->weak_caching && page_is_descriptor(p) ? E_INVAL : OK;
	/* Does the hypervisor share it for reading only? */
	if (owner == domain_hypervisor)
		return E_PERM;
	/* Is it only interrupted work that gives it another type? */
	if (owner == d)
		s = page_table_settle(d, p);
	return s == OK ? page_get_writable(p) : s;
}

static enum status leaf_get_memory(struct domain *d, struct page *p, const struct pt_entry *leaf,
				   const struct domain *owner)
{
	enum status s = leaf->weak_caching && !d->privileged ? E_INVAL : page_ref_get(p, owner->id);

	if (s != OK)
		return s;
	s = leaf_use_get(d, p, leaf, owner);
	if (s != OK)
		page_ref_put(p);
	return s;
}

/* The references that a leaf entry of d's tables holds to what it maps, which belongs to `owner`. E_ROFS: device memory that d
   may only map for reading. */
static enum status leaf_get(struct domain *d, struct domain *owner, const struct pt_entry *leaf)
{
	struct page *p = mfn_has_page(leaf->frame) ? mfn_to_page(leaf->frame) : NULL;

	if (p && read_once(p->count) & PAGE_COUNT_MASK)
		return leaf_get_memory(d, p, leaf, owner);
	if (owner != d && owner != domain_io)
		return E_INVAL;
	if (arch_iomem_may_map(d, leaf->frame, leaf->writable))
		return OK;
	return leaf->writable && arch_iomem_may_map(d, leaf->frame, false) ? E_ROFS : E_INVAL;
}

/* The same where all is as usual: memory that has the type already. False: nothing was taken, ask leaf_get. */
static inline __attribute__((always_inline)) bool leaf_get_plain(const struct domain *owner, uint64_t raw)
{
	struct pt_entry leaf = arch_pt_read_present(1, raw);
	struct page *p = mfn_to_page(leaf.frame);

	if (unlikely(!mfn_has_page(leaf.frame) || leaf.weak_caching || owner == domain_hypervisor) ||
	    page_ref_get(p, owner->id) != OK)
		return false;
	if (!leaf.writable || page_type_increase(p, PAGE_TYPE_WRITABLE) == OK)
		return true;
	page_ref_put(p);
	return false;
}

/* Memory has a count at least as long as an entry holds a part of it; device memory has none. */
static inline bool leaf_is_memory(const struct pt_entry *leaf)
{
	return mfn_has_page(leaf->frame) && read_once(mfn_to_page(leaf->frame)->count) & PAGE_COUNT_MASK;
}

static inline void leaf_put(const struct pt_entry *leaf)
{
	struct page *p = mfn_to_page(leaf->frame);

	if (unlikely(!leaf_is_memory(leaf)))
		return;
	if (leaf->writable)
		page_type_decrease(p, PAGE_TYPE_WRITABLE);
	page_ref_put(p);
}

/* Undoing ------------------------------------------------------------------------------------------------------ */

/* The list takes over a reference to p. */
static void undo_add(struct domain *d, unsigned int level, struct page *p)
{
	d->undo.table[level] = p;
	d->undo.levels |= BIT(level);
}

static void undo_remove(struct domain *d, unsigned int level)
{
	d->undo.table[level] = NULL;
	d->undo.levels &= ~BIT(level);
}

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
		page_ref_put(p);
		return;
	}
	CHECK(!d->undo.table[level]);
	p->progress = (uint16_t)arch_pt_entries(level);
	page_get_more(p); /* T4 */
	page_type_end(p, (type & PAGE_TYPE_MASK) | PAGE_TYPE_PARTIAL);
	undo_add(d, level, p);
}

/* What an entry held that was accepted when it was written. */
static inline __attribute__((always_inline)) void entry_put(struct domain *d, unsigned int level, uint64_t raw)
{
	struct pt_entry e = arch_pt_read(level, raw);

	if (e.kind == PT_LEAF)
		leaf_put(&e);
	else if (e.kind == PT_TABLE)
		table_put(d, mfn_to_page(e.frame));
}

/* All that is left of a table of level 1. Its entries are few enough to go at once. */
static void undo_leaves(struct domain *d, struct page *p)
{
	uint64_t *table = table_of(p);
	unsigned int end = p->progress;

	while ((end = run_end(table, end)))
		entry_put(d, 1, table[--end]);
	p->progress = 0;
}

/* Of a table of a higher level. OK: nothing is left of it, or a child comes first. */
static enum status undo_tables(struct domain *d, struct page *p, unsigned int level)
{
	uint64_t *table = table_of(p);

	for (;;) {
		p->progress = (uint16_t)run_end(table, p->progress);
		if (!p->progress)
			return OK;
		p->progress--;
		if (!arch_pt_slot_is_guests(level, p->progress))
			continue;
		entry_put(d, level, table[p->progress]);
		if (d->undo.table[level - 1])
			return OK;
		if (arch_preempt_due())
			return E_RESTART;
	}
}

/* One listed table, down to nothing. OK: done, or a child comes first. */
static enum status undo_table(struct domain *d, unsigned int level)
{
	struct page *p = d->undo.table[level];

	if (level == 1)
		undo_leaves(d, p);
	else if (undo_tables(d, p, level) != OK)
		return E_RESTART;
	if (level > 1 && d->undo.table[level - 1])
		return OK;
	if (level == PAGE_LEVELS)
		arch_pt_root_clear(table_of(p));
	p->stamp = tlb_clock_now();
	page_type_end(p, type_of_level[level]);
	page_ref_put(p); /* the partial state's */
	undo_remove(d, level);
	page_ref_put(p); /* the list's */
	return OK;
}

/* Somebody may have finished, or validated again, what was listed: then there is nothing to undo. */
static bool is_undoable(const struct page *p, unsigned int level)
{
	return (page_type_settled(p) & (PAGE_TYPE_MASK | PAGE_TYPE_PARTIAL)) == (type_of_level[level] | PAGE_TYPE_PARTIAL);
}

enum status page_table_undo_some(struct domain *d)
{
	while (page_table_has_undo(d)) {
		unsigned int level = (unsigned int)__builtin_ctz(d->undo.levels);
		struct page *p = d->undo.table[level];

		if (!is_undoable(p, level)) {
			undo_remove(d, level);
			page_ref_put(p);
			continue;
		}
		if (undo_table(d, level) != OK)
			return E_RESTART;
		if (page_table_has_undo(d) && arch_preempt_due())
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
	if (d->validating[level] == p)
		return E_INVAL; /* V6 */
	if (!d->undo.table[level]) {
		page_get_more(p);
		undo_add(d, level, p);
	}
	s = page_table_undo(d);
	return s == OK ? E_RESTART : s;
}

/* Validating --------------------------------------------------------------------------------------------------- */

/* The references of a new leaf; *raw becomes what is to stand in the table. */
static __attribute__((noinline)) enum status leaf_accept(struct domain *d, struct domain *owner, uint64_t *raw)
{
	struct pt_entry e = arch_pt_read(1, *raw);
	enum status s = leaf_get(d, owner, &e);

	/* A device that may be looked at only: the entry stands without the right to write. */
	if (s != E_ROFS)
		return s;
	*raw = arch_pt_read_only(*raw);
	return OK;
}

/* The same, for who keeps the entry in registers where nothing is unusual: it gets an address here alone. */
static inline __attribute__((always_inline)) enum status leaf_accept_unusual(struct domain *d, struct domain *owner,
									     uint64_t *raw)
{
	uint64_t accepted = *raw;
	enum status s = leaf_accept(d, owner, &accepted);

	*raw = accepted;
	return s;
}

/* The references of a new entry of `level` to a table of the domain's own. */
static enum status table_accept(struct domain *d, unsigned int level, mfn_t frame)
{
	struct page *p;
	enum status s;

	if (!mfn_has_page(frame))
		return E_INVAL;
	p = mfn_to_page(frame);
	s = page_ref_get(p, d->id);
	if (s != OK)
		return s;
	s = page_table_get(d, p, level - 1);
	if (s != OK)
		page_ref_put(p);
	return s;
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
	if (level > 1)
		d->tables_changed++;
	page_get_more(p); /* T4 */
	page_type_end(p, type_of_level[level] | PAGE_TYPE_PARTIAL);
	return OK;
}

/* An entry of a level-1 table that is validated. */
static inline enum status leaf_validate(struct domain *d, uint64_t *slot)
{
	uint64_t raw = *slot, accepted = arch_pt_adjust(1, raw);
	enum status s = arch_pt_check(d, 1, raw);

	if (s == OK && arch_pt_is_present(raw) && !leaf_get_plain(d, raw))
		s = leaf_accept_unusual(d, d, &accepted);
	if (s == OK && accepted != raw)
		*slot = accepted;
	return s;
}

static enum status validate_leaves(struct domain *d, struct page *p)
{
	uint64_t *table = table_of(p);
	unsigned int end = arch_pt_entries(1);

	for (unsigned int i = p->progress; (i = run_start(table, i, end)) < end; i++) {
		enum status s = leaf_validate(d, &table[i]);

		if (s != OK) {
			p->progress = (uint16_t)i;
			return s;
		}
	}
	return OK;
}

static enum status validate_tables(struct domain *d, struct page *p, unsigned int level)
{
	uint64_t *table = table_of(p);
	unsigned int first = p->progress, end = arch_pt_entries(level);

	for (unsigned int i = first; (i = run_start(table, i, end)) < end; i++) {
		uint64_t raw = table[i];
		struct pt_entry e = arch_pt_read(level, raw);
		enum status s;

		p->progress = (uint16_t)i;
		if (!arch_pt_slot_is_guests(level, i))
			continue;
		if (i > first && arch_preempt_due())
			return E_RESTART;
		s = arch_pt_check(d, level, raw);
		if (s == OK && e.kind == PT_TABLE)
			s = table_accept(d, level, e.frame);
		if (s != OK)
			return s;
		table[i] = arch_pt_adjust(level, raw);
	}
	return OK;
}

/* From p->progress to the end. On OK p is validated, with count 1. */
static enum status table_validate(struct domain *d, struct page *p, unsigned int level)
{
	enum status s;

	d->validating[level] = p;
	s = level == 1 ? validate_leaves(d, p) : validate_tables(d, p, level);
	d->validating[level] = NULL;
	if (s != OK)
		return s;
	p->progress = 0;
	if (level == PAGE_LEVELS)
		arch_pt_root_install(d, table_of(p));
	page_type_end(p, type_of_level[level] | 1);
	page_ref_put(p); /* the partial state's */
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
	if (page_type_level(type) == PAGE_LEVELS) {
		enum status s = vcpu_roots_unpin(d, p);

		if (s != OK)
			return s;
	}
	page_type_end(p, page_type_settled(p) & ~PAGE_TYPE_PINNED);
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

/* What a change of an entry to a present one moves. */
enum pt_moves { PT_MOVES_NOTHING, PT_MOVES_THE_WRITING, PT_MOVES_EVERYTHING };

static inline enum pt_moves entry_moves(unsigned int level, uint64_t old, uint64_t raw)
{
	struct pt_entry was;
	uint64_t changed;

	if (!arch_pt_is_present(old))
		return PT_MOVES_EVERYTHING;
	was = arch_pt_read_present(level, old);
	changed = arch_pt_changed(level, old, raw);
	if (!changed)
		return PT_MOVES_NOTHING;
	/* A leaf that only loses the right to write to its memory: nothing is asked, and that use goes. */
	if (level == 1 && was.writable && changed == (old ^ arch_pt_read_only(old)) && leaf_is_memory(&was))
		return PT_MOVES_THE_WRITING;
	return PT_MOVES_EVERYTHING;
}

/* Stores raw over *slot, which held *old, and tells what was there. False: the entry is not the expected one. */
static inline bool entry_store(uint64_t *slot, const struct pt_write *w, uint64_t raw, uint64_t *old)
{
	uint64_t bits = w->keep_hardware_bits && raw ? arch_pt_hardware_bits() : 0;

	while (unlikely(!__atomic_compare_exchange_n(slot, old, raw | (*old & bits), false, __ATOMIC_SEQ_CST,
						     __ATOMIC_SEQ_CST)))
		if (w->only_if)
			return false;
	return true;
}

static inline __attribute__((always_inline)) enum status entry_get(struct domain *d, unsigned int level,
								   struct domain *owner, uint64_t *raw)
{
	if (level > 1)
		return table_accept(d, level, arch_pt_read_present(level, *raw).frame);
	return likely(leaf_get_plain(owner, *raw)) ? OK : leaf_accept_unusual(d, owner, raw);
}

/* Inline: once for each function that calls it, and in page_table_write once for level 1 and once for the others. */
static inline __attribute__((always_inline)) enum status entry_write(struct domain *d, unsigned int level,
								     uint64_t *slot, const struct pt_write *w)
{
	uint64_t old = read_once(*slot), raw = w->raw;
	enum pt_moves moves;
	enum status s;

	if (w->only_if && old != w->expected)
		return E_AGAIN;
	if (!arch_pt_is_present(raw)) {
		if (unlikely(raw && arch_pt_check(d, level, raw) != OK))
			return E_INVAL;
		if (unlikely(!entry_store(slot, w, raw, &old)))
			return E_AGAIN;
		entry_put(d, level, old);
		return OK;
	}
	s = arch_pt_check(d, level, raw);
	if (s != OK)
		return s;
	raw = arch_pt_adjust(level, raw);
	moves = entry_moves(level, old, raw);
	if (moves == PT_MOVES_EVERYTHING)
		s = entry_get(d, level, w->owner, &raw);
	if (s != OK)
		return s;
	if (unlikely(!entry_store(slot, w, raw, &old))) {
		if (moves == PT_MOVES_EVERYTHING)
			entry_put(d, level, raw);
		return E_AGAIN;
	}
	if (moves == PT_MOVES_EVERYTHING)
		entry_put(d, level, old);
	else if (moves == PT_MOVES_THE_WRITING)
		page_type_decrease(mfn_to_page(arch_pt_read_present(level, old).frame), PAGE_TYPE_WRITABLE);
	return OK;
}

enum status page_table_write(struct domain *d, struct page *p, unsigned int index, const struct pt_write *w)
{
	unsigned int level = page_type_level(p->type);
	uint64_t *slot = &table_of(p)[index];

	if (likely(level == 1))
		return entry_write(d, 1, slot, w);
	CHECK(level);
	if (!arch_pt_slot_is_guests(level, index))
		return E_INVAL;
	d->tables_changed++;
	return entry_write(d, level, slot, w);
}

enum status page_table_write_leaf(struct domain *d, uint64_t *slot, uint64_t old, uint64_t raw)
{
	struct pt_write w = {.owner = d, .raw = raw, .only_if = true, .expected = old};

	return entry_write(d, 1, slot, &w);
}

bool page_table_update_leaf(struct domain *d, mfn_t table, uint64_t *slot, uint64_t raw)
{
	const struct pt_write w = {.owner = d, .raw = raw};
	bool done;

	if (!mfn_has_page(table))
		return false;
	spin_lock(&d->mm_lock);
	done = !page_table_has_undo(d) && page_is_leaf_table(d, mfn_to_page(table)) &&
	       entry_write(d, 1, slot, &w) == OK;
	spin_unlock(&d->mm_lock);
	return done;
}
