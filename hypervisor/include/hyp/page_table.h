#pragma once
/*
 * Page tables that guests own and the hypervisor validates. See core/mm/page_table.c.
 *
 * Levels are 1 to PAGE_LEVELS; a table of level n > 1 points to tables of level n - 1, level 1 to frames. All calls
 * but the ones marked run with d->mm_lock held, where d owns the table.
 */
#include <hyp/lock.h>
#include <hyp/mm.h>
#include <hyp/types.h>

struct domain;
struct page;

#define PAGE_LEVELS 4u

/* The roots of a vCPU's two address spaces, MFN_INVALID: none; see core/mm/vcpu_roots.c. */
struct vcpu_roots {
	mfn_t kernel, user;
	bool by_pin; /* their pins hold them */
};

/* Tables that lost their last use and are being undone, at most one of each level; each is listed with a reference. */
struct pt_undo {
	uint32_t levels; /* bit n: table[n] is there */
	struct page *table[PAGE_LEVELS + 1];
};

/* What an entry says, in the hypervisor's terms; from the architecture. */
struct pt_entry {
	enum { PT_EMPTY, PT_TABLE, PT_LEAF } kind;
	mfn_t frame;
	bool writable;	   /* of a leaf */
	bool weak_caching; /* of a leaf: not the memory type of normal memory */
};

/*
 * Architecture, inline in its <hyp/arch_pt.h>:
 *
 * uint64_t *arch_pt_map(mfn): the entries of a table, in the hypervisor's own mapping of memory.
 * unsigned int arch_pt_entries(level): entries in a table of `level`.
 * bool arch_pt_slot_is_guests(level, index): slots that are the hypervisor's own are skipped.
 * enum status arch_pt_check(d, level, raw): E_INVAL: the raw entry has bits that d must not set.
 * struct pt_entry arch_pt_read(level, raw): what an entry says that was, or would be, accepted.
 * bool arch_pt_is_present(raw): it is not PT_EMPTY.
 * struct pt_entry arch_pt_read_present(level, raw): arch_pt_read of what is known to be present.
 * uint64_t arch_pt_changed(level, a, b): of two present entries, the bits that differ and decide about references: frame, right
 *	to write, memory type.
 * uint64_t arch_pt_adjust(level, raw): the raw entry as it is to stand in the table (forced bits).
 * uint64_t arch_pt_read_only(raw): the raw leaf entry without the right to write.
 * uint64_t arch_pt_hardware_bits(): bits that the CPU sets by itself (accessed, dirty).
 */
/* The hypervisor's own slots of a root table appear, or are cleared. */
void arch_pt_root_install(struct domain *d, uint64_t *table);
void arch_pt_root_clear(uint64_t *table);
/* May d map the machine frame, which is not memory of any domain? (Devices; domain 0.) */
bool arch_iomem_may_map(const struct domain *d, mfn_t frame, bool writable);
/* A descriptor table's page: E_INVAL if an entry of it may not be a guest's. Forces privilege levels in place. */
enum status arch_segment_page_check(uint64_t *page);

/* The level of a page-table type, 0 for other types. The types of levels 1 to 4 are numbers 1 to 4 in their field. */
static inline unsigned int page_type_level(uint32_t type)
{
	return type >> PAGE_TYPE_SHIFT <= PAGE_LEVELS ? type >> PAGE_TYPE_SHIFT : 0;
}

/*
 * Takes a reference to `p` (the caller has a general one) as a table of `level`, validating it if it is the first.
 * E_RESTART: call again, nothing lost. E_INVAL: it has another use, or an entry is not allowed. E_BUSY: too many.
 */
enum status page_table_get(struct domain *d, struct page *p, unsigned int level);
/* Drops it. The last one starts the undoing, which page_table_undo goes on with. */
void page_table_put(struct domain *d, struct page *p);
/* Makes two others the roots of a vCPU of d that has both: two pinned ones, if nothing is undone when the old ones go. False:
   nothing was done. */
bool vcpu_roots_switch(const struct domain *d, struct vcpu_roots *roots, mfn_t kernel, mfn_t user);
/* From here on references hold the roots, for who changes one of them. E_BUSY: too many, and nothing was done. */
enum status vcpu_roots_hold(const struct domain *d, struct vcpu_roots *roots);
/* Goes on with what d has to undo. E_RESTART: there is more. Every page-table call of a domain starts with
   page_table_undo (<hyp/domain.h>), which calls it if there is anything. */
enum status page_table_undo_some(struct domain *d);

/* OK if p is not partial. E_INVAL: it is so since the caller is validating it. Else undoes it, or a part of it, and answers
   E_RESTART: what the caller knew of other tables may no longer be so. */
enum status page_table_settle(struct domain *d, struct page *p);

/* pin: one reference that stays until unpin. E_INVAL: it is (not) pinned; E_BUSY: too many references. The caller's general
   reference goes with it. */
enum status page_table_pin(struct domain *d, struct page *p, unsigned int level);
enum status page_table_unpin(struct domain *d, struct page *p);

/* How an entry is written. */
struct pt_write {
	struct domain *owner;	/* whose frames the new entry may map: d, or another on behalf of a control domain */
	uint64_t raw;
	bool keep_hardware_bits; /* accessed and dirty of the old entry stay */
	bool only_if;		/* writes only if the entry is `expected`, else E_AGAIN */
	uint64_t expected;
};

/*
 * Changes entry `index` of `p`, a validated table (type count > 0). All references follow. E_INVAL: not allowed, and
 * nothing changed. The old entry may leave work for page_table_undo. What the change lets go of may still be in a
 * TLB: that is the guest's business, and the TLB clock's.
 */
enum status page_table_write(struct domain *d, struct page *p, unsigned int index, const struct pt_write *w);

/* The same for a leaf: in a level-1 table of d's that is in use *slot becomes `raw`, which may map d's own frames, if it is
   `old`; else E_AGAIN. */
enum status page_table_write_leaf(struct domain *d, uint64_t *slot, uint64_t old, uint64_t raw);

/* The same for any mfn and an entry in its frame, whatever the entry is; takes mm_lock. False: nothing was done, since `table` is
   no such table, `raw` is not allowed, or d has to undo something first. */
bool page_table_update_leaf(struct domain *d, mfn_t table, uint64_t *slot, uint64_t raw);

/* A descriptor table's page. The caller has a general reference. mm_lock of the owner. */
enum status page_segment_get(struct page *p);
void page_segment_put(struct page *p);

/* The owner of frames that the hypervisor shares with control domains (M2P): mapped read-only. */
extern struct domain *const domain_hypervisor;
/* The owner to name for device memory (DOMID_IO). */
extern struct domain *const domain_io;
