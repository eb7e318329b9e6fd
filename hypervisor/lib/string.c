/*
 * Memory and strings for the machine; on the host they are the C library's.
 *
 * The compiler calls memcpy, memmove, memset and memcmp by itself, so these exist whether or not a source
 * names them, and must not be turned into calls of themselves: hence the pragma. Copies and fills move
 * words of eight bytes by a string instruction, which is fast on every CPU since 2008 for the sizes that we
 * have, and short. The direction flag is clear everywhere in the hypervisor (every entry from a guest
 * clears it).
 */
#include <hyp/string.h>
#include <hyp/types.h>

#pragma GCC optimize("no-tree-loop-distribute-patterns")

/* An unaligned word that may be part of anything. */
typedef uint64_t word_t [[gnu::may_alias, gnu::aligned(1)]];

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	void *d = to;
	const void *s = from;
	size_t words = bytes / 8;

	__asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(words) : : "memory");
	bytes &= 7;
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(bytes) : : "memory");
	return to;
}

/* Downwards: the ends overlap, so the last byte goes first. */
static void move_down(uint8_t *to, const uint8_t *from, size_t bytes)
{
	while (bytes & 7) {
		bytes--;
		to[bytes] = from[bytes];
	}
	for (size_t at = bytes; at > 0; at -= 8)
		*(word_t *)(to + at - 8) = *(const word_t *)(from + at - 8);
}

void *memmove(void *to, const void *from, size_t bytes)
{
	/* Upwards is right unless `to` lies inside the source; words are read before they are written,
	   and each word that is written lies below all that are still to be read. */
	if ((uintptr_t)to - (uintptr_t)from >= bytes)
		return memcpy(to, from, bytes);
	move_down(to, from, bytes);
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	void *d = to;
	uint64_t word = (uint8_t)value * UINT64_C(0x0101010101010101);
	size_t words = bytes / 8;

	__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(word) : "memory");
	bytes &= 7;
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(bytes) : "a"(word) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *x = a, *y = b;

	while (bytes >= 8 && *(const word_t *)x == *(const word_t *)y) {
		x += 8;
		y += 8;
		bytes -= 8;
	}
	for (; bytes; bytes--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t length = 0;

	while (s[length])
		length++;
	return length;
}

size_t strnlen(const char *s, size_t max)
{
	size_t length = 0;

	while (length < max && s[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max; max--, a++, b++) {
		if (*a != *b || !*a)
			return (uint8_t)*a - (uint8_t)*b;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (!*s)
			return NULL;
	}
	return (char *)(uintptr_t)s;
}
