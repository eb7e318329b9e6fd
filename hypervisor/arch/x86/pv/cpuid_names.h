#pragma once
/* See cpuid_names.c. */
#include <hyp/boot/text.h>

/* The feature of that name, in the ABI's numbering; false if there is none. */
bool cpu_feature_find(struct text name, unsigned int *feature);
