/*
 * Two processes that talk: round trips of a byte, and how long a mebibyte takes in blocks of 64 KiB.
 */
#include "micro.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LATENCY_SAMPLES 101
#define BLOCK_BYTES (64 * 1024ul)
#define STREAM_SAMPLES 21
#define STREAM_MIB 4
#define STREAM_BYTES (STREAM_MIB * 1024 * 1024ul)

/* Two ends, each to read from and to write to; a pipe pair has four descriptors, a socket pair two. */
struct channel {
	int near_in, near_out, far_in, far_out;
};

static struct channel pipe_open(void)
{
	int there[2], back[2];

	check(pipe(there), "pipe");
	check(pipe(back), "pipe");
	return (struct channel){ .near_in = back[0], .near_out = there[1], .far_in = there[0], .far_out = back[1] };
}

static struct channel unix_open(void)
{
	int ends[2];

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	return (struct channel){ ends[0], ends[0], ends[1], ends[1] };
}

static struct channel tcp_open(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof(address);
	int listener = (int)check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	int near = (int)check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	int far, yes = 1;

	check(bind(listener, (struct sockaddr *)&address, bytes), "bind");
	check(listen(listener, 1), "listen");
	check(getsockname(listener, (struct sockaddr *)&address, &bytes), "getsockname");
	check(connect(near, (struct sockaddr *)&address, bytes), "connect");
	far = (int)check(accept(listener, NULL, NULL), "accept");
	check(setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), "TCP_NODELAY");
	check(setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), "TCP_NODELAY");
	close(listener);
	return (struct channel){ near, near, far, far };
}

static void far_close(const struct channel *c)
{
	close(c->far_in);
	if (c->far_out != c->far_in)
		close(c->far_out);
}

static void near_close(const struct channel *c)
{
	close(c->near_in);
	if (c->near_out != c->near_in)
		close(c->near_out);
}

static void end(const struct channel *c, pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	near_close(c);
}

static void latency(const char *name, struct channel c)
{
	pid_t child = (pid_t)check(fork(), "fork");
	char byte = 0;

	if (child == 0) {
		near_close(&c);
		while (read(c.far_in, &byte, 1) == 1)
			check(write(c.far_out, &byte, 1), "write");
		_exit(0);
	}
	far_close(&c);
	SAMPLE(LATENCY_SAMPLES, 1, {
		check(write(c.near_out, &byte, 1), "write");
		check(read(c.near_in, &byte, 1), "read");
	});
	row_report(name, LATENCY_SAMPLES, 1, 0);
	end(&c, child);
}

static void stream_read(int from, size_t bytes)
{
	static char block[BLOCK_BYTES];

	while (bytes)
		bytes -= (size_t)check(read(from, block, bytes < BLOCK_BYTES ? bytes : BLOCK_BYTES), "read");
}

/* The writer waits for a byte before each piece, so that a sample begins with empty buffers. */
static void bandwidth(const char *name, struct channel c)
{
	static const char block[BLOCK_BYTES];
	pid_t child = (pid_t)check(fork(), "fork");
	char byte = 0;

	if (child == 0) {
		near_close(&c);
		while (read(c.far_in, &byte, 1) == 1)
			for (size_t sent = 0; sent < STREAM_BYTES;)
				sent += (size_t)check(write(c.far_out, block, BLOCK_BYTES), "write");
		_exit(0);
	}
	far_close(&c);
	SAMPLE(STREAM_SAMPLES, 1, {
		check(write(c.near_out, &byte, 1), "write");
		stream_read(c.near_in, STREAM_BYTES);
	});
	row_report(name, STREAM_SAMPLES, STREAM_MIB, 0);
	end(&c, child);
}

#define CHANNEL_ROWS(kind)                                                                                         \
	static void kind##_latency(const char *name)                                                               \
	{                                                                                                          \
		latency(name, kind##_open());                                                                      \
	}                                                                                                          \
	static void kind##_bandwidth(const char *name)                                                             \
	{                                                                                                          \
		bandwidth(name, kind##_open());                                                                    \
	}
CHANNEL_ROWS(pipe)
CHANNEL_ROWS(unix)
CHANNEL_ROWS(tcp)

const struct row pipe_rows[] = {
	{ "pipe round trip", pipe_latency },
	{ "AF_UNIX round trip", unix_latency },
	{ "TCP round trip", tcp_latency },
	{ "pipe, a MiB", pipe_bandwidth },
	{ "AF_UNIX, a MiB", unix_bandwidth },
	{ "TCP, a MiB", tcp_bandwidth },
	{},
};
