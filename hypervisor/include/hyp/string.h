#pragma once
/* The few <string.h> functions that the hypervisor uses; on the host they are the C library's. */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
/* Copies at most size - 1 characters and always ends with NUL; returns the length of `from`. */
size_t string_copy(char *to, const char *from, size_t size);
