/* Random histories of the page-type machine; the model is page_table_model.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../model/page_table_model.h"

#define HISTORIES 4000
#define LENGTH 600

static void page_table_counts_follow_the_tables_in_every_history(void **state)
{
	uint8_t bytes[LENGTH];

	(void)state;
	for (unsigned int seed = 1; seed <= HISTORIES; seed++) {
		srand(seed);
		for (unsigned int i = 0; i < LENGTH; i++)
			bytes[i] = (uint8_t)(rand() >> 8);
		page_table_model_run(bytes, LENGTH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_table_counts_follow_the_tables_in_every_history),
	};

	return cmocka_run_group_tests_name("page_table_model", tests, NULL, NULL);
}
