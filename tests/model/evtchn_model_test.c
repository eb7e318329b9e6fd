/* Random histories of event channels; the model is evtchn_model.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../model/evtchn_model.h"

#define HISTORIES 1000
#define LENGTH 400

static void event_channels_are_as_the_model_has_them_in_every_history(void **state)
{
	uint8_t bytes[LENGTH];

	(void)state;
	for (unsigned int seed = 1; seed <= HISTORIES; seed++) {
		srand(seed);
		for (unsigned int i = 0; i < LENGTH; i++)
			bytes[i] = (uint8_t)(rand() >> 8);
		evtchn_model_run(bytes, LENGTH);
	}
	three_domains_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_channels_are_as_the_model_has_them_in_every_history),
	};

	return cmocka_run_group_tests_name("evtchn_model", tests, NULL, NULL);
}
