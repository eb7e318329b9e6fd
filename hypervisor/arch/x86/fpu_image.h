#pragma once
/*
 * The image of a vCPU's x87, SSE and extended state as the CPU saves it: 512 bytes as of FXSAVE; with XSAVE a header and the
 * other components follow (SDM volume 1, 10.5.1 and 13.4). Pure.
 */
#include <hyp/types.h>

#define FPU_LEGACY_BYTES 512u
#define FPU_HEADER_BYTES 64u
/* x87 and SSE, in the legacy part. */
#define FPU_LEGACY_COMPONENTS UINT64_C(3)

/* What the machine's CPUs save. */
struct fpu_format {
	uint32_t bytes;
	uint32_t mxcsr_valid; /* bits of MXCSR that may be set: others fault when they are restored */
	bool has_header;
};

/* The valid bits of MXCSR, as an image that FXSAVE wrote says (SDM volume 1, 11.6.6). */
uint32_t fpu_image_mxcsr_valid(const void *image);
/* As after reset. */
void fpu_image_reset(void *image, const struct fpu_format *format);
/* x87 and SSE from outside, FPU_LEGACY_BYTES; all other components stay. What of MXCSR would fault is dropped. */
void fpu_image_legacy_set(void *image, const struct fpu_format *format, const void *legacy);
/* The same out: a component that the CPU did not write, since it was in its initial state, is given as that. */
void fpu_image_legacy_get(const void *image, const struct fpu_format *format, void *legacy);
/* A whole image from outside, its header checked, of at most so many bytes; what it does not reach is in its initial state. */
void fpu_image_set(void *image, const struct fpu_format *format, const void *from, uint32_t bytes);
