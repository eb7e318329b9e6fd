#pragma once
/*
 * The hypervisor's own small memory: zeroed blocks of 32 bytes to 64 KiB, given back with their size.
 * Any CPU, interrupts off. Nothing here sleeps; NULL means there is no memory.
 */
#include <hyp/types.h>

/* Before everything else here, after frames_init. */
void heap_init(void);
void *heap_alloc(size_t bytes);
/* `block` may be NULL. `bytes` is what was asked for when it was allocated. */
void heap_free(void *block, size_t bytes);
#define heap_alloc_array(type, count) ((type *)heap_alloc(sizeof(type) * (count)))
#define heap_free_array(block, count) heap_free((block), sizeof(*(block)) * (count))
