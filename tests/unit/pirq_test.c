/* The numbers of a domain's interrupts: whatever a domain names is looked at before it is used as an index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arch/x86/pirq_table.h>

#define GSIS 24u
#define COUNT 30u

static struct pirq entries[COUNT];
static const struct pirq_numbers numbers = {GSIS, COUNT, entries};

static int set_up(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < COUNT; i++)
		entries[i] = (struct pirq){.kind = PIRQ_FREE};
	return 0;
}

static void gsi_has_its_own_number(void **state)
{
	uint32_t number = 99;

	(void)state;
	assert_int_equal(pirq_choose_gsi(&numbers, 11, -1, &number), OK);
	assert_int_equal(number, 11);
	assert_int_equal(pirq_choose_gsi(&numbers, 0, 0, &number), OK);
	assert_int_equal(number, 0);
}

static void gsi_with_another_number_is_refused(void **state)
{
	uint32_t number = 99;

	(void)state;
	assert_int_equal(pirq_choose_gsi(&numbers, 11, 12, &number), E_INVAL);
	assert_int_equal(number, 99);
}

static void gsi_out_of_range_is_refused(void **state)
{
	static const int64_t bad[] = {-1, INT32_MIN, GSIS, COUNT, INT32_MAX, UINT32_MAX};
	uint32_t number = 99;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(pirq_choose_gsi(&numbers, bad[i], -1, &number), E_INVAL);
		assert_int_equal(pirq_choose_gsi(&numbers, bad[i], bad[i], &number), E_INVAL);
	}
	assert_int_equal(number, 99);
}

static void messages_are_numbered_downwards_to_the_lines(void **state)
{
	uint32_t number;

	(void)state;
	for (uint32_t expected = COUNT - 1; expected >= GSIS; expected--) {
		assert_int_equal(pirq_choose_message(&numbers, -1, &number), OK);
		assert_int_equal(number, expected);
		entries[number].kind = PIRQ_MESSAGE;
	}
	assert_int_equal(pirq_choose_message(&numbers, -1, &number), E_NOSPC);
}

static void message_takes_a_wanted_number_only_if_it_was_reserved(void **state)
{
	uint32_t number;

	(void)state;
	assert_int_equal(pirq_choose_message(&numbers, 26, &number), E_INVAL);
	entries[26].kind = PIRQ_MESSAGE;
	assert_int_equal(pirq_choose_message(&numbers, 26, &number), E_INVAL);
	entries[26].kind = PIRQ_RESERVED;
	assert_int_equal(pirq_choose_message(&numbers, 26, &number), OK);
	assert_int_equal(number, 26);
	assert_int_equal(pirq_choose_message(&numbers, COUNT, &number), E_INVAL);
	assert_int_equal(pirq_choose_message(&numbers, INT32_MAX, &number), E_INVAL);
	entries[3].kind = PIRQ_GSI;
	assert_int_equal(pirq_choose_message(&numbers, 3, &number), E_INVAL);
}

static void port_is_bound_only_to_what_is_mapped(void **state)
{
	(void)state;
	assert_int_equal(pirq_bind_check(&numbers, 5), E_INVAL);
	entries[5].kind = PIRQ_RESERVED;
	assert_int_equal(pirq_bind_check(&numbers, 5), E_INVAL);
	entries[5].kind = PIRQ_GSI;
	assert_int_equal(pirq_bind_check(&numbers, 5), OK);
	assert_int_equal(pirq_bind_check(&numbers, COUNT), E_INVAL);
	assert_int_equal(pirq_bind_check(&numbers, UINT32_MAX), E_INVAL);
}

static void second_port_is_refused(void **state)
{
	(void)state;
	entries[5] = (struct pirq){.kind = PIRQ_GSI, .port = 7};
	assert_int_equal(pirq_bind_check(&numbers, 5), E_EXIST);
}

static void bound_number_is_not_given_back(void **state)
{
	(void)state;
	entries[5] = (struct pirq){.kind = PIRQ_GSI, .port = 7};
	assert_int_equal(pirq_unmap_check(&numbers, 5), E_BUSY);
	entries[5].port = 0;
	assert_int_equal(pirq_unmap_check(&numbers, 5), OK);
}

static void number_out_of_use_is_not_given_back(void **state)
{
	(void)state;
	assert_int_equal(pirq_unmap_check(&numbers, 5), E_INVAL);
	assert_int_equal(pirq_unmap_check(&numbers, -1), E_INVAL);
	assert_int_equal(pirq_unmap_check(&numbers, COUNT), E_INVAL);
	assert_int_equal(pirq_unmap_check(&numbers, INT32_MIN), E_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(gsi_has_its_own_number, set_up),
		cmocka_unit_test_setup(gsi_with_another_number_is_refused, set_up),
		cmocka_unit_test_setup(gsi_out_of_range_is_refused, set_up),
		cmocka_unit_test_setup(messages_are_numbered_downwards_to_the_lines, set_up),
		cmocka_unit_test_setup(message_takes_a_wanted_number_only_if_it_was_reserved, set_up),
		cmocka_unit_test_setup(port_is_bound_only_to_what_is_mapped, set_up),
		cmocka_unit_test_setup(second_port_is_refused, set_up),
		cmocka_unit_test_setup(bound_number_is_not_given_back, set_up),
		cmocka_unit_test_setup(number_out_of_use_is_not_given_back, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
