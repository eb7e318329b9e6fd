#pragma once
/* The text screen, as a sink of the console until domain 0 takes it. */
#include <hyp/types.h>

/* Clears the screen. E_NODEV if the screen is not in text mode or cannot be mapped. */
enum status vga_init(void);
/* The screen is domain 0's from now on. Harmless if it was never ours. */
void vga_release(void);
