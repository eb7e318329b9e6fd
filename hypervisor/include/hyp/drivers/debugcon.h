#pragma once
/* The debug port of QEMU and Bochs, as a sink of the console. */
#include <hyp/status.h>

/* Only when asked for: on another machine the port belongs to something else. E_NODEV if it does not
   answer. */
enum status debugcon_init(void);
