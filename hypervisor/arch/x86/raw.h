#pragma once
/* Accesses that may fault and then report it (entry/copy.S). */
#include <hyp/types.h>

size_t guest_copy_raw(void *to, const void *from, size_t bytes);
size_t guest_clear_raw(void *to, size_t bytes);
bool segment_load_gs_user(unsigned int selector);
bool segment_load_ds(unsigned int selector);
bool segment_load_es(unsigned int selector);
bool segment_load_fs(unsigned int selector);
bool msr_read_raw(uint32_t index, uint64_t *value);
bool msr_write_raw(uint32_t index, uint64_t value);
bool xsetbv_raw(uint64_t value);
bool fpu_restore_raw(void *image, uint64_t features, bool xsave);
