#pragma once
/* The console that belongs to this domain. */
#include "abi.h"

void console_write(const char *text, size_t length);
