/*
 * Mapping, faulting, unmapping. Anonymous memory is kept from huge pages, which a PV kernel does not have and which a
 * machine has or not by its size.
 */
#include "micro.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB (1024 * 1024ul)
#define PAGE 4096ul
#define BIG_SAMPLES 5
#define FAULT_SAMPLES 21
#define FAULT_BYTES (4 * MIB)
/* As lmbench's lat_mmap: one touch in 16 KiB, over the first tenth. */
#define TOUCH_STEP (16 * 1024ul)
#define TOUCH_PART 10

static volatile unsigned char *map_anonymous(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	madvise(at, bytes, MADV_NOHUGEPAGE);
	return at;
}

static int file_make(size_t bytes)
{
	int fd = (int)check(memfd_create("bench", 0), "memfd_create");

	check(ftruncate(fd, (off_t)bytes), "ftruncate");
	return fd;
}

static volatile unsigned char *map_file(int fd, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		fail("mmap of a file");
	return at;
}

static void map_touch_unmap(int fd, size_t bytes)
{
	volatile unsigned char *at = map_file(fd, bytes);

	for (size_t i = 0; i < bytes / TOUCH_PART; i += TOUCH_STEP)
		at[i] = 1;
	munmap((void *)at, bytes);
}

static void file_mapping(const char *name, size_t bytes)
{
	int fd = file_make(bytes);

	MEASURE_LONG(name, BIG_SAMPLES, map_touch_unmap(fd, bytes));
	close(fd);
}

static void anonymous_use(size_t bytes)
{
	volatile unsigned char *at = map_anonymous(bytes);

	for (size_t i = 0; i < bytes; i += PAGE)
		at[i] = 1;
	munmap((void *)at, bytes);
}

static void mapping_64(const char *name)
{
	file_mapping(name, 64 * MIB);
}

static void mapping_256(const char *name)
{
	file_mapping(name, 256 * MIB);
}

static void anonymous_64(const char *name)
{
	MEASURE_LONG(name, BIG_SAMPLES, anonymous_use(64 * MIB));
}

static void anonymous_256(const char *name)
{
	MEASURE_LONG(name, BIG_SAMPLES, anonymous_use(256 * MIB));
}

/* The file is in the page cache; only the faults are measured. */
static void fault_file(const char *name)
{
	int fd = file_make(FAULT_BYTES);
	volatile unsigned char *fill = map_file(fd, FAULT_BYTES);

	for (size_t i = 0; i < FAULT_BYTES; i += PAGE)
		fill[i] = 1;
	munmap((void *)fill, FAULT_BYTES);
	for (unsigned int round = 0; round < FAULT_SAMPLES; round++) {
		volatile unsigned char *at = map_file(fd, FAULT_BYTES);
		uint64_t begin = sample_begin();

		for (size_t i = 0; i < FAULT_BYTES; i += PAGE)
			(void)at[i];
		samples[round] = sample_end(begin);
		munmap((void *)at, FAULT_BYTES);
	}
	row_report(name, FAULT_SAMPLES, FAULT_BYTES / PAGE, 0);
	close(fd);
}

static void fault_anonymous(const char *name)
{
	for (unsigned int round = 0; round < FAULT_SAMPLES; round++) {
		volatile unsigned char *at = map_anonymous(FAULT_BYTES);
		uint64_t begin = sample_begin();

		for (size_t i = 0; i < FAULT_BYTES; i += PAGE)
			at[i] = 1;
		samples[round] = sample_end(begin);
		munmap((void *)at, FAULT_BYTES);
	}
	row_report(name, FAULT_SAMPLES, FAULT_BYTES / PAGE, 0);
}

const struct row memory_rows[] = {
	{ "page fault, file", fault_file },
	{ "page fault, anonymous", fault_anonymous },
	{ "lat_mmap 64 MiB", mapping_64 },
	{ "lat_mmap 256 MiB", mapping_256 },
	{ "mmap, touch, unmap 64 MiB", anonymous_64 },
	{ "mmap, touch, unmap 256 MiB", anonymous_256 },
	{},
};
