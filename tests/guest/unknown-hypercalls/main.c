/*
 * What: hypercall numbers that nobody has are ENOSYS, whatever the arguments; only the low half of rax counts; known
 *       numbers survive random arguments.
 * Why: the number indexes a table.
 * How: every number from 43 on, powers of two, negative numbers; then each harmless known one with all-ones.
 * A failure means: a guest calls into the hypervisor at an address of its choice, or crashes it.
 */
#include <guest.h>

void test_main(void)
{
	unsigned int unanswered = 0;

	for (long number = 43; number < 300; number++)
		if (number < 48 || number > 55)
			unanswered += hypercall(number, ~0ul, ~0ul, ~0ul, ~0ul, ~0ul) != -XEN_ENOSYS;
	EXPECT_EQ(unanswered, 0);
	EXPECT_STATUS(hypercall(11, 0, 0, 0, 0, 0), -XEN_ENOSYS);
	for (unsigned int bit = 9; bit < 31; bit++)
		EXPECT_STATUS(hypercall(1l << bit, 0, 0, 0, 0, 0), -XEN_ENOSYS);
	EXPECT_STATUS(hypercall(-1, 0, 0, 0, 0, 0), -XEN_ENOSYS);
	EXPECT_STATUS(hypercall(0x80000011u, 0, 0, 0, 0, 0), -XEN_ENOSYS);

	/* Numbers of what was left out or is optional. */
	EXPECT_REFUSED(HC(__HYPERVISOR_xsm_op, 0, 0, 0, 0, 0));
	EXPECT_REFUSED(HC(38, 0, 0, 0, 0, 0));

	/* All-ones to those that take pointers. */
	static const uint8_t numbers[] = { 1,  2,  7,  12, 13, 17, 18, 20, 22, 24, 26, 27,
					   28, 30, 31, 32, 33, 34, 35, 36, 39, 40, 41, 42 };

	for (unsigned int i = 0; i < sizeof(numbers); i++) {
		EXPECT_REFUSED(hypercall(numbers[i], ~0ul, ~0ul, ~0ul, ~0ul, ~0ul));
		hypercall(numbers[i], 1, HYPERVISOR_VIRT_START, 1, 1, 1);
		hypercall(numbers[i], HYPERVISOR_VIRT_START, 1, HYPERVISOR_VIRT_START, DOMID_SELF, 0);
	}
	EXPECT_STATUS(hc_xen_version(XENVER_pagesize, NULL), PAGE_BYTES);
}
