#pragma once
/* The 8254 timer: channel 0 is stopped, channel 2 measures once; afterwards channel 2 is domain 0's. */
#include <hyp/types.h>

#define PIT_HZ 1193182
#define PIT_COUNTER_MASK UINT64_C(0xffff)

/* No more interrupts of channel 0. */
void pit_channel0_stop(void);
/* Starts channel 2 from the top; false if its gate does not answer. The speaker stays silent. */
bool pit_channel2_start(void);
/* How far channel 2 has come since, upwards, modulo 2^16. */
uint64_t pit_channel2_read(void);
