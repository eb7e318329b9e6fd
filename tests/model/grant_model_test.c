/* Random histories of grant tables; the model is grant_model.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../model/grant_model.h"

#define HISTORIES 500
#define LENGTH 3000

static void grants_are_as_the_model_has_them_in_every_history(void **state)
{
	uint8_t bytes[LENGTH];

	(void)state;
	for (unsigned int seed = 1; seed <= HISTORIES; seed++) {
		srand(seed);
		for (unsigned int i = 0; i < LENGTH; i++)
			bytes[i] = (uint8_t)(rand() >> 8);
		grant_model_run(bytes, LENGTH);
	}
	grant_model_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grants_are_as_the_model_has_them_in_every_history),
	};

	return cmocka_run_group_tests_name("grant_model", tests, NULL, NULL);
}
