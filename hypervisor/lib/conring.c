/*
 * The ring of console text behind `xl dmesg`.
 *
 * Indices count characters since start-up and wrap at 2^32, a multiple of the size; a character with index
 * i is kept at storage[i mod bytes]. They are compared by unsigned distance from the consumer, so the wrap
 * is harmless.
 *
 * I1  producer - consumer <= bytes: the consumer is pushed forward when old text is overwritten.
 * I2  A reader gets text between consumer and producer only: an index outside of that (overwritten
 *     meanwhile, cleared, or left from before a restart of the machine) is replaced by the consumer.
 */
#include <hyp/conring.h>
#include <hyp/string.h>

void conring_init(struct conring *ring, char *storage, uint32_t bytes)
{
	*ring = (struct conring){.storage = storage, .bytes = bytes};
}

static void put(struct conring *ring, char c)
{
	ring->storage[ring->producer++ & (ring->bytes - 1)] = c;
	if (ring->producer - ring->consumer > ring->bytes)
		ring->consumer = ring->producer - ring->bytes;
}

void conring_write(struct conring *ring, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put(ring, text[i]);
}

static bool is_kept(const struct conring *ring, uint32_t index)
{
	return index - ring->consumer <= ring->producer - ring->consumer;
}

void conring_clear(struct conring *ring, uint32_t index)
{
	if (is_kept(ring, index))
		ring->consumer = index;
}

uint32_t conring_read(const struct conring *ring, uint32_t from, char *to, uint32_t max, uint32_t *next)
{
	uint32_t count;

	if (!is_kept(ring, from))
		from = ring->consumer;
	count = MIN(ring->producer - from, max);
	for (uint32_t i = 0; i < count; i++)
		to[i] = ring->storage[(from + i) & (ring->bytes - 1)];
	*next = from + count;
	return count;
}

void conring_move(struct conring *ring, char *storage, uint32_t bytes)
{
	if (ring->producer - ring->consumer > bytes)
		ring->consumer = ring->producer - bytes;
	for (uint32_t i = ring->consumer; i != ring->producer; i++)
		storage[i & (bytes - 1)] = ring->storage[i & (ring->bytes - 1)];
	ring->storage = storage;
	ring->bytes = bytes;
}
