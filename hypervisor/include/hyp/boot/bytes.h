#pragma once
/*
 * Bytes that somebody else wrote: a file, a table of the firmware. All numbers are little-endian and may lie at
 * any alignment; nothing is read but through a range that was checked against the end.
 */
#include <hyp/types.h>

struct bytes {
	const uint8_t *data;
	uint64_t count;
};

/* The `count` bytes at `offset`, or NULL if they are not all there. */
static inline const uint8_t *bytes_at(struct bytes b, uint64_t offset, uint64_t count)
{
	return offset <= b.count && count <= b.count - offset ? b.data + offset : NULL;
}

static inline uint16_t load_u16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t load_u32(const uint8_t *p) { return load_u16(p) | (uint32_t)load_u16(p + 2) << 16; }
static inline uint64_t load_u64(const uint8_t *p) { return load_u32(p) | (uint64_t)load_u32(p + 4) << 32; }
