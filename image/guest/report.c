/*
 * report: carries a command's exit status and output over the console, byte for byte.
 *
 *   report [-s] STATUS STDOUT-FILE STDERR-FILE
 *
 * The console is the one device that every machine certainly has, but other text may fall into it, and a slow
 * receiver may lose some. So the output goes in numbered frames, one line each:
 *
 *   ~H NUMBER CRC BASE64 ~		NUMBER and CRC are 8 hex digits; the CRC-32 is over the number and the bytes
 *
 * Frame 0 says "status S stdout BYTES stderr BYTES"; the frames after it hold the bytes of the two files one behind
 * the other, FRAME_BYTES each. When all are sent comes the line "~H end ~", and the receiver answers with a line: "ok", or
 * "resend FIRST-LAST ..." with the frames that it lacks. Without an answer the end line is repeated a few times,
 * and then we give up: the receiver may have everything and merely be unable to say so. With -s nobody is asked.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define FRAME_BYTES 600
#define ANSWER_WAIT_MS 3000
#define ANSWER_TRIES 3

struct output {
	char summary[96];
	const uint8_t *out, *err;
	size_t out_bytes, err_bytes;
};

static uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t bytes)
{
	crc = ~crc;
	while (bytes--) {
		crc ^= *data++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* Writes the base64 text of the bytes, and its terminating zero. */
static void base64_encode(char *text, const uint8_t *data, size_t bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes; i += 3) {
		size_t left = bytes - i;
		uint32_t group = (uint32_t)data[i] << 16 | (left > 1 ? data[i + 1] << 8 : 0) | (left > 2 ? data[i + 2] : 0);

		*text++ = digits[group >> 18];
		*text++ = digits[group >> 12 & 63];
		*text++ = left > 1 ? digits[group >> 6 & 63] : '=';
		*text++ = left > 2 ? digits[group & 63] : '=';
	}
	*text = 0;
}

/* A console that cannot be written to leaves nobody to tell. */
static void console_write(const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t done = write(STDOUT_FILENO, text, left);

		if (done < 0 && errno != EINTR && errno != EAGAIN)
			exit(1);
		if (done > 0) {
			text += done;
			left -= (size_t)done;
		}
	}
}

static size_t frame_count(const struct output *o)
{
	return 1 + (o->out_bytes + o->err_bytes + FRAME_BYTES - 1) / FRAME_BYTES;
}

/* The bytes of one frame; a frame may hold the end of one file and the beginning of the other. */
static size_t frame_bytes(const struct output *o, size_t number, uint8_t *bytes)
{
	size_t count = 0, at = (number - 1) * FRAME_BYTES;

	if (number == 0) {
		count = strlen(o->summary);
		memcpy(bytes, o->summary, count);
		return count;
	}
	for (; count < FRAME_BYTES && at < o->out_bytes + o->err_bytes; at++)
		bytes[count++] = at < o->out_bytes ? o->out[at] : o->err[at - o->out_bytes];
	return count;
}

static void frame_send(const struct output *o, size_t number)
{
	uint8_t bytes[FRAME_BYTES];
	char head[9], text[FRAME_BYTES / 3 * 4 + 5], line[sizeof(text) + 32];
	size_t count = frame_bytes(o, number, bytes);
	uint32_t crc;

	snprintf(head, sizeof(head), "%08x", (unsigned int)number);
	crc = crc32_update(crc32_update(0, (const uint8_t *)head, 8), bytes, count);
	base64_encode(text, bytes, count);
	snprintf(line, sizeof(line), "~H %s %08x %s ~\n", head, crc, text);
	console_write(line);
}

static void frames_send(const struct output *o, size_t first, size_t last)
{
	for (size_t number = first; number <= last && number < frame_count(o); number++)
		frame_send(o, number);
}

/* Reads a line of the receiver's; false when none came in time. */
static bool answer_read(char *line, size_t size)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	size_t length = 0;
	char c;

	while (poll(&input, 1, ANSWER_WAIT_MS) == 1 && read(STDIN_FILENO, &c, 1) == 1) {
		if (c == '\n' || c == '\r') {
			line[length] = 0;
			return true;
		}
		if (length < size - 1)
			line[length++] = c;
	}
	return false;
}

static void resend(const struct output *o, char *ranges)
{
	for (char *word = strtok(ranges, " "); word; word = strtok(NULL, " ")) {
		char *dash;
		size_t first = strtoul(word, &dash, 10);

		frames_send(o, first, *dash == '-' ? strtoul(dash + 1, NULL, 10) : first);
	}
}

static void answers_serve(const struct output *o)
{
	char line[1024];

	for (int tries = 0; tries < ANSWER_TRIES;) {
		console_write("\n~H end ~\n");
		if (!answer_read(line, sizeof(line))) {
			tries++;
			continue;
		}
		tries = 0;
		if (strcmp(line, "ok") == 0)
			return;
		if (strncmp(line, "resend ", 7) == 0)
			resend(o, line + 7);
	}
}

/* Maps a file to read; an absent or empty one has no bytes. */
static const uint8_t *file_map(const char *name, size_t *bytes)
{
	int fd = open(name, O_RDONLY);
	struct stat about;
	void *at;

	*bytes = 0;
	if (fd < 0 || fstat(fd, &about) || about.st_size == 0)
		return NULL;
	at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return NULL;
	*bytes = (size_t)about.st_size;
	return at;
}

/* The console must neither echo the answers nor wait for whole lines of its own making. */
static void console_raw(void)
{
	struct termios mode;

	if (tcgetattr(STDIN_FILENO, &mode))
		return;
	cfmakeraw(&mode);
	tcsetattr(STDIN_FILENO, TCSANOW, &mode);
}

int main(int argc, char **argv)
{
	bool silent = argc > 1 && strcmp(argv[1], "-s") == 0;
	struct output o;

	if (argc != 4 + silent) {
		fprintf(stderr, "usage: report [-s] STATUS STDOUT-FILE STDERR-FILE\n");
		return 2;
	}
	argv += silent;
	o.out = file_map(argv[2], &o.out_bytes);
	o.err = file_map(argv[3], &o.err_bytes);
	snprintf(o.summary, sizeof(o.summary), "status %d stdout %zu stderr %zu", atoi(argv[1]), o.out_bytes, o.err_bytes);

	console_raw();
	console_write("\n");
	frames_send(&o, 0, frame_count(&o) - 1);
	if (silent)
		console_write("\n~H end ~\n");
	else
		answers_serve(&o);
	tcdrain(STDOUT_FILENO);
	return 0;
}
