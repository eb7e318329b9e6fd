#pragma once
/* The HPET's main counter: a clock, and what the time stamp is measured against. */
#include <hyp/types.h>

/* Maps it and lets it count; its timers raise no interrupts. E_NODEV if it does not answer as the
   specification says, E_NOMEM if it cannot be mapped. */
enum status hpet_init(paddr_t address);
bool hpet_is_present(void);
uint64_t hpet_counter_read(void);
/* Bits that count: 32 or 64. */
uint64_t hpet_counter_mask(void);
uint64_t hpet_hz(void);
/* True if the frame holds its registers. */
bool hpet_owns_frame(mfn_t frame);
