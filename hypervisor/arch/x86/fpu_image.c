/*
 * Images of extended state, between the CPU's form and that of the interface.
 *
 * The CPU may leave out what is in its initial state: the component's bit in XSTATE_BV is clear then, and its bytes are what an
 * earlier save left there (SDM volume 1, 13.9). MXCSR is always written.
 */
#include "fpu_image.h"

#include <hyp/string.h>

#define CONTROL_AT 0
#define CONTROL_INITIAL 0x37f
#define MXCSR_AT 24
#define MXCSR_MASK_AT 28
#define MXCSR_INITIAL 0x1f80
#define MXCSR_VALID_WITHOUT_MASK 0xffbf
#define X87_BYTES 24
#define X87_REGISTERS_AT 32
#define XMM_AT 160
#define XMM_BYTES 256

static void word_put(void *image, unsigned int at, uint32_t value, size_t bytes)
{
	memcpy((char *)image + at, &value, bytes);
}

static uint32_t mxcsr_of(const void *image)
{
	uint32_t value;

	memcpy(&value, (const char *)image + MXCSR_AT, sizeof(value));
	return value;
}

/* XSTATE_BV: which components the image has. */
static uint64_t present(const void *image, const struct fpu_format *format)
{
	uint64_t value = FPU_LEGACY_COMPONENTS;

	if (format->has_header)
		memcpy(&value, (const char *)image + FPU_LEGACY_BYTES, sizeof(value));
	return value;
}

static void present_set(void *image, const struct fpu_format *format, uint64_t value)
{
	if (format->has_header)
		memcpy((char *)image + FPU_LEGACY_BYTES, &value, sizeof(value));
}

uint32_t fpu_image_mxcsr_valid(const void *image)
{
	uint32_t mask;

	memcpy(&mask, (const char *)image + MXCSR_MASK_AT, sizeof(mask));
	return mask ? mask : MXCSR_VALID_WITHOUT_MASK;
}

void fpu_image_reset(void *image, const struct fpu_format *format)
{
	memset(image, 0, format->bytes);
	word_put(image, CONTROL_AT, CONTROL_INITIAL, sizeof(uint16_t));
	word_put(image, MXCSR_AT, MXCSR_INITIAL, sizeof(uint32_t));
	present_set(image, format, FPU_LEGACY_COMPONENTS);
}

void fpu_image_legacy_set(void *image, const struct fpu_format *format, const void *legacy)
{
	memcpy(image, legacy, FPU_LEGACY_BYTES);
	word_put(image, MXCSR_AT, mxcsr_of(legacy) & format->mxcsr_valid, sizeof(uint32_t));
	present_set(image, format, present(image, format) | FPU_LEGACY_COMPONENTS);
}

void fpu_image_legacy_get(const void *image, const struct fpu_format *format, void *legacy)
{
	uint64_t components = present(image, format);

	memcpy(legacy, image, FPU_LEGACY_BYTES);
	if (!(components & BIT(0))) {
		memset(legacy, 0, X87_BYTES);
		memset((char *)legacy + X87_REGISTERS_AT, 0, XMM_AT - X87_REGISTERS_AT);
		word_put(legacy, CONTROL_AT, CONTROL_INITIAL, sizeof(uint16_t));
	}
	if (!(components & BIT(1)))
		memset((char *)legacy + XMM_AT, 0, XMM_BYTES);
}

void fpu_image_set(void *image, const struct fpu_format *format, const void *from, uint32_t bytes)
{
	memset(image, 0, format->bytes);
	memcpy(image, from, MIN(bytes, format->bytes));
	word_put(image, MXCSR_AT, mxcsr_of(from) & format->mxcsr_valid, sizeof(uint32_t));
}
