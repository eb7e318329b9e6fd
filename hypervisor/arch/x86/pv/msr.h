#pragma once
/* Model-specific registers of guests, from the machine's side; the accesses are in pv.h. See msr.c. */
#include <hyp/types.h>

/* While the machine starts, from pv_cpuid_init: reads what guests are told of the machine's registers. */
void pv_msr_init(void);
