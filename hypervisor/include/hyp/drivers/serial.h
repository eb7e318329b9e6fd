#pragma once
/* The serial console: one 16550 port. */
#include <hyp/types.h>

struct serial_config {
	uint16_t port;	   /* 0x3f8 for com1, 0x2f8 for com2 */
	uint8_t irq;	   /* ISA interrupt; 0: none, and no input */
	uint8_t data_bits; /* 5 to 8 */
	uint8_t stop_bits; /* 1 or 2 */
	char parity;	   /* 'n', 'o', 'e', 'm' or 's' */
	uint32_t baud;	   /* 0: as the firmware left it */
	uint32_t clock_hz; /* of the port; 0: 1843200 */
};

#define SERIAL_COM1 ((struct serial_config){.port = 0x3f8, .irq = 4, .data_bits = 8, .stop_bits = 1, .parity = 'n', \
					    .baud = 115200})
#define SERIAL_COM2 ((struct serial_config){.port = 0x2f8, .irq = 3, .data_bits = 8, .stop_bits = 1, .parity = 'n', \
					    .baud = 115200})

/* Sets the port up and makes it a sink of the console. Needs nothing but the processor. E_NODEV if there
   is no port, E_INVAL if the configuration makes no sense. */
enum status serial_init(const struct serial_config *config);
/* From now on the port interrupts when input arrives, and when it can take more output; the route and vector are in place. */
void serial_interrupts_enable(void);
/* The interrupt's handler. */
void serial_interrupt(void);
/* The ISA interrupt of the port; 0 if it has none. */
uint8_t serial_irq(void);
/* True for the ports that domain 0 must not touch. */
bool serial_owns_port(uint16_t port);
