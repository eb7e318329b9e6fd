#pragma once
/*
 * What the hypervisor says, and how it stops.
 *
 * Three kinds of trouble, three answers: a caller that asks for something wrong gets a status; a guest that
 * does what it may not survive is crashed (domain_crash); when we are wrong, CHECK stops the machine.
 * A guest never causes a line above LOG_DEBUG, nor a CHECK.
 */
#include <stdarg.h>

#include <hyp/types.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Formats: %d %i %u %x %X %p %s %c %%, flags 0 - # and width, length l ll z h hh; others print as they are.
   One call is one piece of output: lines of several CPUs do not mix. The line is complete, without '\n'. */
[[gnu::format(printf, 2, 3)]] void log_at(enum log_level level, const char *format, ...);
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* Prints why, the registers and the trace, and stops or restarts the machine. Any context. */
[[gnu::noreturn, gnu::format(printf, 1, 2)]] void panic(const char *format, ...);

/* Stops the machine if `cond` is false. Always compiled in; says what we got wrong, never what a guest did. */
#define CHECK(cond)                                                                                                    \
	do {                                                                                                           \
		if (unlikely(!(cond)))                                                                                 \
			panic("CHECK failed: %s, at %s:%d", #cond, __FILE__, __LINE__);                                \
	} while (0)

/* Like snprintf of the C library, with the formats of log_at. Never writes past `size`; always ends with NUL if
   size > 0; returns the length that the whole text has. */
[[gnu::format(printf, 3, 4)]] int format_text(char *buffer, size_t size, const char *format, ...);
int format_text_v(char *buffer, size_t size, const char *format, va_list args);
