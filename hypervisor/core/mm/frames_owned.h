#pragma once
/* Between the files of core/mm: how a frame that nothing refers to any more goes back, and whose it was. */
#include <hyp/mm.h>

/* The frame's count is 0 now, and only this CPU knows of it. `flags` is what else the word held. */
void page_free(struct page *p, uint32_t flags);
/* p was memory of its owner and is no more: takes it off the owner's account. May be the last that held the domain. */
void domain_frames_forget(const struct page *p);

/* Before a frame gets d as its owner. */
void domain_frames_set_owner(struct domain *d);
