/*
 * What the hypervisor says: a line is judged by its level, formatted on the stack, and given to the console
 * whole.
 *
 * Two thresholds: for lines of our own, and for lines that a guest caused. Each has a level up to which
 * lines are always printed and one up to which they are printed at a limited rate; beyond, they are not
 * even formatted.
 *
 * I1  What guests cause is by default limited in rate, and at most a warning.
 * I2  A line longer than the buffer is cut, and still ends with '\n'.
 */
#include <hyp/console.h>
#include <hyp/lock.h>
#include <hyp/string.h>

#define LINE_BYTES 512
#define BURST 20
#define INTERVAL_NS (NANOSECONDS_PER_SECOND / 4)

struct source {
	struct log_threshold threshold;
	struct rate_limit limit; /* under `limit_lock` */
};

static struct source sources[] = {
	[LOG_FROM_US] = {.threshold = {LOG_INFO + 1, LOG_INFO + 1},
			 .limit = {.interval_ns = INTERVAL_NS, .burst = BURST, .tokens = BURST}},
	[LOG_FROM_GUESTS] = {.threshold = {0, LOG_WARNING + 1},
			     .limit = {.interval_ns = INTERVAL_NS, .burst = BURST, .tokens = BURST}},
};
static struct spinlock limit_lock = SPINLOCK_INIT;
static uint64_t (*clock_ns)(void);

void log_set_level(enum log_source source, struct log_threshold threshold)
{
	sources[source].threshold = threshold;
}

struct log_threshold log_get_level(enum log_source source)
{
	return sources[source].threshold;
}

void log_set_clock(uint64_t (*now_ns)(void))
{
	clock_ns = now_ns;
}

static bool is_within_rate(struct source *source, uint32_t *dropped)
{
	bool allowed;

	if (!clock_ns)
		return true;
	spin_lock(&limit_lock);
	allowed = rate_limit_take(&source->limit, clock_ns(), dropped);
	spin_unlock(&limit_lock);
	return allowed;
}

static bool is_printed(struct source *source, enum log_level level, uint32_t *dropped)
{
	struct log_threshold threshold = source->threshold;

	*dropped = 0;
	if ((unsigned int)level < threshold.always)
		return true;
	return (unsigned int)level < threshold.limited && is_within_rate(source, dropped);
}

/* `prefix` fits with room to spare. */
static void print(const char *prefix, const char *format, va_list args)
{
	char line[LINE_BYTES];
	size_t length = string_copy(line, prefix, sizeof(line));

	length += (size_t)format_text_v(line + length, sizeof(line) - length, format, args);
	length = MIN(length, sizeof(line) - 1);
	line[length++] = '\n';
	console_write(line, length);
}

[[gnu::format(printf, 2, 3)]] static void print_line(const char *prefix, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(prefix, format, args);
	va_end(args);
}

void log_at(enum log_level level, const char *format, ...)
{
	uint32_t dropped;
	va_list args;

	if (!is_printed(&sources[LOG_FROM_US], level, &dropped))
		return;
	if (dropped)
		print_line("(HOSPES) ", "%u lines dropped", dropped);
	va_start(args, format);
	print("(HOSPES) ", format, args);
	va_end(args);
}

void log_guest(enum log_level level, uint16_t domid, const char *format, ...)
{
	uint32_t dropped;
	char prefix[32];
	va_list args;

	if (!is_printed(&sources[LOG_FROM_GUESTS], level, &dropped))
		return;
	if (dropped)
		print_line("(HOSPES) ", "%u lines about guests dropped", dropped);
	format_text(prefix, sizeof(prefix), "(HOSPES) d%u: ", domid);
	va_start(args, format);
	print(prefix, format, args);
	va_end(args);
}

static const char *const level_names[] = {
	[0] = "none",
	[LOG_ERROR + 1] = "error",
	[LOG_WARNING + 1] = "warning",
	[LOG_INFO + 1] = "info",
	[LOG_DEBUG + 1] = "debug",
	[LOG_DEBUG + 2] = "all",
};

/* Returns what follows the name, or NULL. */
static const char *parse_name(const char *text, unsigned int *level)
{
	for (unsigned int i = 0; i < ARRAY_COUNT(level_names); i++) {
		size_t length = strlen(level_names[i]);

		if (!strncmp(text, level_names[i], length) && (!text[length] || text[length] == '/')) {
			*level = MIN(i, LOG_LEVELS);
			return text + length;
		}
	}
	return NULL;
}

enum status log_level_parse(const char *text, struct log_threshold *threshold)
{
	struct log_threshold parsed;
	const char *rest = parse_name(text, &parsed.always);

	if (!rest)
		return E_INVAL;
	parsed.limited = parsed.always;
	if (*rest == '/')
		rest = parse_name(rest + 1, &parsed.limited);
	if (!rest || *rest)
		return E_INVAL;
	/* A limit below what is always printed changes nothing. */
	parsed.limited = MAX(parsed.always, parsed.limited);
	*threshold = parsed;
	return OK;
}
