/*
 * Waits until a file that grows says some words, and costs nothing until something is written beside it.
 *
 *	await FILE WORDS SECONDS	ends with 1 when the time is over
 *
 * The file may be made later; its folder is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 256

static struct {
	const char *file, *words;
	size_t words_bytes;
	/* What the file says from `seen` on, which is kept as far as words may have begun in it. */
	off_t seen;
	char text[WORDS_MAX + 4096];
	size_t kept;
} awaited;

/* Whether the words are in what was written since the last look. */
static bool said(void)
{
	int fd = open(awaited.file, O_RDONLY);
	bool found = false;
	ssize_t got;

	while (fd >= 0 && !found &&
	       (got = pread(fd, awaited.text + awaited.kept, sizeof(awaited.text) - awaited.kept, awaited.seen)) > 0) {
		size_t bytes = awaited.kept + (size_t)got;

		found = memmem(awaited.text, bytes, awaited.words, awaited.words_bytes);
		awaited.seen += got;
		awaited.kept = bytes < awaited.words_bytes ? bytes : awaited.words_bytes - 1;
		memmove(awaited.text, awaited.text + bytes - awaited.kept, awaited.kept);
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int main(int argc, char **argv)
{
	char folder[PATH_MAX], events[4096];
	struct pollfd changes = { .events = POLLIN };
	time_t end;

	if (argc != 4 || !*argv[2] || strlen(argv[2]) > WORDS_MAX || strlen(argv[1]) >= sizeof(folder)) {
		fprintf(stderr, "usage: await FILE WORDS SECONDS (at most %d bytes of words)\n", WORDS_MAX);
		return 2;
	}
	awaited.file = argv[1];
	awaited.words = argv[2];
	awaited.words_bytes = strlen(argv[2]);
	end = seconds_now() + atoi(argv[3]);
	changes.fd = inotify_init1(IN_NONBLOCK);
	if (changes.fd < 0 || inotify_add_watch(changes.fd, dirname(strcpy(folder, argv[1])), IN_CREATE | IN_MODIFY) < 0) {
		fprintf(stderr, "await: %s: %s\n", folder, strerror(errno));
		return 1;
	}
	while (!said()) {
		time_t left = end - seconds_now();

		if (left <= 0 || poll(&changes, 1, (int)left * 1000) < 0)
			return 1;
		while (read(changes.fd, events, sizeof(events)) > 0)
			;
	}
	return 0;
}
