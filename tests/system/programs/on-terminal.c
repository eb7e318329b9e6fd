/*
 * on-terminal SECONDS PROGRAM [ARGUMENT...]: runs a program on a terminal of its own, for programs that talk to nothing
 * else. What comes on standard input is typed there, what the program writes goes to standard output. Ends with the
 * program, whose status it returns, or after the time, with 124.
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static long now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* False at the end of `from`. */
static int copy(int from, int to)
{
	char bytes[4096];
	ssize_t count = read(from, bytes, sizeof(bytes));

	return count > 0 && write(to, bytes, (size_t)count) == count;
}

/* Until the program has closed the terminal (0), or the time is over (124). */
static int converse(int terminal, long seconds)
{
	struct pollfd from[2] = {{.fd = terminal, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	long end_s = now_s() + seconds;

	while (now_s() < end_s) {
		if (poll(from, 2, 500) <= 0)
			continue;
		if (from[0].revents && !copy(terminal, STDOUT_FILENO))
			return 0;
		if (from[1].revents && !copy(STDIN_FILENO, terminal))
			from[1].fd = -1;
	}
	return 124;
}

int main(int count, char **words)
{
	int terminal, status;
	pid_t child;

	if (count < 3 || atol(words[1]) <= 0) {
		fprintf(stderr, "usage: on-terminal SECONDS PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	child = forkpty(&terminal, NULL, NULL, NULL);
	if (child < 0) {
		perror("on-terminal: no terminal");
		return 1;
	}
	if (!child) {
		execvp(words[2], words + 2);
		perror(words[2]);
		_exit(127);
	}
	if (converse(terminal, atol(words[1])) == 124) {
		kill(child, SIGKILL);
		return 124;
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
