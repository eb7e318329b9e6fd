/*
 * sysctl on the hypervisor's console: its text, and its keys.
 */
#include <hyp/console.h>
#include <hyp/console_input.h>
#include <hyp/guest.h>

#include "sysctl.h"

/* One call hands out no more; callers go on until there is nothing. */
#define TEXT_PER_CALL 65536u
#define KEYS_MAX 256u

/* A reader that comes back with the index misses nothing. `clear` takes away what was read, and no more. */
enum status sysctl_readconsole(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_readconsole *r = &op->u.readconsole;
	uint32_t wanted = MIN(r->count, TEXT_PER_CALL), done = 0, index = r->index;
	bool incremental = r->incremental;
	char text[512];

	while (done < wanted) {
		uint32_t room = MIN(wanted - done, (uint32_t)sizeof(text));
		uint32_t length = console_ring_read(&index, incremental, text, room);

		if (!length)
			break;
		if (guest_copy_out(v, handle_slot(r->buffer, done), text, length))
			return E_FAULT;
		incremental = true;
		done += length;
	}
	if (r->clear)
		console_ring_clear(index);
	r->index = index;
	r->count = done;
	return OK;
}

enum status sysctl_debug_keys(struct vcpu *v, struct xen_sysctl *op)
{
	const struct xen_sysctl_debug_keys *k = &op->u.debug_keys;
	char keys[KEYS_MAX];

	if (k->nr_keys > sizeof(keys))
		return E_TOOBIG;
	if (guest_copy_in(v, keys, handle_address(k->keys), k->nr_keys))
		return E_FAULT;
	for (uint32_t i = 0; i < k->nr_keys; i++)
		console_key_press(keys[i]);
	return OK;
}
