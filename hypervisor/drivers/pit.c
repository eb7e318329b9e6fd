/*
 * The 8254 interval timer (Intel 8254 data sheet; the gate of channel 2 is port 0x61 of the PC). It is the
 * timer of last resort for calibration: every machine has one, sixteen bits at 1.193182 MHz, once round in
 * 55 ms.
 */
#include <hyp/drivers/pit.h>
#include <hyp/io.h>

#define CHANNEL_2 0x42
#define CONTROL 0x43
#define GATE 0x61
#define GATE_CHANNEL_2 0x01
#define GATE_SPEAKER 0x02
#define GATE_WRITABLE 0x0f /* the upper bits are status and, on some boards, clear errors when written */

/* Channel 0, both bytes, mode 0: counting, and so the interrupt, waits for a count that never comes. */
#define CONTROL_STOP_0 0x30
/* Channel 2, both bytes, mode 0: down from the count, and on from 0xffff at zero. */
#define CONTROL_ONE_SHOT_2 0xb0
#define CONTROL_LATCH_2 0x80

void pit_channel0_stop(void)
{
	io_out8(CONTROL, CONTROL_STOP_0);
}

bool pit_channel2_start(void)
{
	uint8_t gate = io_in8(GATE) & GATE_WRITABLE & ~GATE_SPEAKER;

	io_out8(GATE, gate | GATE_CHANNEL_2);
	if ((io_in8(GATE) & (GATE_CHANNEL_2 | GATE_SPEAKER)) != GATE_CHANNEL_2)
		return false;
	io_out8(CONTROL, CONTROL_ONE_SHOT_2);
	io_out8(CHANNEL_2, 0);
	io_out8(CHANNEL_2, 0);
	return true;
}

uint64_t pit_channel2_read(void)
{
	uint32_t down;

	io_out8(CONTROL, CONTROL_LATCH_2);
	down = io_in8(CHANNEL_2);
	down |= (uint32_t)io_in8(CHANNEL_2) << 8;
	return -down & PIT_COUNTER_MASK;
}
