/*
 * What: console_io write and read with good and bad buffers and counts.
 * Why: domain 0's console.
 * How: writes lines, a buffer over a page end, a long one; bad pointers; reads an empty input.
 * A failure means: console text is lost, or a bad pointer crashes.
 */
#include <guest.h>

static char text[8192];

void test_main(void)
{
	char input[16] = { 'x' };

	bytes_fill(text, '.', sizeof(text));
	text[78] = '\n';
	EXPECT_STATUS(hc_console_io(CONSOLEIO_write, 79, text), 0);
	text[4136] = '\n';
	EXPECT_STATUS(hc_console_io(CONSOLEIO_write, 80, text + 4057), 0);
	for (unsigned int i = 77; i < sizeof(text); i += 78)
		text[i] = '\n';
	text[sizeof(text) - 1] = '\n';
	EXPECT_STATUS(hc_console_io(CONSOLEIO_write, sizeof(text), text), 0);
	EXPECT_STATUS(hc_console_io(CONSOLEIO_read, sizeof(input), input), 0);
	EXPECT_EQ(input[0], 'x');
	EXPECT_STATUS(hc_console_io(CONSOLEIO_write, 5, (char *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
	EXPECT_STATUS(hc_console_io(CONSOLEIO_write, 5, (char *)0x10000000000ul), -XEN_EFAULT);
	EXPECT_STATUS(hc_console_io(CONSOLEIO_write, 5, (char *)0x800000000000ul), -XEN_EFAULT);
	EXPECT_ONE_OF(hc_console_io(99, 0, NULL), -XEN_ENOSYS, -XEN_EOPNOTSUPP);
	EXPECT_REFUSED(hc_console_io(CONSOLEIO_read, 0xffffffff, input));
}
