#pragma once
/*
 * Physical memory for the boot parsers' tests: a few regions, holes between them.
 *
 * Each read gets a copy of exactly the bytes that it asked for, so the address sanitizer sees the first byte that a
 * parser touches beyond. And the rules of a memory map, for whoever has one to check.
 */
#include <stdlib.h>
#include <string.h>

#include <hyp/boot/boot_memory.h>
#include <hyp/boot/memmap.h>

#define FAKE_REGION_MAX 8

struct boot_memory_fake {
	struct {
		paddr_t start;
		const void *data;
		uint64_t bytes;
	} region[FAKE_REGION_MAX];
	unsigned int region_count;
	void **copies;
	size_t copy_count;
};

static inline void boot_memory_fake_add(struct boot_memory_fake *f, paddr_t start, const void *data, uint64_t bytes)
{
	if (f->region_count == FAKE_REGION_MAX)
		abort();
	f->region[f->region_count].start = start;
	f->region[f->region_count].data = data;
	f->region[f->region_count++].bytes = bytes;
}

static inline const void *boot_memory_fake_at(void *ctx, paddr_t start, uint64_t bytes)
{
	struct boot_memory_fake *f = ctx;

	if (!bytes || start + (bytes - 1) < start)
		abort();
	for (unsigned int i = 0; i < f->region_count; i++) {
		uint64_t offset = start - f->region[i].start;

		if (start < f->region[i].start || offset > f->region[i].bytes || bytes > f->region[i].bytes - offset)
			continue;
		f->copies = realloc(f->copies, (f->copy_count + 1) * sizeof(*f->copies));
		f->copies[f->copy_count] = malloc(bytes);
		memcpy(f->copies[f->copy_count], (const char *)f->region[i].data + offset, bytes);
		return f->copies[f->copy_count++];
	}
	return NULL;
}

static inline struct boot_memory boot_memory_fake(struct boot_memory_fake *f)
{
	return (struct boot_memory){boot_memory_fake_at, f};
}

static inline void boot_memory_fake_free(struct boot_memory_fake *f)
{
	for (size_t i = 0; i < f->copy_count; i++)
		free(f->copies[i]);
	free(f->copies);
	memset(f, 0, sizeof(*f));
}

/* Sorted, not empty, apart, merged, below the limit. */
static inline bool memmap_is_normal(const struct memmap *m)
{
	if (m->count > MEMMAP_MAX)
		return false;
	for (unsigned int i = 0; i < m->count; i++) {
		const struct memmap_entry *e = &m->entry[i], *before = e - 1;

		if (!e->bytes || e->start >= MEMMAP_LIMIT || e->bytes > MEMMAP_LIMIT - e->start)
			return false;
		if (i && before->start + before->bytes > e->start)
			return false;
		if (i && before->start + before->bytes == e->start && before->type == e->type)
			return false;
	}
	return true;
}
