/* The command line: any text. The answers are within their arrays, the messages printable and short. */
#include <stdlib.h>
#include <string.h>

#include <hyp/boot/cmdline.h>

static void say(void *ctx, const char *line)
{
	(*(unsigned int *)ctx)++;
	if (strlen(line) >= 160)
		abort();
	for (; *line; line++)
		if (*line < ' ' || *line > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_options options;
	unsigned int said = 0;
	struct boot_report report = {say, &said};
	struct text dom0, list, name;
	bool on;

	cmdline_parse((struct text){(const char *)data, size}, &report, &options, &dom0);
	if (options.console_count > BOOT_CONSOLE_MAX || said > size + 1)
		abort();
	if (dom0.bytes && (dom0.at < (const char *)data || dom0.at + dom0.bytes > (const char *)data + size))
		abort();
	if (options.dom0_max_vcpus.given && options.dom0_max_vcpus.min > options.dom0_max_vcpus.max)
		abort();
	list = (struct text){options.cpuid, strlen(options.cpuid)};
	while (boot_list_next(&list, &name, &on))
		if (name.at + name.bytes > options.cpuid + sizeof(options.cpuid))
			abort();
	return 0;
}
