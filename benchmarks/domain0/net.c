/*
 * Talks over the network and says what a round trip or a MiB costs.
 *
 *	net serve			answers, for good
 *	net NAME tcp|udp latency|stream ADDRESS
 *
 * A message is a byte, answered by a byte, or a piece of a stream, whose last one is answered. A stream over UDP goes on when a
 * window of datagrams has been answered, or is sent again when no answer came in time.
 */
#include "micro.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 9000
#define LATENCY_SAMPLES 51
#define LATENCY_PER 100
/* How a stream over TCP falls into pieces differs more from one to the next. */
#define TCP_STREAM_SAMPLES 63
#define UDP_STREAM_SAMPLES 15
#define STREAM_MIB 4
#define STREAM_BYTES (STREAM_MIB * 1024 * 1024ul)
#define BLOCK_BYTES 65536
#define DATAGRAM_BYTES 1400
#define WINDOW 16
#define ANSWER_WAIT_MS 1000

enum { WORD_ECHO = 'e', WORD_MORE = 'm', WORD_LAST = 'l' };

static char block[BLOCK_BYTES];

static int socket_make(int kind, const char *address, bool listens)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = (int)check(socket(AF_INET, kind, 0), "socket"), yes = 1;

	inet_aton(address, &name.sin_addr);
	if (kind == SOCK_STREAM)
		check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), "TCP_NODELAY");
	check((listens ? bind : connect)(fd, (struct sockaddr *)&name, sizeof(name)), address);
	return fd;
}

/* The stream's length is known: its end is answered, and so is a lone byte. */
static void tcp_answer(int fd)
{
	size_t left = 0;
	char word;

	while (left || read(fd, &word, 1) == 1) {
		if (!left && word == WORD_LAST)
			left = STREAM_BYTES;
		while (left) {
			ssize_t got = read(fd, block, left < sizeof(block) ? left : sizeof(block));

			if (got <= 0)
				return;
			left -= (size_t)got;
		}
		if (write(fd, &word, 1) != 1)
			return;
	}
}

static void tcp_serve(void)
{
	int listener = socket_make(SOCK_STREAM, "0.0.0.0", true);

	check(listen(listener, 4), "listen");
	for (;;) {
		int fd = (int)check(accept(listener, NULL, NULL), "accept"), yes = 1;

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		tcp_answer(fd);
		close(fd);
	}
}

static void udp_serve(void)
{
	int fd = socket_make(SOCK_DGRAM, "0.0.0.0", true);

	for (;;) {
		struct sockaddr_in from;
		socklen_t bytes = sizeof(from);

		check(recvfrom(fd, block, sizeof(block), 0, (struct sockaddr *)&from, &bytes), "recvfrom");
		if (block[0] != WORD_MORE)
			check(sendto(fd, block, 1, 0, (struct sockaddr *)&from, bytes), "sendto");
	}
}

static void serve(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (check(fork(), "fork") == 0)
		udp_serve();
	tcp_serve();
}

static void round_trip(int fd)
{
	char byte = WORD_ECHO;

	check(write(fd, &byte, 1), "write");
	check(read(fd, &byte, 1), "read");
}

static void tcp_stream(int fd)
{
	char word = WORD_LAST;
	ssize_t put;

	check(write(fd, &word, 1), "write");
	for (size_t left = STREAM_BYTES; left; left -= (size_t)put)
		put = check(write(fd, block, left < sizeof(block) ? left : sizeof(block)), "write");
	check(read(fd, &word, 1), "read");
}

static void window_send(int fd)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };

	do
		for (unsigned int i = 1; i <= WINDOW; i++) {
			block[0] = i < WINDOW ? WORD_MORE : WORD_LAST;
			check(write(fd, block, DATAGRAM_BYTES), "write");
		}
	while (poll(&input, 1, ANSWER_WAIT_MS) == 0);
	check(read(fd, block, 1), "read");
}

static void udp_stream(int fd)
{
	for (size_t sent = 0; sent < STREAM_BYTES; sent += WINDOW * DATAGRAM_BYTES)
		window_send(fd);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "serve") == 0)
		serve();
	if (argc != 5) {
		fprintf(stderr, "usage: net serve | net NAME tcp|udp latency|stream ADDRESS\n");
		return 2;
	}

	bool udp = strcmp(argv[2], "udp") == 0;
	int fd = socket_make(udp ? SOCK_DGRAM : SOCK_STREAM, argv[4], false);

	if (strcmp(argv[3], "latency") == 0) {
		SAMPLE(LATENCY_SAMPLES, LATENCY_PER, round_trip(fd));
		row_report(argv[1], LATENCY_SAMPLES, LATENCY_PER, 0);
	} else {
		unsigned int count = udp ? UDP_STREAM_SAMPLES : TCP_STREAM_SAMPLES;

		SAMPLE(count, 1, udp ? udp_stream(fd) : tcp_stream(fd));
		row_report(argv[1], count, STREAM_MIB, 0);
	}
	return 0;
}
