/* What domain 0 is told of an NMI, from the port that says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arch/x86/nmi_reason.h>

static void errors_of_buses_are_named(void **state)
{
	(void)state;
	assert_int_equal(nmi_reason_of(0x40), XEN_NMIREASON_io_error);
	assert_int_equal(nmi_reason_of(0xb1), XEN_NMIREASON_pci_serr);
	assert_int_equal(nmi_reason_of(0xc0), XEN_NMIREASON_io_error | XEN_NMIREASON_pci_serr);
}

static void nothing_said_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(nmi_reason_of(0x3f), XEN_NMIREASON_unknown);
}

static void absent_port_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(nmi_reason_of(0xff), XEN_NMIREASON_unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_buses_are_named),
		cmocka_unit_test(nothing_said_is_unknown),
		cmocka_unit_test(absent_port_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
