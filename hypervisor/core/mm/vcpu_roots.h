#pragma once
/* For page_table.c. */
#include <hyp/domain.h>

/* The pin of p, a root of d's, is about to go: vCPUs whose roots it holds take references. E_BUSY: one cannot. */
enum status vcpu_roots_unpin(const struct domain *d, const struct page *p);
