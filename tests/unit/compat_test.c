/* The oldest forms of three hypercalls: which operations they have, and what they hand to their successors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/cpu_sim.h"

#define ARGS FAKE_GUEST_START
#define NOWHERE UINT64_C(0x100)

static struct domain *zero, *d;
static struct hypercall handed_over;

/* Stands for the architecture's. */
long hypercall_physdev_op(struct vcpu *v, struct hypercall *call)
{
	(void)v;
	handed_over = *call;
	return 7;
}

static int setup(void **state)
{
	(void)state;
	sim_start(1);
	zero = sim_busy_domain(0, 1, 256);
	d = sim_busy_domain(1, 1, 256);
	handed_over = (struct hypercall){0};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_end();
	return 0;
}

static long call_with(hypercall_function *function, uint64_t first, uint64_t second)
{
	struct hypercall call = {.arg = {first, second}};

	return function(d->vcpu[0], &call);
}

static long event(struct evtchn_op *op, uint32_t command)
{
	long result;

	op->cmd = command;
	memcpy(fake_guest(ARGS), op, sizeof(*op));
	result = call_with(hypercall_event_channel_op_compat, ARGS, 0);
	memcpy(op, fake_guest(ARGS), sizeof(*op));
	return result;
}

static void results_are_written_behind_the_operation(void **state)
{
	struct evtchn_op op = {.u.alloc_unbound = {.dom = DOMID_SELF, .remote_dom = 0}};

	(void)state;
	assert_int_equal(event(&op, EVTCHNOP_alloc_unbound), OK);
	assert_int_equal(op.cmd, EVTCHNOP_alloc_unbound);
	assert_int_equal(op.u.alloc_unbound.port, 1);
	op.u.close.port = 1;
	assert_int_equal(event(&op, EVTCHNOP_close), OK);
	assert_int_equal(event(&op, EVTCHNOP_close), E_INVAL);
}

static void later_operations_are_not_there(void **state)
{
	struct evtchn_op op = {.u.status = {.dom = DOMID_SELF}};

	(void)state;
	assert_int_equal(event(&op, EVTCHNOP_reset), E_NOSYS);
	assert_int_equal(event(&op, UINT32_MAX), E_NOSYS);
	for (uint32_t command = 0; command < 40; command++) {
		memcpy(fake_guest(ARGS), &command, sizeof(command));
		assert_int_equal(call_with(hypercall_physdev_op_compat, ARGS, 0), command >= 5 && command <= 10 ? 7 : E_NOSYS);
	}
	assert_int_equal(call_with(hypercall_sched_op_compat, SCHEDOP_poll, ARGS), E_NOSYS);
}

static void structure_that_cannot_be_read_is_refused(void **state)
{
	(void)state;
	assert_int_equal(call_with(hypercall_event_channel_op_compat, NOWHERE, 0), E_FAULT);
	assert_int_equal(call_with(hypercall_physdev_op_compat, NOWHERE, 0), E_FAULT);
}

static void physical_device_operation_gets_its_arguments_address(void **state)
{
	uint32_t command = PHYSDEVOP_set_iopl;

	(void)state;
	memcpy(fake_guest(ARGS), &command, sizeof(command));
	assert_int_equal(call_with(hypercall_physdev_op_compat, ARGS, 0), 7);
	assert_int_equal(handed_over.arg[0], PHYSDEVOP_set_iopl);
	assert_int_equal(handed_over.arg[1], ARGS + offsetof(struct physdev_op, u));
}

static void shutdown_takes_its_reason_from_the_argument(void **state)
{
	(void)state;
	assert_int_equal(call_with(hypercall_sched_op_compat, SCHEDOP_yield, 0), 0);
	assert_int_equal(call_with(hypercall_sched_op_compat, SCHEDOP_shutdown, SHUTDOWN_reboot), 0);
	assert_true(d->is_shutdown);
	assert_int_equal(d->shutdown_code, SHUTDOWN_reboot);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(results_are_written_behind_the_operation),
		TEST(later_operations_are_not_there),
		TEST(structure_that_cannot_be_read_is_refused),
		TEST(physical_device_operation_gets_its_arguments_address),
		TEST(shutdown_takes_its_reason_from_the_argument),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
