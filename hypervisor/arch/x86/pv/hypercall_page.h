#pragma once
/* The page that old kernels call for hypercalls: 128 entries of 32 bytes; see hypercall_page.c. Pure. */
#include <hyp/types.h>

/* `page` has PAGE_BYTES; all of it is written. */
void hypercall_page_fill(uint8_t *page);
