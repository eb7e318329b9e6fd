#pragma once
/* Numbers that the assembly and the C files share. */
#define STACK_BYTES 16384
#define FRAME_BYTES 176

/* What brought a vCPU into the kernel beside the 256 vectors. */
#define VECTOR_EVENT 256
#define VECTOR_SYSCALL 257
#define VECTOR_SYSCALL32 258
#define VECTOR_SYSENTER 259
#define VECTOR_FAILSAFE 260
#define VECTOR_NMI_CALLBACK 261
