/*
 * Context switches: a ring of processes joined by pipes, and a byte that goes round. Each process, when it has the
 * byte, reads through an array of its own. What one process alone needs for the pipe and the array is taken off, so
 * a row is the switch itself.
 */
#include "micro.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define RING_MAX 16
#define ROUNDS 101
#define ARRAY_MAX (64 * 1024)

static uint64_t array[ARRAY_MAX / sizeof(uint64_t)];
static int ring[RING_MAX][2];
static pid_t members[RING_MAX];

static void array_read(size_t bytes)
{
	volatile uint64_t *at = array;

	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
		(void)at[i];
}

static void hop(int from, int to, size_t bytes)
{
	char byte;

	check(read(from, &byte, 1), "read");
	array_read(bytes);
	check(write(to, &byte, 1), "write");
}

/* Member i reads pipe i and writes pipe i + 1; the measuring process is member 0. */
static void ring_start(unsigned int count, size_t bytes)
{
	for (unsigned int i = 0; i < count; i++)
		check(pipe(ring[i]), "pipe");
	for (unsigned int i = 1; i < count; i++) {
		members[i] = (pid_t)check(fork(), "fork");
		if (members[i] == 0) {
			/* A page that was shared is the child's own after a write. */
			for (size_t at = 0; at < sizeof(array) / sizeof(array[0]); at += 512)
				array[at] = i;
			for (;;)
				hop(ring[i][0], ring[(i + 1) % count][1], bytes);
		}
	}
}

static void ring_stop(unsigned int count)
{
	for (unsigned int i = 1; i < count; i++) {
		kill(members[i], SIGKILL);
		waitpid(members[i], NULL, 0);
	}
	for (unsigned int i = 0; i < count; i++) {
		close(ring[i][0]);
		close(ring[i][1]);
	}
}

static uint64_t overhead(size_t bytes)
{
	int ends[2];
	char byte = 0;

	check(pipe(ends), "pipe");
	check(write(ends[1], &byte, 1), "write");
	SAMPLE(ROUNDS, 1, hop(ends[0], ends[1], bytes));
	close(ends[0]);
	close(ends[1]);
	return samples_median(ROUNDS);
}

static void ring_row(const char *name, unsigned int count, size_t bytes)
{
	uint64_t alone = overhead(bytes);
	char byte = 0;

	ring_start(count, bytes);
	SAMPLE(ROUNDS, 1, {
		check(write(ring[1][1], &byte, 1), "write");
		check(read(ring[0][0], &byte, 1), "read");
		array_read(bytes);
	});
	row_report(name, ROUNDS, count, alone);
	ring_stop(count);
}

#define RING_ROW(count, kib)                                                                                       \
	static void ring_##count##_##kib(const char *name)                                                         \
	{                                                                                                          \
		ring_row(name, count, kib * 1024);                                                                 \
	}
RING_ROW(2, 0)
RING_ROW(2, 16)
RING_ROW(2, 64)
RING_ROW(8, 0)
RING_ROW(8, 16)
RING_ROW(16, 0)
RING_ROW(16, 16)
RING_ROW(16, 64)

const struct row switch_rows[] = {
	{ "context switch, 2 processes, 0 KiB", ring_2_0 },
	{ "context switch, 2 processes, 16 KiB", ring_2_16 },
	{ "context switch, 2 processes, 64 KiB", ring_2_64 },
	{ "context switch, 8 processes, 0 KiB", ring_8_0 },
	{ "context switch, 8 processes, 16 KiB", ring_8_16 },
	{ "context switch, 16 processes, 0 KiB", ring_16_0 },
	{ "context switch, 16 processes, 16 KiB", ring_16_16 },
	{ "context switch, 16 processes, 64 KiB", ring_16_64 },
	{},
};
