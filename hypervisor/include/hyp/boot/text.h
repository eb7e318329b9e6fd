#pragma once
/*
 * Text with a length, not ended by NUL: a borrowed part of a command line or of a file. And the one-line messages
 * that the parsers hand to their callers' callbacks.
 */
#include <hyp/types.h>

struct text {
	const char *at;
	uint64_t bytes;
};

bool text_equal(struct text t, const char *literal);
bool text_starts(struct text t, const char *literal);
/* Is `c` in it? */
bool text_has(struct text t, char c);
/* Without the first `count` characters, of which there must be that many. */
static inline struct text text_skip(struct text t, uint64_t count) { return (struct text){t.at + count, t.bytes - count}; }
/* Takes what is before the first `separator` out of `rest`, and the separator too; everything if there is none. */
struct text text_take(struct text *rest, char separator);
/* The NUL-ended text that starts at `at`, or all of it if there is no NUL in `max` bytes. */
struct text text_of(const void *at, uint64_t max);
/* Copies what fits and always ends with NUL; `size` is not 0. True if all of it fit. */
bool text_copy(char *to, size_t size, struct text from);

/* A number in base 10, or 16 after 0x, or 8 after 0, all of the text: false if it is anything else or too large. */
bool text_to_number(struct text t, uint64_t *out);

/* A message that is put together from parts; what does not fit is cut off. Always ends with NUL. */
struct text_line {
	char text[160];
	unsigned int length;
};

#define TEXT_LINE_INIT {{0}, 0}
void text_line_add(struct text_line *line, const char *words);
/* Characters that are not printable come out as '?', so that a message cannot drive a terminal. */
void text_line_add_text(struct text_line *line, struct text t);

/* Where a parser sends its warnings: one line of text, without '\n', readable during the call only. */
struct boot_report {
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

static inline void boot_report_say(const struct boot_report *report, const struct text_line *line)
{
	report->say(report->ctx, line->text);
}
