/*
 * Hypercall multicall: a list of hypercalls, each executed as if it had been made alone.
 *
 * An element is read once, executed, and its result written to its slot. The list stops early only for a preemption
 * (it then goes on at the element that was interrupted, whose changed arguments are in the guest's list) and for
 * iret, after which the guest runs elsewhere and the rest would mean something else (XSA-213).
 */
#include <hyp/abi.h>
#include <hyp/guest.h>
#include <hyp/hypercall.h>

static enum status result_write(struct vcpu *v, vaddr_t at, long result)
{
	return guest_copy_out(v, at + offsetof(struct multicall_entry, result), &result, sizeof(result));
}

/* The interrupted element's arguments are its progress. */
static long suspend(struct vcpu *v, struct hypercall *list, vaddr_t at, uint64_t left, const struct hypercall *element)
{
	if (guest_copy_out(v, at, &element->number, sizeof(element->number)) != OK ||
	    guest_copy_out(v, at + offsetof(struct multicall_entry, args), element->arg, sizeof(element->arg)) != OK)
		return E_FAULT;
	list->arg[0] = at;
	list->arg[1] = left;
	return E_RESTART;
}

long hypercall_multicall(struct vcpu *v, struct hypercall *call)
{
	vaddr_t at = call->arg[0];
	uint64_t count = (uint32_t)call->arg[1];

	for (uint64_t i = 0; i < count; i++, at += sizeof(struct multicall_entry)) {
		struct multicall_entry entry;
		struct hypercall element = {0};
		long result = E_INVAL;

		if (i && arch_preempt_due()) {
			call->arg[0] = at;
			call->arg[1] = count - i;
			return E_RESTART;
		}
		if (guest_copy_in(v, &entry, at, sizeof(entry)) != OK)
			return E_FAULT;
		element.number = entry.op;
		for (unsigned int a = 0; a < ARRAY_COUNT(element.arg); a++)
			element.arg[a] = entry.args[a];
		/* A list in a list could nest without end. */
		if (element.number != __HYPERVISOR_multicall)
			result = hypercall_dispatch(v, &element);
		if (element.number == __HYPERVISOR_iret) {
			call->gives_value = element.gives_value;
			return result;
		}
		if (result == E_RESTART && !element.gives_value)
			return suspend(v, call, at, count - i, &element);
		if (result_write(v, at, result) != OK)
			return E_FAULT;
	}
	return OK;
}
