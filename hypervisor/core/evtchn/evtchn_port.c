/*
 * The ports of a domain: buckets of 256, found by number, taken lowest first.
 *
 * P1  Port 0 is RESERVED for ever: 0 means "no port" elsewhere.
 * P2  A bucket that is there stays until the domain is destroyed, so a port found once may be looked at for as long
 *     as its domain lives. port_count is written after the bucket that it covers.
 * P3  A FREE port has vCPU 0 and its pending bit was cleared when it became free.
 * P4  open_count counts the ports that are neither FREE nor port 0; every port below free_from is in use.
 * P5  A domain that is not alive gets no port. Its state is written before evtchn_domain_close_all first takes the
 *     lock, so whoever took a port before is seen there, and whoever comes later sees the state.
 *
 * Lowest first matters: tools expect the registry's and console's ports of a new domain to be 1 and 2.
 */
#include "evtchn_internal.h"

#include <hyp/heap.h>
#include <hyp/log.h>

struct evtchn *evtchn_find(const struct domain *d, uint32_t port)
{
	if (port >= __atomic_load_n(&d->evtchn.port_count, __ATOMIC_ACQUIRE))
		return NULL;
	return &d->evtchn.bucket[port / EVTCHN_PER_BUCKET][port % EVTCHN_PER_BUCKET];
}

bool evtchn_port_is_valid(const struct domain *d, uint32_t port) { return port && evtchn_find(d, port); }

static enum status bucket_add(struct evtchn_table *t)
{
	struct evtchn *bucket = heap_alloc_array(struct evtchn, EVTCHN_PER_BUCKET);

	if (!bucket)
		return E_NOMEM;
	t->bucket[t->port_count / EVTCHN_PER_BUCKET] = bucket;
	__atomic_store_n(&t->port_count, t->port_count + EVTCHN_PER_BUCKET, __ATOMIC_RELEASE);
	return OK;
}

enum status evtchn_port_find_free(struct domain *d, uint32_t *port)
{
	struct evtchn_table *t = &d->evtchn;

	/* Is it alive? */
	if (read_once(d->state) != DOMAIN_ALIVE)
		return E_INVAL;
	/* Is there a vCPU to tell? */
	if (!domain_vcpu(d, 0))
		return E_NOENT;
	while (t->free_from < t->port_count && evtchn_find(d, t->free_from)->state != EVTCHN_FREE)
		t->free_from++;
	if (t->free_from > t->port_max)
		return E_NOSPC;
	if (t->free_from >= t->port_count) {
		enum status s = bucket_add(t);

		if (s)
			return s;
	}
	*port = t->free_from;
	return OK;
}

struct evtchn *evtchn_port_take(struct domain *d, uint32_t port, enum evtchn_state state)
{
	struct evtchn *e = evtchn_find(d, port);

	CHECK(e->state == EVTCHN_FREE);
	e->state = (uint8_t)state;
	d->evtchn.open_count++;
	return e;
}

void evtchn_port_free(struct domain *d, uint32_t port)
{
	struct evtchn_table *t = &d->evtchn;
	struct evtchn *e = evtchn_find(d, port);

	CHECK(e->state != EVTCHN_FREE && port != 0);
	*e = (struct evtchn){.state = EVTCHN_FREE};
	(void)bit_test_and_clear_atomic(d->shared_info->evtchn_pending, port);
	t->open_count--;
	t->free_from = MIN(t->free_from, port);
}

uint32_t evtchn_port_find_open(const struct domain *d, uint32_t from)
{
	const struct evtchn_table *t = &d->evtchn;

	if (t->open_count == 0)
		return 0;
	for (uint32_t i = 0; i < t->port_count; i++) {
		uint32_t port = (from + i) % t->port_count;

		if (port != 0 && evtchn_find(d, port)->state != EVTCHN_FREE)
			return port;
	}
	panic("event channels: %u open, none found", t->open_count);
}

void evtchn_lock_pair(struct domain *a, struct domain *b)
{
	struct domain *first = (uintptr_t)a < (uintptr_t)b ? a : b;

	spin_lock(&first->evtchn.lock);
	if (a != b)
		spin_lock(&(first == a ? b : a)->evtchn.lock);
}

void evtchn_unlock_pair(struct domain *a, struct domain *b)
{
	spin_unlock(&a->evtchn.lock);
	if (a != b)
		spin_unlock(&b->evtchn.lock);
}

enum status evtchn_domain_init(struct domain *d, uint32_t port_max)
{
	struct evtchn_table *t = &d->evtchn;
	enum status s;

	*t = (struct evtchn_table){.port_max = MIN(port_max, EVTCHN_PORTS_MAX - 1), .free_from = 1};
	s = bucket_add(t);
	if (s)
		return s;
	t->bucket[0][0].state = EVTCHN_RESERVED;
	return OK;
}

void evtchn_domain_fini(struct domain *d)
{
	struct evtchn_table *t = &d->evtchn;

	CHECK(t->open_count == 0);
	for (unsigned int i = 0; i < ARRAY_COUNT(t->bucket); i++) {
		heap_free_array(t->bucket[i], EVTCHN_PER_BUCKET);
		t->bucket[i] = NULL;
	}
	t->port_count = 0;
}
