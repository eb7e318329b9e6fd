#pragma once
/* Bit arrays of 64-bit words; the atomic forms are full barriers and may be used on words that a guest shares. */
#include <hyp/types.h>

#define BITS_WORDS(count) (((count) + 63) / 64)

static inline bool bit_test(const uint64_t *words, unsigned int bit)
{
	return read_once(words[bit / 64]) >> (bit % 64) & 1;
}
static inline void bit_set(uint64_t *words, unsigned int bit) { words[bit / 64] |= BIT(bit % 64); }
static inline void bit_clear(uint64_t *words, unsigned int bit) { words[bit / 64] &= ~BIT(bit % 64); }

/* Set bits. A CPU without POPCNT is fine. */
static inline unsigned int bit_count(uint64_t word)
{
	unsigned int n = 0;

	for (; word; word &= word - 1)
		n++;
	return n;
}

/* Return the old value of the bit. */
static inline bool bit_test_and_set_atomic(uint64_t *words, unsigned int bit)
{
	uint64_t mask = BIT(bit % 64);

	return __atomic_fetch_or(&words[bit / 64], mask, __ATOMIC_SEQ_CST) & mask;
}
static inline bool bit_test_and_clear_atomic(uint64_t *words, unsigned int bit)
{
	uint64_t mask = BIT(bit % 64);

	return __atomic_fetch_and(&words[bit / 64], ~mask, __ATOMIC_SEQ_CST) & mask;
}

/* The first set (clear) bit at or after `from`, or `count` if there is none. */
static inline unsigned int bit_find_set(const uint64_t *words, unsigned int count, unsigned int from)
{
	for (unsigned int w = from / 64; w * 64 < count; w++) {
		uint64_t word = words[w] & (w == from / 64 ? ~UINT64_C(0) << (from % 64) : ~UINT64_C(0));

		if (word) {
			unsigned int bit = w * 64 + (unsigned int)__builtin_ctzll(word);

			return MIN(bit, count);
		}
	}
	return count;
}
static inline unsigned int bit_find_clear(const uint64_t *words, unsigned int count, unsigned int from)
{
	for (unsigned int w = from / 64; w * 64 < count; w++) {
		uint64_t word = ~words[w] & (w == from / 64 ? ~UINT64_C(0) << (from % 64) : ~UINT64_C(0));

		if (word) {
			unsigned int bit = w * 64 + (unsigned int)__builtin_ctzll(word);

			return MIN(bit, count);
		}
	}
	return count;
}
