/* Vectors for device interrupts: which are given out, in what order, and that none is given out twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arch/x86/irq_vector.h>
#include <arch/x86/layout.h>

static struct irq_vectors vectors;

static int set_up(void **state)
{
	(void)state;
	vectors = (struct irq_vectors){{0}};
	return 0;
}

static uint8_t take(void)
{
	uint8_t vector = 0;

	assert_int_equal(irq_vector_alloc(&vectors, &vector), OK);
	return vector;
}

static void every_vector_is_given_out_once(void **state)
{
	bool seen[IRQ_VECTORS] = {false};
	uint8_t vector;

	(void)state;
	for (unsigned int i = 0; i < VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST; i++) {
		vector = take();
		assert_false(seen[vector]);
		seen[vector] = true;
	}
	assert_int_equal(irq_vector_alloc(&vectors, &vector), E_NOSPC);
}

static void system_call_and_own_vectors_are_never_given_out(void **state)
{
	uint8_t vector;

	(void)state;
	while (irq_vector_alloc(&vectors, &vector) == OK) {
		assert_true(vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST);
		assert_int_not_equal(vector, 0x80);
	}
	assert_false(irq_vector_is_for_devices(0x80));
	assert_false(irq_vector_is_for_devices(VECTOR_TIMER));
	assert_false(irq_vector_is_for_devices(0x20));
	assert_false(irq_vector_is_for_devices(0x1000));
}

static void first_vectors_have_classes_of_their_own(void **state)
{
	bool seen[16] = {false};

	(void)state;
	/* Not so the class of the system call, whose first vector that is. */
	for (unsigned int class = VECTOR_DEVICE_FIRST >> 4; class < VECTOR_DEVICE_LAST >> 4; class++) {
		uint8_t vector = take();

		assert_false(seen[vector >> 4]);
		seen[vector >> 4] = true;
	}
}

static void freed_vector_is_given_out_again(void **state)
{
	uint8_t vector;

	(void)state;
	while (irq_vector_alloc(&vectors, &vector) == OK)
		;
	irq_vector_free(&vectors, 0x55);
	assert_int_equal(take(), 0x55);
	assert_int_equal(irq_vector_alloc(&vectors, &vector), E_NOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_vector_is_given_out_once, set_up),
		cmocka_unit_test_setup(system_call_and_own_vectors_are_never_given_out, set_up),
		cmocka_unit_test_setup(first_vectors_have_classes_of_their_own, set_up),
		cmocka_unit_test_setup(freed_vector_is_given_out_again, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
