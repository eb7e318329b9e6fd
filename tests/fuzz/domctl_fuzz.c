/*
 * domctl with any arguments, by anybody, on domains that run, wait, die: it must come to an end, touch
 * nothing that is not the caller's, keep each domain's pauses balanced and give everything back.
 *
 * The input is a list of calls: who and how, the command, the domain, the length of the arguments, the
 * arguments. What follows the last is what guest memory holds.
 */
#include <fakes/control_fuzz.h>

#define CALLS_MAX 24u
#define ATTEMPTS_MAX 8u

static struct vcpu *running; /* on CPU 1 */

static void cpu1_choose(void)
{
	struct vcpu *next;

	fake_cpu_id = 1;
	next = sched_pick(1, running);
	if (next != running && running)
		sched_switched(running);
	running = next;
	fake_cpu_id = 0;
}

static void pauses_check(void)
{
	for (domid_t id = 0; id < DOMAINS_MAX; id++) {
		struct domain *d = domain_find_next(id);

		if (!d)
			break;
		CHECK(d->pause_count == d->control_pause_count + d->control.holds_stop + d->is_shutdown +
						(d->state != DOMAIN_ALIVE));
		CHECK(!spin_is_locked(&d->lock));
		id = d->id;
		domain_put(d);
	}
}

/* Another domain may have the number by now. */
static void gone_forget(void)
{
	for (unsigned int i = 1; i < DOMAINS; i++) {
		struct domain *d = dom[i] ? domain_find((domid_t)i) : NULL;

		if (d != dom[i])
			dom[i] = NULL;
		if (d)
			domain_put(d);
	}
}

static void call_make(struct bytes *b)
{
	struct hypercall call = {.arg = {FAKE_GUEST_START}};
	uint8_t how = byte_take(b), length;
	struct xen_domctl op;
	long result = E_RESTART;

	memset(&op, 0, sizeof(op));
	op.cmd = byte_take(b);
	op.domain = byte_take(b) % 8;
	op.interface_version = how & 1 && how & 2 ? how : XEN_DOMCTL_INTERFACE_VERSION;
	length = byte_take(b);
	bytes_take(b, &op.u, MIN(length, sizeof(op.u)));
	pointers_make(&op.u, sizeof(op.u));
	memcpy(fake_guest(FAKE_GUEST_START), &op, sizeof(op));
	fake_preempt_in = how >> 4 & 3;
	fake_context_restarts = how >> 6;
	for (unsigned int i = 0; i < ATTEMPTS_MAX && result == E_RESTART; i++) {
		result = hypercall_domctl(how & 4 && dom[1] ? cpu[1][0] : cpu[0][0], &call);
		if (how & 8)
			cpu1_choose();
	}
	CHECK(result <= 0);
	gone_forget();
	pauses_check();
}

static void all_end(void)
{
	fake_guest_fail_at(0);
	fake_preempt_in = fake_context_restarts = 0;
	for (domid_t id = 1; id < DOMAINS_MAX; id++) {
		struct domain *d = domain_find_next(id);

		if (!d)
			break;
		id = d->id;
		if (id < DOMAINS)
			dom[id] = NULL;
		while (domain_kill(d) == E_RESTART)
			cpu1_choose();
		domain_put(d);
	}
	three_domains_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = {data, size};
	unsigned int calls;

	three_domains_start();
	fake_control_reset();
	running = NULL;
	for (unsigned int i = 0; i < DOMAINS; i++)
		memcpy(fake_guest(FAKE_GUEST_START + 0x1000 + i * 0x400), data, MIN(size, 0x400u));
	must(domain_control_unpause(dom[1]));
	cpu[1][0]->initialised = cpu[1][1]->initialised = true;
	vcpu_up(cpu[1][0]);
	vcpu_up(cpu[1][1]);
	cpu1_choose();
	calls = byte_take(&b) % CALLS_MAX;
	for (unsigned int i = 0; i < calls && b.left; i++)
		call_make(&b);
	all_end();
	return 0;
}
