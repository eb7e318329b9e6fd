#pragma once
/*
 * For fuzzers: bytes and numbers taken from the input one after the other; 0 when it has ended.
 */
#include <hyp/types.h>

static const uint8_t *input;
static size_t input_left;

static inline uint8_t next8(void)
{
	if (!input_left)
		return 0;
	input_left--;
	return *input++;
}

static inline uint64_t next64(void)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 8; i++)
		value = value << 8 | next8();
	return value;
}
