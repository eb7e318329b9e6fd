/*
 * Reads or writes a disk past the cache and says what a request costs.
 *
 *	block NAME DISK read|write sequential|random KIB DEPTH
 *
 * DEPTH requests are always on their way. Random places are the same ones each time.
 */
#include "micro.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH_MAX 32
#define BLOCK_SAMPLES 25
#define REQUESTS 128

static struct {
	int fd;
	bool write, random;
	size_t bytes;
	uint64_t blocks, next;
	aio_context_t context;
	struct iocb requests[DEPTH_MAX];
} disk;

/* A generator of Lehmer's. */
static uint64_t random_next(void)
{
	static uint64_t state = 1;

	state = state * 48271 % 2147483647;
	return state;
}

static void request_send(struct iocb *request)
{
	uint64_t block = disk.random ? random_next() : disk.next++;

	request->aio_offset = (int64_t)(block % disk.blocks * disk.bytes);
	check(syscall(SYS_io_submit, disk.context, 1, &request), "io_submit");
}

static void sample_take(unsigned int depth)
{
	struct io_event events[DEPTH_MAX];
	unsigned int sent = depth;

	for (unsigned int i = 0; i < depth; i++)
		request_send(&disk.requests[i]);
	for (unsigned int done = 0; done < REQUESTS;) {
		long count = check(syscall(SYS_io_getevents, disk.context, 1, DEPTH_MAX, events, NULL), "io_getevents");

		for (long i = 0; i < count; i++) {
			check((long)events[i].res, "a request");
			if (sent < REQUESTS) {
				request_send((struct iocb *)(uintptr_t)events[i].obj);
				sent++;
			}
		}
		done += (unsigned int)count;
	}
}

static void disk_open(char **words, unsigned int depth)
{
	uint64_t bytes;

	disk.write = strcmp(words[1], "write") == 0;
	disk.random = strcmp(words[2], "random") == 0;
	disk.bytes = (size_t)atoi(words[3]) * 1024;
	disk.fd = (int)check(open(words[0], O_DIRECT | (disk.write ? O_RDWR : O_RDONLY)), words[0]);
	check(ioctl(disk.fd, BLKGETSIZE64, &bytes), words[0]);
	disk.blocks = bytes / disk.bytes;
	check(syscall(SYS_io_setup, DEPTH_MAX, &disk.context), "io_setup");
	for (unsigned int i = 0; i < depth; i++) {
		void *buffer;

		if (posix_memalign(&buffer, 4096, disk.bytes))
			fail("memory");
		memset(buffer, (int)i, disk.bytes);
		disk.requests[i] = (struct iocb){ .aio_lio_opcode = disk.write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
						  .aio_fildes = (uint32_t)disk.fd, .aio_buf = (uintptr_t)buffer,
						  .aio_nbytes = disk.bytes };
	}
}

int main(int argc, char **argv)
{
	unsigned int depth = argc == 7 ? (unsigned int)atoi(argv[6]) : 0;

	if (depth < 1 || depth > DEPTH_MAX) {
		fprintf(stderr, "usage: block NAME DISK read|write sequential|random KIB DEPTH (at most %d)\n", DEPTH_MAX);
		return 2;
	}
	disk_open(argv + 2, depth);
	SAMPLE(BLOCK_SAMPLES, 1, sample_take(depth));
	row_report(argv[1], BLOCK_SAMPLES, REQUESTS, 0);
	return 0;
}
