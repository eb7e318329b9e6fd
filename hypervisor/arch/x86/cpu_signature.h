#pragma once
/* CPUID leaf 1, eax: which processor this is (Intel SDM vol. 2, CPUID; AMD does the same for families above 15). */
#include <stdint.h>

static inline void cpu_signature_decode(uint32_t eax, uint32_t *family, uint32_t *model, uint32_t *stepping)
{
	*family = eax >> 8 & 0xf;
	*model = eax >> 4 & 0xf;
	*stepping = eax & 0xf;
	/* Families below 6 have no extended model. */
	if (*family >= 6)
		*model |= eax >> 12 & 0xf0;
	if (*family == 15)
		*family += eax >> 20 & 0xff;
}
