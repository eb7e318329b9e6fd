#pragma once
/*
 * The console: where text goes, from us and from the guests.
 *
 * Text of the hypervisor goes to the ring and to every sink. Domain 0's text goes to the sinks as it is.
 * Text of other guests goes line by line, cleaned, limited in rate and marked with the domain. Any CPU,
 * interrupts off.
 */
#include <hyp/log.h>
#include <hyp/rate_limit.h>

/* A device that takes text. '\n' ends a line; what a device needs beside it is the device's business.
   `write` is called with the console's lock held, must not log, and must end in bounded time. `settle`, if there is one, is
   called when the machine stops: what was not written yet is, and what follows is written at once. */
struct console_sink {
	const char *name;
	void (*write)(const char *text, size_t length);
	void (*settle)(void);
};

/* The sink is borrowed until it is removed. E_NOSPC if there are too many. */
enum status console_sink_add(const struct console_sink *sink);
void console_sink_remove(const struct console_sink *sink);

/* Whole lines of ours. They start on a line of their own, also when domain 0 was in the middle of one. */
void console_write(const char *text, size_t length);
/* Domain 0's console_io write. Goes to the ring as well if console_ring_domain0_set(true) was called. */
void console_domain0_write(const char *text, size_t length);
void console_ring_domain0_set(bool on);

/* A guest's debugging text: one in each domain. */
struct console_guest {
	struct rate_limit limit; /* of lines */
	uint32_t length;
	char line[160];
};

void console_guest_init(struct console_guest *guest, uint64_t now_ns);
/* console_io write of a guest other than domain 0. The domain's own lock is held. */
void console_guest_write(struct console_guest *guest, uint16_t domid, const char *text, size_t length,
			 uint64_t now_ns);

/* sysctl readconsole: `*index` is where to start if `incremental`, and becomes where to go on. Returns
   the length. */
uint32_t console_ring_read(uint32_t *index, bool incremental, char *to, uint32_t max);
/* Readers see no more what lies before `index`. */
void console_ring_clear(uint32_t index);
/* `written` is called after each piece that the ring got, on its CPU, under whatever locks its writer holds but the console's:
   it may set a timer. Not once console_force was called. */
void console_ring_set_notify(void (*written)(void));
/* Goes on in `storage`, which is taken for good. E_INVAL unless `bytes` is a power of two of at least
   4096. */
enum status console_ring_set(char *storage, uint32_t bytes);

/* For panic, and for the machine's end, when no other CPU runs: whoever holds the console's lock has lost it, and when a write
   returns the text is out. */
void console_force(void);

/*
 * Which lines are printed: those more severe than `always` (LOG_ERROR is below LOG_WARNING is below ...),
 * and, within a rate, those more severe than `limited`. As in `loglvl=always/limited`; "none" is 0, "all"
 * is LOG_LEVELS.
 */
#define LOG_LEVELS (LOG_DEBUG + 1)
struct log_threshold {
	unsigned int always, limited;
};
enum log_source { LOG_FROM_US, LOG_FROM_GUESTS };

void log_set_level(enum log_source source, struct log_threshold threshold);
struct log_threshold log_get_level(enum log_source source);
/* "none", "error", "warning", "info", "debug" or "all", alone or as always/limited. E_INVAL for anything
   else. */
enum status log_level_parse(const char *text, struct log_threshold *threshold);
/* Tells the time for the limits on rate; until then there is none. */
void log_set_clock(uint64_t (*now_ns)(void));

/* A line that a guest caused: printed by the guests' threshold, never above LOG_DEBUG unless that allows
   it. */
[[gnu::format(printf, 3, 4)]] void log_guest(enum log_level level, uint16_t domid, const char *format, ...);
