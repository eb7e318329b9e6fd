/*
 * Hypercall console_io: text of a guest to the console, and what is typed there to domain 0.
 *
 * Domain 0 writes as it likes. Other domains write lines that are cleaned, marked and limited in rate, as help for
 * debugging an early kernel; they never read. Text is copied in small pieces, with a preemption point after each.
 */
#include <hyp/abi.h>
#include <hyp/console.h>
#include <hyp/console_input.h>
#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/timer.h>

#define PIECE_BYTES 128u

static void piece_write(struct domain *d, const char *text, size_t length)
{
	if (d->privileged) {
		console_domain0_write(text, length);
		return;
	}
	spin_lock(&d->lock);
	console_guest_write(&d->console, d->id, text, length, time_now());
	spin_unlock(&d->lock);
}

static long console_write_op(struct vcpu *v, struct hypercall *call)
{
	uint64_t left = (uint32_t)call->arg[1];
	vaddr_t from = call->arg[2];

	while (left) {
		char piece[PIECE_BYTES];
		size_t length = MIN(left, PIECE_BYTES);

		if (guest_copy_in(v, piece, from, length) != OK)
			return E_FAULT;
		piece_write(v->domain, piece, length);
		left -= length;
		from += length;
		if (left && arch_preempt_due()) {
			call->arg[1] = left;
			call->arg[2] = from;
			return E_RESTART;
		}
	}
	return OK;
}

static long console_read_op(struct vcpu *v, struct hypercall *call)
{
	char text[PIECE_BYTES];
	size_t length = MIN((uint32_t)call->arg[1], PIECE_BYTES);

	length = console_input_read(text, length);
	return guest_copy_out(v, call->arg[2], text, length) == OK ? (long)length : E_FAULT;
}

long hypercall_console_io(struct vcpu *v, struct hypercall *call)
{
	if ((uint32_t)call->arg[1] > INT32_MAX)
		return E_INVAL;
	switch ((uint32_t)call->arg[0]) {
	case CONSOLEIO_write:
		return console_write_op(v, call);
	case CONSOLEIO_read:
		return v->domain->privileged ? console_read_op(v, call) : E_PERM;
	default:
		return E_NOSYS;
	}
}
