/*
 * How long a command takes, as domain 0 sees it, from its start to its end.
 *
 *	span NAME COMMAND...	prints "ROW NAME|ticks|ticks|ticks"
 *	span			prints the counter: a sample's begin
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "micro.h"

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t quiet;
	uint64_t begin, taken;
	int status, error;
	pid_t child;

	if (argc < 3) {
		printf("%lu\n", sample_begin());
		return 0;
	}
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	begin = ticks();
	error = posix_spawnp(&child, argv[2], &quiet, NULL, argv + 2, environ);
	if (error) {
		fprintf(stderr, "span: %s: %s\n", argv[2], strerror(error));
		return 1;
	}
	waitpid(child, &status, 0);
	taken = ticks() - begin;
	if (status) {
		fprintf(stderr, "span: %s: status %#x\n", argv[2], (unsigned int)status);
		return 1;
	}
	printf("ROW %s|%lu|%lu|%lu\n", argv[1], taken, taken, taken);
	return 0;
}
