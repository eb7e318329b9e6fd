/*
 * The console: one lock, one ring, a few sinks.
 *
 * I1  One call to write is one piece of output on every sink and in the ring: pieces of several CPUs do not
 *     mix.
 * I2  Our lines begin at the left: `at_line_start` follows what the sinks saw last.
 * I3  A guest's text reaches the sinks only printable, in whole lines, marked "(dN) ", and at the rate of
 *     its bucket; what is refused is counted and said once, in the next line that is let through.
 *
 * Nothing but a sink's own lock is taken while the lock is held, so it can be taken under any other.
 */
#include <hyp/conring.h>
#include <hyp/console.h>
#include <hyp/lock.h>
#include <hyp/string.h>

#define SINKS_MAX 4
#define GUEST_LINES_BURST 64
#define GUEST_LINE_INTERVAL_NS (NANOSECONDS_PER_SECOND / 16)

static char first_storage[CONRING_BYTES_DEFAULT];

/* All under the lock. */
static struct {
	struct spinlock lock;
	struct conring ring;
	const struct console_sink *sinks[SINKS_MAX];
	bool at_line_start;
	bool domain0_to_ring;
	bool forced; /* the machine is stopping: the lock is not waited for */
	void (*ring_written)(void);
} console = {
	.ring = {.storage = first_storage, .bytes = sizeof(first_storage)},
	.at_line_start = true,
};

static bool lock_console(void) NO_LOCK_CHECK
{
	if (read_once(console.forced))
		return false;
	spin_lock(&console.lock);
	return true;
}

static void unlock_console(bool locked) NO_LOCK_CHECK
{
	/* After console_force() the lock is nobody's; its tickets no longer matter. */
	if (locked && !read_once(console.forced))
		spin_unlock(&console.lock);
}

void console_force(void)
{
	write_once(console.forced, true);
	for (unsigned int i = 0; i < SINKS_MAX; i++) {
		if (console.sinks[i] && console.sinks[i]->settle)
			console.sinks[i]->settle();
	}
}

enum status console_sink_add(const struct console_sink *sink)
{
	enum status status = E_NOSPC;
	bool locked = lock_console();

	for (unsigned int i = 0; i < SINKS_MAX && status; i++) {
		if (!console.sinks[i]) {
			console.sinks[i] = sink;
			status = OK;
		}
	}
	unlock_console(locked);
	return status;
}

void console_sink_remove(const struct console_sink *sink)
{
	bool locked = lock_console();

	for (unsigned int i = 0; i < SINKS_MAX; i++) {
		if (console.sinks[i] == sink)
			console.sinks[i] = NULL;
	}
	unlock_console(locked);
}

void console_ring_set_notify(void (*written)(void)) { write_once(console.ring_written, written); }

static void ring_tell(void)
{
	void (*written)(void) = read_once(console.ring_written);

	if (written && !read_once(console.forced))
		written();
}

static void write_sinks(const char *text, size_t length)
{
	for (unsigned int i = 0; i < SINKS_MAX; i++) {
		if (console.sinks[i])
			console.sinks[i]->write(text, length);
	}
}

void console_write(const char *text, size_t length)
{
	bool locked = lock_console();

	if (!console.at_line_start)
		write_sinks("\n", 1);
	write_sinks(text, length);
	conring_write(&console.ring, text, length);
	console.at_line_start = true;
	unlock_console(locked);
	ring_tell();
}

void console_domain0_write(const char *text, size_t length)
{
	bool locked, to_ring;

	if (!length)
		return;
	locked = lock_console();
	write_sinks(text, length);
	to_ring = console.domain0_to_ring;
	if (to_ring)
		conring_write(&console.ring, text, length);
	console.at_line_start = text[length - 1] == '\n';
	unlock_console(locked);
	if (to_ring)
		ring_tell();
}

void console_ring_domain0_set(bool on)
{
	bool locked = lock_console();

	console.domain0_to_ring = on;
	unlock_console(locked);
}

void console_guest_init(struct console_guest *guest, uint64_t now_ns)
{
	guest->length = 0;
	rate_limit_init(&guest->limit, GUEST_LINES_BURST, GUEST_LINE_INTERVAL_NS, now_ns);
}

/* Such a line counts as a warning, and is limited in rate whatever the level says. */
static bool guest_lines_are_printed(void)
{
	struct log_threshold level = log_get_level(LOG_FROM_GUESTS);

	return MAX(level.always, level.limited) > LOG_WARNING;
}

static void guest_line_end(struct console_guest *guest, uint16_t domid, uint64_t now_ns)
{
	char text[sizeof(guest->line) + 64];
	uint32_t dropped;
	int length = 0;

	if (guest_lines_are_printed() && rate_limit_take(&guest->limit, now_ns, &dropped)) {
		if (dropped)
			length = format_text(text, sizeof(text), "(d%u) [%u lines dropped]\n", domid, dropped);
		length += format_text(text + length, sizeof(text) - (size_t)length, "(d%u) %.*s\n", domid,
				      (int)guest->length, guest->line);
		console_write(text, (size_t)length);
	}
	guest->length = 0;
}

void console_guest_write(struct console_guest *guest, uint16_t domid, const char *text, size_t length,
			 uint64_t now_ns)
{
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '\n' || guest->length == sizeof(guest->line))
			guest_line_end(guest, domid, now_ns);
		if (c == '\t' || (c >= ' ' && c < 0x7f))
			guest->line[guest->length++] = c;
	}
}

uint32_t console_ring_read(uint32_t *index, bool incremental, char *to, uint32_t max)
{
	bool locked = lock_console();
	uint32_t from = incremental ? *index : console.ring.consumer;
	uint32_t count = conring_read(&console.ring, from, to, max, index);

	unlock_console(locked);
	return count;
}

void console_ring_clear(uint32_t index)
{
	bool locked = lock_console();

	conring_clear(&console.ring, index);
	unlock_console(locked);
}

enum status console_ring_set(char *storage, uint32_t bytes)
{
	bool locked;

	if (bytes < 4096 || (bytes & (bytes - 1)))
		return E_INVAL;
	locked = lock_console();
	conring_move(&console.ring, storage, bytes);
	unlock_console(locked);
	return OK;
}
