#pragma once
/*
 * The fake architecture's grant mappings: a short list of page-table entries, by domain and host address, that holds the
 * references real entries would.
 */
#include <hyp/types.h>

struct domain;

#define FAKE_GRANT_MAPPINGS 1024u

/* Forgets all mappings, without their references. Before each test. */
void fake_grants_reset(void);
/* The next installations and removals answer this, and do nothing, unless it is OK. */
extern enum status fake_grant_install_status, fake_grant_remove_status;
extern unsigned int fake_grant_flushes;
/* Called at the beginning of each flush. */
extern void (*fake_grant_on_flush)(struct domain *mapper);
/* Is `frame` mapped there? */
bool fake_grant_is_mapped(const struct domain *mapper, uint64_t host_addr, mfn_t frame, bool writable);
unsigned int fake_grant_count(const struct domain *mapper);
/* The mapper clears the entry by other means (a page-table update), or its page tables go: the references are dropped. */
void fake_grant_clear(const struct domain *mapper, uint64_t host_addr);
void fake_grant_clear_all(const struct domain *mapper);
