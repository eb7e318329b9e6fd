/*
 * What: the obsolete mmuext commands to mark superpages are refused for every frame number.
 * Why: XSA-167: the number indexed an array unchecked.
 * How: marks and unmarks frame numbers from 0 to all-ones.
 * A failure means: the hypervisor writes out of bounds.
 */
#include <guest.h>

void test_main(void)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		EXPECT_REFUSED(mmuext(MMUEXT_MARK_SUPER, 1ul << bit, 0));
		EXPECT_REFUSED(mmuext(MMUEXT_UNMARK_SUPER, 1ul << bit, 0));
	}
	EXPECT_REFUSED(mmuext(MMUEXT_MARK_SUPER, ~0ul & ~511ul, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_UNMARK_SUPER, 0, 0));
}
