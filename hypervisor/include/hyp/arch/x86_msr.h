#pragma once
/* Numbers of the model-specific registers that the drivers use (Intel SDM vol. 4); msr_read and
   msr_write are in hyp/io.h. */
#include <hyp/io.h>

#define MSR_APIC_BASE 0x1bu
#define MSR_APIC_BASE_BOOT_CPU BIT(8)
#define MSR_APIC_BASE_X2APIC BIT(10)
#define MSR_APIC_BASE_ENABLE BIT(11)
#define MSR_TSC_DEADLINE 0x6e0u
/* Register r of the local APIC, at byte offset r << 4 of its page, is this plus r in x2APIC mode. */
#define MSR_X2APIC_BASE 0x800u
