#pragma once
/* The flags register (Intel SDM vol. 1, 3.4.3). */
#include <hyp/types.h>

#define RFLAGS_CF BIT(0)
#define RFLAGS_PF BIT(2)
#define RFLAGS_AF BIT(4)
#define RFLAGS_ZF BIT(6)
#define RFLAGS_SF BIT(7)
#define RFLAGS_TF BIT(8)
#define RFLAGS_IF BIT(9)
#define RFLAGS_DF BIT(10)
#define RFLAGS_OF BIT(11)
#define RFLAGS_IOPL (BIT(12) | BIT(13))
#define RFLAGS_NT BIT(14)
#define RFLAGS_RF BIT(16)
#define RFLAGS_VM BIT(17)
#define RFLAGS_AC BIT(18)
#define RFLAGS_ID BIT(21)

/* Clear in a guest's kernel when the hypervisor brings it there, whatever the program had set. The direction too: where SYSCALL
   clears it kernels rely on that, and a program's would turn their string instructions around. */
#define RFLAGS_CLEARED_ON_ENTRY (RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC)
/* What arithmetic changes. */
#define RFLAGS_ARITHMETIC (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)
