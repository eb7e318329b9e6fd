/*
 * Making processes.
 */
#include "micro.h"

#include <sys/wait.h>
#include <unistd.h>

#define HELLO "/bench/hello"
#define PROCESS_SAMPLES 31

static void child_wait(pid_t child)
{
	int status;

	check(waitpid(child, &status, 0), "waitpid");
	if (status)
		fail("a child did not end well");
}

static void fork_exit(void)
{
	pid_t child = (pid_t)check(fork(), "fork");

	if (child == 0)
		_exit(0);
	child_wait(child);
}

static void fork_exec(void)
{
	pid_t child = (pid_t)check(fork(), "fork");

	if (child == 0) {
		execl(HELLO, HELLO, (char *)NULL);
		_exit(1);
	}
	child_wait(child);
}

static void fork_shell(void)
{
	pid_t child = (pid_t)check(fork(), "fork");

	if (child == 0) {
		execl("/bin/sh", "sh", "-c", HELLO, (char *)NULL);
		_exit(1);
	}
	child_wait(child);
}

static void fork_row(const char *name)
{
	MEASURE_LONG(name, PROCESS_SAMPLES, fork_exit());
}

static void exec_row(const char *name)
{
	MEASURE_LONG(name, PROCESS_SAMPLES, fork_exec());
}

static void shell_row(const char *name)
{
	MEASURE_LONG(name, PROCESS_SAMPLES, fork_shell());
}

const struct row process_rows[] = {
	{ "fork and exit", fork_row },
	{ "fork, exec and exit", exec_row },
	{ "sh -c", shell_row },
	{},
};
