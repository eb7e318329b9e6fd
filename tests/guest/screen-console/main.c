/*
 * What: with console=vga the hypervisor's lines stand on the screen, and domain 0 gets the screen after it.
 * Why: a machine without a serial port says what is wrong nowhere else.
 * How: maps the memory of the text screen and counts the rows that begin as the hypervisor's lines do.
 * A failure means: the console on the screen was not opened, or lost its mapping.
 * Machine: vga=1
 */
#include <guest.h>

#define SCREEN_MFN 0xb8
#define COLUMNS 80
#define ROWS 25

void test_main(void)
{
	const volatile uint16_t *cells;
	unsigned int lines = 0;

	if (!is_hospes())
		SKIP("Xen leaves no text on the screen");
	cells = alias_alloc(SCREEN_MFN, PTE_RW_FLAGS | PTE_PCD | PTE_PWT);
	for (unsigned int row = 0; row < ROWS; row++)
		lines += (cells[row * COLUMNS] & 0xff) == '(' && (cells[row * COLUMNS + 1] & 0xff) > ' ';
	EXPECT_TRUE(lines >= 5);
}
