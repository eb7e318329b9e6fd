#pragma once
/* The architecture's part of <hyp/cpu.h>: which CPU this is. */

unsigned int arch_cpu_id(void);
