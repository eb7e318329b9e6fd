/*
 * The text screen of a VGA: 80 columns, 25 rows, a character and an attribute byte each, at 0xb8000 (IBM
 * VGA technical reference). The firmware leaves it in mode 3; there is no mode setting here. Scrolling
 * copies from our own copy of the text, because reading the screen's memory is slow on real machines.
 *
 * All under the console's lock, except that vga_release() first takes the sink away.
 */
#include <hyp/console.h>
#include <hyp/drivers/vga.h>
#include <hyp/io.h>
#include <hyp/string.h>

#define SCREEN 0xb8000
#define COLUMNS 80
#define ROWS 25
#define BLANK 0x0720 /* a space, light grey on black */
#define ATTRIBUTE 0x0700
#define TAB 8

#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f
#define GRAPHICS_INDEX 0x3ce
#define GRAPHICS_DATA 0x3cf
#define GRAPHICS_MISCELLANEOUS 6
#define GRAPHICS_MODE 0x01
#define MAP_SELECT 0x0c
#define MAP_B8000 0x0c

static volatile uint16_t *screen;
static uint16_t cells[ROWS * COLUMNS];
static unsigned int row, column;

static void draw(unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++)
		mmio_write16(&screen[i], cells[i]);
}

static void new_line(void)
{
	column = 0;
	if (++row < ROWS)
		return;
	row = ROWS - 1;
	memmove(cells, cells + COLUMNS, sizeof(cells) - COLUMNS * sizeof(cells[0]));
	for (unsigned int i = row * COLUMNS; i < ROWS * COLUMNS; i++)
		cells[i] = BLANK;
	draw(0, ROWS * COLUMNS);
}

static void put(char c)
{
	unsigned int at = row * COLUMNS + column;

	cells[at] = (uint16_t)(ATTRIBUTE | (uint8_t)c);
	draw(at, at + 1);
	if (++column == COLUMNS)
		new_line();
}

static void cursor_move(void)
{
	unsigned int at = row * COLUMNS + column;

	io_out8(CRTC_INDEX, CRTC_CURSOR_HIGH);
	io_out8(CRTC_DATA, (uint8_t)(at >> 8));
	io_out8(CRTC_INDEX, CRTC_CURSOR_LOW);
	io_out8(CRTC_DATA, (uint8_t)at);
}

static void vga_write(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			new_line();
		else if (text[i] == '\r')
			column = 0;
		else if (text[i] == '\b')
			column -= column > 0;
		else if (text[i] == '\t')
			column = MIN(ROUND_DOWN(column, TAB) + TAB, COLUMNS - 1);
		else if ((uint8_t)text[i] >= ' ')
			put(text[i]);
	}
	cursor_move();
}

static const struct console_sink sink = {.name = "vga", .write = vga_write};

static bool is_text_mode(void)
{
	uint8_t mode;

	io_out8(GRAPHICS_INDEX, GRAPHICS_MISCELLANEOUS);
	mode = io_in8(GRAPHICS_DATA);
	/* Where there is no VGA the bus answers all-ones, which is a graphics mode too. */
	return !(mode & GRAPHICS_MODE) && (mode & MAP_SELECT) == MAP_B8000;
}

enum status vga_init(void)
{
	if (!is_text_mode())
		return E_NODEV;
	screen = mmio_map(SCREEN, sizeof(cells));
	if (!screen)
		return E_NODEV;
	for (unsigned int i = 0; i < ROWS * COLUMNS; i++)
		cells[i] = BLANK;
	row = column = 0;
	draw(0, ROWS * COLUMNS);
	cursor_move();
	return console_sink_add(&sink);
}

void vga_release(void)
{
	console_sink_remove(&sink);
}
