#pragma once
/*
 * Grant tables, version 1 (<xen/grant_table.h>): a domain lets another map or copy single frames of its memory.
 *
 * The table's frames belong to the hypervisor and are shared with the domain. The shared entries are guest memory:
 * read once. What is in use is kept in the hypervisor's own active entries and map handles.
 */
#include <hyp/abi.h>
#include <hyp/lock.h>
#include <hyp/types.h>

struct domain;
struct vcpu;

#define GRANT_FRAMES_DEFAULT 64u
#define GRANT_MAPTRACK_FRAMES_DEFAULT 1024u
#define GRANT_ENTRIES_PER_FRAME (4096u / sizeof(grant_entry_v1_t))

struct grant_table {
	struct spinlock lock;
	uint32_t frames;     /* frames in use */
	uint32_t frames_max; /* limit, from creation */
	uint32_t maptrack_frames_max;
	struct grant_active **active;	/* per frame: GRANT_ENTRIES_PER_FRAME active entries */
	void **shared;			/* per frame: the shared page, mapped in the hypervisor */
	struct spinlock maptrack_lock;
	struct grant_map **maptrack;	/* pages of map handles of this domain as the mapper */
	uint32_t maptrack_count, maptrack_free;
};

enum status grant_domain_init(struct domain *d, uint32_t frames_max, uint32_t maptrack_frames_max);
/* Releases what d has mapped from others, restartable. The domain is dying and none of its vCPUs runs. */
enum status grant_domain_unmap_all(struct domain *d);
void grant_domain_fini(struct domain *d);
/* The table's frame number `index`, growing the table as far as the limit (XENMEM_acquire_resource, setup_table). */
enum status grant_table_frame(struct domain *d, uint32_t index, mfn_t *frame);
void grant_dump(const struct domain *d);

/*
 * From the architecture: installs and removes the page-table entry of a grant mapping in v's domain.
 * host_addr is a virtual address (flags without GNTMAP_contains_pte) or the machine address of a page-table entry.
 * install takes the references that the entry holds (a reference to `frame`, and a writable type unless read-only);
 * remove checks that the entry maps `frame` with the given right, clears it and drops them. Neither flushes a TLB:
 * the caller calls arch_grant_flush once per batch before it drops its own references.
 */
enum status arch_grant_install(struct vcpu *v, uint64_t host_addr, uint32_t flags, mfn_t frame);
enum status arch_grant_remove(struct vcpu *v, uint64_t host_addr, uint32_t flags, mfn_t frame);
void arch_grant_flush(struct domain *mapper);
