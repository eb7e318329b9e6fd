#pragma once
/* CPUID of guests, from the machine's side; the answers are in pv.h and <hyp/pv/cpu_policy.h>. See cpuid.c. */

/* On every CPU but the boot CPU, after pv_cpuid_read: has CPUID fault in guests where the CPU can. */
void pv_cpuid_init_cpu(void);
