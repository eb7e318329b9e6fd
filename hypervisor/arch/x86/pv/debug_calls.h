#pragma once
/* Debug registers of the current vCPU; see debug_calls.c. Errors are those of debug_registers.h. */
#include "pv.h"

/* Also loads them into the CPU. */
enum status pv_debug_set(struct vcpu *v, unsigned int index, uint64_t value);
enum status pv_debug_get(const struct vcpu *v, unsigned int index, uint64_t *value);
