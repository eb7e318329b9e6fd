/*
 * What a loader hands over: the first byte chooses the protocol, the rest is all of physical memory, from 0. What was
 * accepted is read to its last byte.
 */
#include <fakes/boot_memory_fake.h>
#include <hyp/boot/multiboot.h>

static struct boot_info info;
static volatile unsigned int sink;

static void touch(const void *data, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		sink += ((const uint8_t *)data)[i];
}

static void info_check(void)
{
	if (!memmap_is_normal(&info.map) || !memmap_ram_bytes(&info.map) || info.module_count > BOOT_MODULE_MAX ||
	    info.rsdp_bytes > sizeof(info.rsdp))
		abort();
	touch(info.loader.at, info.loader.bytes);
	touch(info.command_line.at, info.command_line.bytes);
	for (unsigned int i = 0; i < info.module_count; i++) {
		touch(info.module[i].command_line.at, info.module[i].command_line.bytes);
		if (info.module[i].start + info.module[i].bytes < info.module[i].start)
			abort();
	}
	if (info.efi.map)
		touch(info.efi.map, info.efi.map_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_memory_fake fake = {0};
	struct boot_memory memory = boot_memory_fake(&fake);
	const char *why = NULL;
	uint32_t magic;
	enum status s;

	if (!size)
		return 0;
	boot_memory_fake_add(&fake, 0, data + 1, size - 1);
	magic = data[0] & 1 ? MULTIBOOT1_LOADER_MAGIC : MULTIBOOT2_LOADER_MAGIC;
	s = multiboot_parse(magic, &memory, 0, &info, &why);
	if (s && (!why || !*why))
		abort();
	if (!s)
		info_check();
	boot_memory_fake_free(&fake);
	return 0;
}
