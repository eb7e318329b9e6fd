#pragma once
/*
 * Grant tables, version 1 (<xen/grant_table.h>): a domain lets another map or copy single frames of its memory.
 *
 * The table's frames belong to the hypervisor and are shared with the domain. The shared entries are guest memory:
 * read once. What is in use is kept in the hypervisor's own active entries and map handles.
 *
 * Locks: `lock` protects the table and the active entries of the domain that grants, `maptrack_lock` the handles of the
 * domain that maps. Neither is held while the other, another domain's, or any other lock but the allocator's is taken.
 * Results of functions that return int16_t are the ABI's GNTST_*, or GRANT_RESTART.
 */
#include <hyp/abi.h>
#include <hyp/lock.h>
#include <hyp/types.h>

struct domain;
struct vcpu;

#define GRANT_FRAMES_DEFAULT 64u
#define GRANT_MAPTRACK_FRAMES_DEFAULT 1024u
/* No domain may be given more: the arrays that hold them, and growing a table at once, stay small. */
#define GRANT_FRAMES_LIMIT 1024u
#define GRANT_MAPTRACK_FRAMES_LIMIT 4096u
#define GRANT_ENTRIES_PER_FRAME (4096u / sizeof(grant_entry_v1_t))

/* No status for the guest: nothing was done, since other work comes first; the element is tried again. */
#define GRANT_RESTART 1

struct grant_table {
	struct spinlock lock;
	uint32_t frames;     /* frames in use */
	uint32_t frames_max; /* limit, from creation */
	uint32_t maptrack_frames_max;
	struct grant_active **active;	/* the active entries, in pieces; NULL: none of a piece was used yet */
	void **shared;			/* per frame: the shared page, mapped in the hypervisor */
	struct spinlock maptrack_lock;
	struct grant_map **maptrack;	/* pages of map handles of this domain as the mapper; NULL: it never mapped */
	uint32_t maptrack_count, maptrack_free; /* handles in the pages; the first free one, or GRANT_HANDLE_NONE */
};

/* The table starts with one frame. E_INVAL: a limit of 0 frames or over what is possible; E_NOMEM. */
enum status grant_domain_init(struct domain *d, uint32_t frames_max, uint32_t maptrack_frames_max);
/* Releases what d has mapped from others, restartable. The domain is dying and none of its vCPUs runs. */
enum status grant_domain_unmap_all(struct domain *d);
/* Nothing of d is mapped any more: each mapping holds a reference to d. */
void grant_domain_fini(struct domain *d);
/* The table's frame number `index`, growing the table as far as the limit (XENMEM_acquire_resource, setup_table).
   E_INVAL: over the limit, or d is dying; E_NOMEM. */
enum status grant_table_frame(struct domain *d, uint32_t index, mfn_t *frame);
/* At least `frames` frames. E_INVAL, E_NOMEM as above. */
enum status grant_table_grow(struct domain *d, uint32_t frames);
uint32_t grant_table_frame_count(struct domain *d);
void grant_dump(const struct domain *d);

/* One element of map_grant_ref: fills handle and dev_bus_addr on GNTST_okay. May be GRANT_RESTART. */
int16_t grant_map(struct vcpu *v, struct gnttab_map_grant_ref *op);
/* What an unmapping has taken out of the page tables and must still give back, after the flush. */
struct grant_release {
	struct domain *granter;
	mfn_t frame;
	grant_ref_t ref;
	grant_handle_t handle;
	uint32_t parts; /* GNTMAP_host_map, GNTMAP_device_map; 0: nothing to give back */
	bool writable;
};
/* One element of unmap_grant_ref. `out` is always written; it goes to grant_unmap_finish if `parts` is not 0. May be
   GRANT_RESTART. */
int16_t grant_unmap_begin(struct vcpu *v, const struct gnttab_unmap_grant_ref *op, struct grant_release *out);
/* Flushes once, then gives all back. */
void grant_unmap_finish(struct domain *mapper, const struct grant_release *releases, unsigned int count);
/* A frame that is copied from or to, as it was named and as it is held. */
struct grant_copy_side {
	struct domain *granter; /* referenced; NULL: the caller's own frame */
	mfn_t frame;
	uint8_t *memory;	/* the frame's, while it is open */
	uint64_t number;	/* named so: a frame's or a grant's */
	grant_ref_t ref;
	domid_t named;
	bool is_ref, writable, open;
};
/* The elements of one copy call: between begin and end both sides may be held. */
struct grant_copies {
	struct domain *caller;
	struct grant_copy_side from, to;
};
void grant_copy_begin(struct grant_copies *c, struct domain *caller);
int16_t grant_copy(struct grant_copies *c, const struct gnttab_copy *op);
void grant_copy_end(struct grant_copies *c);
/* One element of swap_grant_ref. */
int16_t grant_swap(struct domain *d, grant_ref_t a, grant_ref_t b);

/*
 * From the architecture: installs and removes the page-table entry of a grant mapping in v's domain.
 * host_addr is a virtual address (flags without GNTMAP_contains_pte) or the machine address of a page-table entry.
 * install takes the references that the entry holds (a reference to `frame`, and a writable type unless read-only);
 * remove checks that the entry maps `frame` with the given right, clears it and drops them. Neither flushes a TLB:
 * the caller calls arch_grant_flush once per batch before it drops its own references.
 * The caller holds a reference (and writable type unless read-only) of its own to `frame`, and no lock. E_RESTART:
 * interrupted work on the page tables comes first, of which a part was done; nothing else was.
 */
enum status arch_grant_install(struct vcpu *v, uint64_t host_addr, uint32_t flags, mfn_t frame);
enum status arch_grant_remove(struct vcpu *v, uint64_t host_addr, uint32_t flags, mfn_t frame);
void arch_grant_flush(struct domain *mapper);
