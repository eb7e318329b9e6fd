/* Several vCPUs at once, as threads, for a fixed number of rounds: afterwards no link may have one end. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/three_domains.h"

#define ROUNDS 20000

static int setup(void **state)
{
	(void)state;
	three_domains_start();
	fake_lock_wait_is_fatal = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	three_domains_end();
	fake_lock_wait_is_fatal = true;
	return 0;
}

static void *links_and_closes(void *arg)
{
	unsigned int d = 1 + (unsigned int)(uintptr_t)arg, peer = 3 - d;

	for (unsigned int i = 0; i < ROUNDS / 4; i++) {
		uint32_t a, b;

		if (evtchn_alloc_unbound(dom[d], (domid_t)peer, &a) != OK)
			continue;
		if (evtchn_bind_interdomain(dom[peer], dom[d], a, &b) == OK && i % 2)
			(void)evtchn_close(dom[peer], b);
		(void)evtchn_close(dom[d], a);
	}
	return NULL;
}

static void *sends_and_closes_at_random(void *arg)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		(void)evtchn_send(dom[1 + i % 2], i % 7);
		(void)evtchn_bind_vcpu(dom[1 + i % 2], i % 5, i % 2);
		if (i % 64 == 0)
			(void)evtchn_close(dom[1 + i / 64 % 2], i % 9);
		if (i % 4096 == 0)
			must(evtchn_reset(dom[1 + i / 4096 % 2]));
	}
	return arg;
}

static void run_together(void *(*const functions[])(void *), unsigned int count)
{
	pthread_t threads[6];

	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, functions[i], (void *)(uintptr_t)(i % 2)), 0);
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* XSA-343: reset against send, bind and close on other vCPUs. */
static void links_that_both_ends_close_at_once_leave_no_half(void **state)
{
	static void *(*const functions[])(void *) = {links_and_closes, links_and_closes, sends_and_closes_at_random,
						     sends_and_closes_at_random};

	(void)state;
	run_together(functions, ARRAY_COUNT(functions));
	for (unsigned int d = 1; d < DOMAINS; d++) {
		for (uint32_t port = 1; port < dom[d]->evtchn.port_count; port++) {
			const struct evtchn *e = &dom[d]->evtchn.bucket[port / EVTCHN_PER_BUCKET][port % EVTCHN_PER_BUCKET];

			if (e->state != EVTCHN_INTERDOMAIN)
				continue;
			assert_int_equal(e->remote->evtchn.bucket[0][e->remote_port].remote_port, port);
			assert_ptr_equal(e->remote->evtchn.bucket[0][e->remote_port].remote, dom[d]);
		}
		must(evtchn_reset(dom[d]));
		assert_int_equal(dom[d]->evtchn.open_count, 0);
	}
	assert_int_equal(dom[1]->references, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_that_both_ends_close_at_once_leave_no_half, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
