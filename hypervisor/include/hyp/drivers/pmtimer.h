#pragma once
/* The ACPI power management timer. */
#include <hyp/types.h>

#define PMTIMER_HZ 3579545

/* E_NODEV if it does not count. */
enum status pmtimer_init(uint16_t port, bool is_32_bit);
bool pmtimer_is_present(void);
uint64_t pmtimer_read(void);
/* Bits that count: 24 or 32. */
uint64_t pmtimer_mask(void);
