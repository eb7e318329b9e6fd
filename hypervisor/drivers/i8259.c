/*
 * The pair of 8259A interrupt controllers (Intel 8259A data sheet). The IO-APICs do their work; a pair left
 * as the firmware had it could still interrupt, and with vectors that are exceptions. So: moved away, then
 * masked.
 */
#include <hyp/drivers/i8259.h>
#include <hyp/io.h>

#define MASTER 0x20
#define SLAVE 0xa0
#define DATA 1
#define ICW1_EDGE_CASCADE_ICW4 0x11
#define ICW3_MASTER_HAS_SLAVE_AT_2 0x04
#define ICW3_SLAVE_IS_2 0x02
#define ICW4_8086 0x01
#define ALL_MASKED 0xff
#define DELAY 0x80 /* a write to this port takes a bus cycle and changes nothing */

/* Old chips want time between the words. */
static void write(uint16_t port, uint8_t value)
{
	io_out8(port, value);
	io_out8(DELAY, 0);
}

static void set_up(uint16_t chip, uint8_t vector_base, uint8_t cascade)
{
	write(chip, ICW1_EDGE_CASCADE_ICW4);
	write((uint16_t)(chip + DATA), vector_base);
	write((uint16_t)(chip + DATA), cascade);
	write((uint16_t)(chip + DATA), ICW4_8086);
	write((uint16_t)(chip + DATA), ALL_MASKED);
}

void i8259_init(uint8_t vector_base)
{
	write(MASTER + DATA, ALL_MASKED);
	write(SLAVE + DATA, ALL_MASKED);
	set_up(MASTER, vector_base, ICW3_MASTER_HAS_SLAVE_AT_2);
	set_up(SLAVE, (uint8_t)(vector_base + 8), ICW3_SLAVE_IS_2);
}

bool i8259_owns_port(uint16_t port)
{
	return (port & ~1) == MASTER || (port & ~1) == SLAVE;
}
