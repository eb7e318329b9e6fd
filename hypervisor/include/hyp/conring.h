#pragma once
/* The ring of console text behind `xl dmesg`. Pure; the caller brings the lock (the console's). */
#include <hyp/types.h>

struct conring {
	char *storage;	   /* borrowed; of `bytes` */
	uint32_t bytes;	   /* a power of two */
	uint32_t producer; /* index of the next character written; ever increasing, wraps at 2^32 */
	uint32_t consumer; /* index of the oldest character that readers see */
};

#define CONRING_BYTES_DEFAULT (16 * 1024)

/* `bytes` is a power of two. */
void conring_init(struct conring *ring, char *storage, uint32_t bytes);
/* Goes on in other storage, with the newest text and all indices. */
void conring_move(struct conring *ring, char *storage, uint32_t bytes);
void conring_write(struct conring *ring, const char *text, size_t length);
/* Copies text from index `from` into `to`, or from the oldest if `from` is gone. Returns the number of
   characters and sets `*next` to the index after the last: from there the next read goes on. */
uint32_t conring_read(const struct conring *ring, uint32_t from, char *to, uint32_t max, uint32_t *next);
/* Readers no longer see what lies before `index`. */
void conring_clear(struct conring *ring, uint32_t index);
