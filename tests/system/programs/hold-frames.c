/*
 * hold-frames DOMAIN FIRST COUNT SECONDS: maps frames of another domain, by their machine frame numbers, as a backend does,
 * says so, keeps reading them for so long, and ends.
 *
 * For guests that are destroyed while somebody maps them.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096ul

/* <xen/privcmd.h> of the kernel, which is not among its exported headers. */
struct mmap_batch {
	unsigned int count;
	uint16_t domain;
	uint64_t address;
	const uint64_t *frames;
	int *errors;
};
#define IOCTL_MMAP_BATCH _IOC(_IOC_NONE, 'P', 4, sizeof(struct mmap_batch))

int main(int argument_count, char **words)
{
	unsigned int count, failed = 0;
	volatile uint8_t *mapping;
	struct mmap_batch batch;
	uint64_t *frames;
	uint8_t sum = 0;
	int *errors, file = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);

	if (argument_count != 5) {
		fprintf(stderr, "usage: hold-frames DOMAIN FIRST COUNT SECONDS\n");
		return 2;
	}
	count = (unsigned int)strtoul(words[3], NULL, 0);
	frames = calloc(count, sizeof(*frames));
	errors = calloc(count, sizeof(*errors));
	mapping = mmap(NULL, count * PAGE_BYTES, PROT_READ, MAP_SHARED, file, 0);
	if (file < 0 || !frames || !errors || mapping == MAP_FAILED) {
		perror("hold-frames");
		return 1;
	}
	for (unsigned int i = 0; i < count; i++)
		frames[i] = strtoul(words[2], NULL, 0) + i;
	batch = (struct mmap_batch) {count, (uint16_t)strtoul(words[1], NULL, 0), (uintptr_t)mapping, frames, errors};
	if (ioctl(file, IOCTL_MMAP_BATCH, &batch) < 0)
		perror("hold-frames: mapping");
	for (unsigned int i = 0; i < count; i++)
		failed += errors[i] != 0;
	printf("%u frames are mapped\n", count - failed);
	fflush(stdout);
	for (unsigned int second = 0; second < strtoul(words[4], NULL, 0); second++) {
		for (unsigned int i = 0; i < count; i++)
			sum ^= errors[i] ? 0 : mapping[i * PAGE_BYTES];
		sleep(1);
	}
	printf("they were read (%u)\n", sum);
	return 0;
}
