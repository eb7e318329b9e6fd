#pragma once
/* The two old interrupt controllers, which are only silenced. */
#include <hyp/types.h>

/* Moves their sixteen vectors to `vector_base` (a multiple of 8) and masks all lines. */
void i8259_init(uint8_t vector_base);
/* True for the ports that domain 0 must not touch. */
bool i8259_owns_port(uint16_t port);
