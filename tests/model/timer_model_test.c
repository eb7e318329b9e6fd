/* Random sequences of operations on timers, with a few seeds; the fuzzer does the same with guidance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "timer_model.h"

#define SEQUENCES 300u
#define SEQUENCE_BYTES 3000u

static void timers_fire_in_order_once_and_never_early(void **state)
{
	uint8_t bytes[SEQUENCE_BYTES];

	(void)state;
	for (uint32_t sequence = 0; sequence < SEQUENCES; sequence++) {
		uint32_t seed = sequence * 2654435761u + 1;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
		assert_int_equal(timer_model_run(bytes, sizeof(bytes)), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(timers_fire_in_order_once_and_never_early)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
