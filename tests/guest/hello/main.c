/*
 * What: the smallest guest prints through console_io.
 * Why: every other test stands on the console.
 * How: writes one line, checks what the write returned; the runtime then reports and shuts down.
 * A failure means: nothing boots, or console_io loses text.
 */
#include <guest.h>

void test_main(void)
{
	EXPECT_STATUS(hc_console_io(CONSOLEIO_write, 7, "hello!\n"), 0);
	EXPECT_STATUS(hc_console_io(CONSOLEIO_write, 0, NULL), 0);
}
