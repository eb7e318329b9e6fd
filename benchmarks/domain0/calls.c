/*
 * System calls that do little, signals, and the clock.
 */
#include "micro.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define SELECT_FILES 100
#define SLEEP_NS 1000000
#define SLEEP_SAMPLES 501

static void null_call(const char *name)
{
	MEASURE_SHORT(name, syscall(SYS_getppid));
}

static void read_zero(const char *name)
{
	int fd = (int)check(open("/dev/zero", O_RDONLY), "/dev/zero");
	char byte;

	MEASURE_SHORT(name, check(read(fd, &byte, 1), "read"));
	close(fd);
}

static void write_null(const char *name)
{
	int fd = (int)check(open("/dev/null", O_WRONLY), "/dev/null");
	char byte = 0;

	MEASURE_SHORT(name, check(write(fd, &byte, 1), "write"));
	close(fd);
}

static void stat_file(const char *name)
{
	struct stat about;

	MEASURE_SHORT(name, check(stat("/etc/passwd", &about), "stat"));
}

static void open_close(const char *name)
{
	MEASURE_SHORT(name, close((int)check(open("/etc/passwd", O_RDONLY), "open")));
}

static void select_files(const char *name)
{
	int ends[SELECT_FILES][2];
	struct timeval now = {};
	fd_set set;
	int last = 0;

	for (unsigned int i = 0; i < SELECT_FILES; i++) {
		check(pipe(ends[i]), "pipe");
		last = ends[i][0];
	}
	MEASURE_SHORT(name, {
		FD_ZERO(&set);
		for (unsigned int i = 0; i < SELECT_FILES; i++)
			FD_SET(ends[i][0], &set);
		check(select(last + 1, &set, NULL, NULL, &now), "select");
	});
	for (unsigned int i = 0; i < SELECT_FILES; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
}

static void signal_ignore(int number)
{
	(void)number;
}

static void signal_install(const char *name)
{
	struct sigaction action = { .sa_handler = signal_ignore };

	MEASURE_SHORT(name, check(sigaction(SIGUSR1, &action, NULL), "sigaction"));
}

static void signal_handle(const char *name)
{
	struct sigaction action = { .sa_handler = signal_ignore };
	pid_t self = getpid();

	check(sigaction(SIGUSR1, &action, NULL), "sigaction");
	MEASURE_SHORT(name, check(kill(self, SIGUSR1), "kill"));
}

/* The store below is 7 bytes long; the handler lets the program go on behind it. */
#define STORE_BYTES 7

static void fault_skip(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += STORE_BYTES;
}

static void protection_fault(const char *name)
{
	struct sigaction action = { .sa_sigaction = fault_skip, .sa_flags = SA_SIGINFO };
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(sigaction(SIGSEGV, &action, NULL), "sigaction");
	MEASURE_SHORT(name, asm volatile("movq $0, (%0)" : : "a"(page) : "memory"));
	signal(SIGSEGV, SIG_DFL);
	munmap(page, 4096);
}

static void yield(const char *name)
{
	MEASURE_SHORT(name, sched_yield());
}

static void clock_read(const char *name)
{
	struct timespec now;

	MEASURE_SHORT(name, clock_gettime(CLOCK_MONOTONIC, &now));
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Nanoseconds, which are instructions where the machine counts so. */
static void sleep_lateness(const char *name)
{
	struct timespec wait = { .tv_nsec = SLEEP_NS };

	prctl(PR_SET_TIMERSLACK, 1);
	for (unsigned int i = 0; i < SLEEP_SAMPLES; i++) {
		uint64_t begin = sample_begin(), before = now_ns();

		check(nanosleep(&wait, NULL), "nanosleep");
		samples[i] = now_ns() - before - SLEEP_NS;
		(void)sample_end(begin);
	}
	row_report(name, SLEEP_SAMPLES, 1, 0);
}

const struct row call_rows[] = {
	{ "null call", null_call },
	{ "read /dev/zero", read_zero },
	{ "write /dev/null", write_null },
	{ "stat", stat_file },
	{ "open and close", open_close },
	{ "select, 100 files", select_files },
	{ "signal install", signal_install },
	{ "signal handle", signal_handle },
	{ "protection fault", protection_fault },
	{ "sched_yield", yield },
	{ "clock_gettime", clock_read },
	{ "sleep of 1 ms: lateness", sleep_lateness },
	{},
};
