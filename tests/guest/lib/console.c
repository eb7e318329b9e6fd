/*
 * Where a line goes: domain 0 has the hypervisor's console, every other domain a ring in a page that its builder gave it, which
 * the daemon of domain 0 empties.
 */
#include "guest.h"
#include "console.h"

#include <xen/io/console.h>

static bool ring_put(volatile struct xencons_interface *ring, char c)
{
	XENCONS_RING_IDX at = ring->out_prod;

	if (at - ring->out_cons >= sizeof(ring->out))
		return false;
	ring->out[MASK_XENCONS_IDX(at, ring->out)] = c;
	/* The byte is there before the index says so. */
	__atomic_store_n(&ring->out_prod, at + 1, __ATOMIC_RELEASE);
	return true;
}

static void ring_write(const char *text, size_t length)
{
	volatile struct xencons_interface *ring = pfn_to_va(mfn_to_pfn(start_info->console.domU.mfn));

	for (size_t i = 0; i < length; i++)
		while (!ring_put(ring, text[i])) {
			port_send(start_info->console.domU.evtchn);
			hc_sched_op(SCHEDOP_yield, NULL);
		}
	port_send(start_info->console.domU.evtchn);
}

void console_write(const char *text, size_t length)
{
	if (start_info->flags & SIF_INITDOMAIN)
		hc_console_io(CONSOLEIO_write, (unsigned int)length, text);
	else
		ring_write(text, length);
}
