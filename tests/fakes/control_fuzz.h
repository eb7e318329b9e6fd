#pragma once
/*
 * For the fuzzers of the control interfaces: bytes that are taken one after the other, and structs made of
 * them whose pointers have a chance.
 */
#include <fakes/three_domains.h>

#include <hyp/fake_control.h>

struct bytes {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t byte_take(struct bytes *b)
{
	if (!b->left)
		return 0;
	b->left--;
	return *b->at++;
}

static inline void bytes_take(struct bytes *b, void *to, size_t count)
{
	size_t have = count < b->left ? count : b->left;

	memset(to, 0, count);
	memcpy(to, b->at, have);
	b->at += have;
	b->left -= have;
}

/* A word that begins with this byte names a place in guest memory. */
#define POINTER_MARK 0xf1u

static inline void pointers_make(void *args, size_t count)
{
	for (size_t i = 0; i + sizeof(uint64_t) <= count; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, (char *)args + i, sizeof(word));
		if (word >> 56 != POINTER_MARK)
			continue;
		word = FAKE_GUEST_START + 0x1000 + (word & 0xfff);
		memcpy((char *)args + i, &word, sizeof(word));
	}
}
