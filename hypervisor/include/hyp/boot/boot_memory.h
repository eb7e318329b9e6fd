#pragma once
/*
 * How the boot parsers read physical memory that loader and firmware filled.
 *
 * The caller gives `at`: the address at which `bytes` bytes of physical memory at `start` can be read, in one piece,
 * or NULL if not all of them can be. It is never asked for 0 bytes nor for a range that wraps. What it returns stays
 * readable, and does not change, as long as the caller uses what a parser made of it.
 */
#include <hyp/boot/text.h>
#include <hyp/types.h>

struct boot_memory {
	const void *(*at)(void *ctx, paddr_t start, uint64_t bytes);
	void *ctx;
};

static inline const uint8_t *boot_memory_at(const struct boot_memory *memory, paddr_t start, uint64_t bytes)
{
	return bytes && bytes - 1 <= UINT64_MAX - start ? memory->at(memory->ctx, start, bytes) : NULL;
}

/* Texts of a loader are refused from this length on. */
#define BOOT_TEXT_MAX 4096

/* The NUL-ended text at `start`. E_FAULT: not readable up to its NUL. E_TOOBIG: no NUL in BOOT_TEXT_MAX bytes. */
enum status boot_memory_text(const struct boot_memory *memory, paddr_t start, struct text *out);
