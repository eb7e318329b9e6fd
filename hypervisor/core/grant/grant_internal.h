#pragma once
/* What the files of this folder share: active entries and their pins, map handles. */
#include <hyp/domain.h>
#include <hyp/grant.h>
#include <hyp/mm.h>

/* The hypervisor's own record of one entry of the table. [g] the granter's grant lock. */
struct grant_active {
	uint32_t frame;	     /* [g] while pinned: what the entry named when it was first pinned */
	domid_t user;	     /* [g] while pinned: who uses it */
	uint32_t pins;	     /* [g] uses: host mappings, device mappings, copies under way */
	uint32_t write_pins; /* [g] those of them that write */
};

/* One handle of a mapper. [t] the mapper's maptrack lock. */
struct grant_map {
	struct domain *granter; /* [t] referenced; NULL while free */
	grant_ref_t ref;	/* [t] while free: the next free handle */
	uint32_t flags;		/* [t] GNTMAP_*, GRANT_*_GOING; 0 while free or not yet mapped */
};

/* Active entries come in pieces. */
#define GRANT_ENTRIES_PER_PIECE 128u
#define GRANT_PIECES_PER_FRAME (GRANT_ENTRIES_PER_FRAME / GRANT_ENTRIES_PER_PIECE)

#define GRANT_HANDLE_NONE UINT32_MAX
#define GRANT_HANDLES_PER_PAGE (4096u / sizeof(struct grant_map))
/* Both kinds of mapping that a handle may stand for, and the marks of those that are being unmapped. */
#define GRANT_PARTS ((uint32_t)(GNTMAP_host_map | GNTMAP_device_map))
#define GRANT_GOING_SHIFT 8
#define GRANT_PARTS_GOING (GRANT_PARTS << GRANT_GOING_SHIFT)

/* References to the caller's own frame, or a granter's: GNTST_bad_page, GNTST_general_error (not for writing). */
int16_t grant_frame_get(mfn_t frame, const struct domain *owner, bool writable);
void grant_frame_put(mfn_t frame, bool writable);

/* Pins the entry for `user` and takes the frame's references; each pin has its own. */
int16_t grant_pin(struct domain *granter, grant_ref_t ref, const struct domain *user, bool writable, mfn_t *frame);
void grant_unpin(struct domain *granter, grant_ref_t ref, mfn_t frame, bool writable);
/* The frame of an entry that the caller has pinned. */
mfn_t grant_pinned_frame(struct domain *granter, grant_ref_t ref);

/* The active entry, with the granter's lock; NULL if the table does not reach so far, or nobody ever tried to pin it. */
struct grant_active *grant_active_find(const struct domain *d, grant_ref_t ref) REQUIRES(d->grant.lock);
/* The same of an entry that the table has, to pin it; NULL: no memory. */
struct grant_active *grant_active_make(struct domain *d, grant_ref_t ref) REQUIRES(d->grant.lock);
/* The guest's own entry; NULL if the table does not reach so far. */
uint64_t *grant_shared_find(const struct domain *d, grant_ref_t ref) REQUIRES(d->grant.lock);

/* A handle that stands for nothing yet. GNTST_no_space. */
int16_t grant_handle_alloc(struct domain *mapper, grant_handle_t *handle);
void grant_handle_free(struct domain *mapper, grant_handle_t handle);
/* From now on it stands for a mapping, and keeps the caller's reference to the granter. */
void grant_handle_publish(struct domain *mapper, grant_handle_t handle, const struct grant_map *map);
/* Marks those of `parts` that the handle has as going; they are nobody else's. GNTST_bad_handle if it has none at all;
   GRANT_RESTART while one of them is going already: what becomes of it is not known yet. */
int16_t grant_handle_claim(struct domain *mapper, grant_handle_t handle, uint32_t parts, struct grant_map *out);
void grant_handle_unclaim(struct domain *mapper, grant_handle_t handle, uint32_t parts);
/* The claimed parts are gone; with the last the handle is free and its reference to the granter dropped. */
void grant_handle_retire(struct domain *mapper, grant_handle_t handle, uint32_t parts);
