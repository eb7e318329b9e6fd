/*
 * sysctl with any arguments, by anybody: it must come to an end, touch nothing that is not the caller's and
 * hold nothing.
 *
 * The input: how many CPUs there are, then a list of calls: who and how, the command, the length of the
 * arguments, the arguments. The whole input is also what guest memory holds.
 */
#include <fakes/control_fuzz.h>

#define CALLS_MAX 24u

static void call_make(struct bytes *b)
{
	struct hypercall call = {.arg = {FAKE_GUEST_START}};
	uint8_t how = byte_take(b), length;
	struct xen_sysctl op;
	long result;

	memset(&op, 0, sizeof(op));
	op.cmd = byte_take(b) % 32;
	op.interface_version = how & 1 && how & 2 ? how : XEN_SYSCTL_INTERFACE_VERSION;
	length = byte_take(b);
	bytes_take(b, &op.u, MIN(length, sizeof(op.u)));
	pointers_make(&op.u, sizeof(op.u));
	memcpy(fake_guest(FAKE_GUEST_START), &op, sizeof(op));
	fake_guest_fail_at(how >> 4);
	result = hypercall_sysctl(cpu[how & 4 ? 1 : 0][0], &call);
	fake_guest_fail_at(0);
	CHECK(result <= 0 && result != E_RESTART);
	CHECK(result == E_PERM || result == E_FAULT || result == E_ACCES || !(how & 4));
	for (unsigned int i = 0; i < DOMAINS; i++)
		CHECK(dom[i]->references == 1 && !spin_is_locked(&dom[i]->lock));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = {data, size};
	unsigned int calls;

	three_domains_start();
	fake_control_reset();
	memcpy(fake_guest(FAKE_GUEST_START + 0x1000), data, MIN(size, 0x1000u));
	calls = byte_take(&b) % CALLS_MAX;
	for (unsigned int i = 0; i < calls && b.left; i++)
		call_make(&b);
	three_domains_end();
	return 0;
}
