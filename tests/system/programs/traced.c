/*
 * What a debugger needs: single steps, a watchpoint and a breakpoint in the debug registers of a traced process, and that
 * another process does not feel them; also the vsyscall page, as old programs call it.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define STEPS 500
#define WRITES 20

static volatile uint64_t watched;
static int failures;

static void check(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "traced: %s\n", what);
		failures++;
	}
}

static __attribute__((noinline)) void stop_here(void) { asm volatile("nop"); }

static void child(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (int i = 0; i < WRITES; i++)
		watched++;
	stop_here();
	for (;;)
		getppid();
}

static int resume(pid_t pid, int how)
{
	int status;

	if (ptrace(how, pid, 0, 0) || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 0;
	return WSTOPSIG(status);
}

static long debug_set(pid_t pid, int index, uint64_t value)
{
	return ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg) + (size_t)index * 8, value);
}

static uint64_t debug_get(pid_t pid, int index)
{
	return (uint64_t)ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg) + (size_t)index * 8, 0);
}

static uint64_t rip_of(pid_t pid)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	return regs.rip;
}

static void watchpoint(pid_t pid)
{
	int hits = 0;

	check(!debug_set(pid, 0, (uint64_t)&watched) && !debug_set(pid, 1, (uint64_t)stop_here),
	      "the debug registers are refused");
	/* 0: eight bytes, on writing. 1: on execution. */
	check(!debug_set(pid, 7, 1 | 4 | 1 << 16 | 2 << 18), "their control word is refused");
	while (resume(pid, PTRACE_CONT) == SIGTRAP && debug_get(pid, 6) & 1) {
		hits++;
		debug_set(pid, 6, 0);
	}
	check(hits == WRITES, "the watchpoint does not see each write");
	check(debug_get(pid, 6) & 2 && rip_of(pid) == (uint64_t)stop_here, "the breakpoint is not hit");
	debug_set(pid, 7, 0);
}

static void steps(pid_t pid)
{
	uint64_t before = 0, same = 0;

	for (int i = 0; i < STEPS; i++) {
		check(resume(pid, PTRACE_SINGLESTEP) == SIGTRAP, "a step does not end in a trap");
		same += rip_of(pid) == before;
		before = rip_of(pid);
	}
	check(!same, "a step goes nowhere");
}

int main(void)
{
	time_t (*old_time)(time_t *) = (time_t (*)(time_t *))0xffffffffff600400;
	pid_t pid = fork();
	int status;

	if (!pid)
		child();
	waitpid(pid, &status, 0);
	watchpoint(pid);
	for (int i = 0; i < 1000; i++)
		watched++; /* ours: nobody watches it */
	steps(pid);
	kill(pid, SIGKILL);
	check(old_time(NULL) - time(NULL) <= 1, "the vsyscall page tells another time");
	return failures ? 1 : 0;
}
