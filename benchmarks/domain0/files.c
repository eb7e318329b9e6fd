/*
 * Making and deleting files in memory.
 */
#include "micro.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 200
#define FILE_SAMPLES 11
#define FOLDER "/dev/shm/bench"
#define CONTENT_BYTES 10240

static char names[FILES][32];

static void names_make(void)
{
	mkdir(FOLDER, 0700);
	for (unsigned int i = 0; i < FILES; i++)
		snprintf(names[i], sizeof(names[i]), FOLDER "/%u", i);
}

static void files_create(size_t bytes)
{
	static const char content[CONTENT_BYTES];

	for (unsigned int i = 0; i < FILES; i++) {
		int fd = (int)check(open(names[i], O_WRONLY | O_CREAT | O_EXCL, 0600), names[i]);

		if (bytes)
			check(write(fd, content, bytes), "write");
		close(fd);
	}
}

static void files_delete(void)
{
	for (unsigned int i = 0; i < FILES; i++)
		check(unlink(names[i]), names[i]);
}

static void create_row(const char *name, size_t bytes)
{
	names_make();
	for (unsigned int i = 0; i < FILE_SAMPLES; i++) {
		uint64_t begin = sample_begin();

		files_create(bytes);
		samples[i] = sample_end(begin);
		files_delete();
	}
	row_report(name, FILE_SAMPLES, FILES, 0);
}

static void delete_row(const char *name, size_t bytes)
{
	names_make();
	for (unsigned int i = 0; i < FILE_SAMPLES; i++) {
		files_create(bytes);
		uint64_t begin = sample_begin();

		files_delete();
		samples[i] = sample_end(begin);
	}
	row_report(name, FILE_SAMPLES, FILES, 0);
}

static void create_empty(const char *name)
{
	create_row(name, 0);
}

static void delete_empty(const char *name)
{
	delete_row(name, 0);
}

static void create_full(const char *name)
{
	create_row(name, CONTENT_BYTES);
}

static void delete_full(const char *name)
{
	delete_row(name, CONTENT_BYTES);
}

const struct row file_rows[] = {
	{ "file create, empty", create_empty },
	{ "file delete, empty", delete_empty },
	{ "file create, 10 KiB", create_full },
	{ "file delete, 10 KiB", delete_full },
	{},
};
