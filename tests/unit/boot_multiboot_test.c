/*
 * What a loader hands over, in both protocols. Both describe the same machine, so that the same answer is expected;
 * the structures lie in a small physical memory at MEMORY.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <fakes/boot_memory_fake.h>

#include <cmocka.h>

#include <hyp/boot/bytes.h>
#include <hyp/boot/multiboot.h>

#define MEMORY 0x10000
#define MEMORY_BYTES 0x4000
/* Multiboot 1: where the parts lie in it. */
enum { INFO = 0, COMMAND_LINE = 0x100, LOADER = 0x180, MODULES = 0x200, MODULE_LINE = 0x400, MAP = 0x500,
       VBE_CONTROL = 0x1000, VBE_MODE = 0x1200 };

static uint8_t memory_bytes[MEMORY_BYTES];
static unsigned int end; /* of multiboot 2's tags */
static struct boot_memory_fake fake;
static struct boot_info info;
static const char *why;

static void put16(unsigned int at, uint16_t v) { memcpy(memory_bytes + at, &v, sizeof(v)); }
static void put32(unsigned int at, uint32_t v) { memcpy(memory_bytes + at, &v, sizeof(v)); }
static void put64(unsigned int at, uint64_t v) { memcpy(memory_bytes + at, &v, sizeof(v)); }
static void put_text(unsigned int at, const char *t) { memcpy(memory_bytes + at, t, strlen(t) + 1); }

static const struct memmap_entry e820[] = {
	{0, 0x9fc00, 1},
	{0x9fc00, 0x400, 2},
	{0x100000, 0x3fee0000, 1},
	{0x3ffe0000, 0x20000, 3},
};

static int memory_clear(void **)
{
	memset(memory_bytes, 0, sizeof(memory_bytes));
	end = 8;
	why = "";
	return 0;
}

static int memory_free(void **)
{
	boot_memory_fake_free(&fake);
	return 0;
}

static enum status parse(uint32_t magic, paddr_t at)
{
	struct boot_memory memory = boot_memory_fake(&fake);

	boot_memory_fake_free(&fake);
	boot_memory_fake_add(&fake, MEMORY, memory_bytes, MEMORY_BYTES);
	return multiboot_parse(magic, &memory, at, &info, &why);
}

static bool says(const char *reason) { return strstr(why, reason) != NULL; }

static void text_is(struct text t, const char *want)
{
	assert_int_equal(t.bytes, strlen(want));
	assert_memory_equal(t.at, want, t.bytes);
}

/* ---- Multiboot 1. ---- */

enum { FLAG_COMMAND_LINE = 1 << 2, FLAG_MODULES = 1 << 3, FLAG_MAP = 1 << 6, FLAG_LOADER = 1 << 9, FLAG_VBE = 1 << 11,
       FLAG_FRAMEBUFFER = 1 << 12 };

static enum status one_parse(void) { return parse(MULTIBOOT1_LOADER_MAGIC, MEMORY); }

static void one_flag(uint32_t flag) { put32(INFO, load_u32(memory_bytes + INFO) | flag); }

static void one_map(void)
{
	one_flag(FLAG_MAP);
	put32(INFO + 44, 24 * ARRAY_COUNT(e820));
	put32(INFO + 48, MEMORY + MAP);
	for (unsigned int i = 0; i < ARRAY_COUNT(e820); i++) {
		put32(MAP + 24 * i, 20);
		put64(MAP + 24 * i + 4, e820[i].start);
		put64(MAP + 24 * i + 12, e820[i].bytes);
		put32(MAP + 24 * i + 20, e820[i].type);
	}
}

static void one_module(unsigned int i, uint32_t start, uint32_t module_end, uint32_t line)
{
	one_flag(FLAG_MODULES);
	put32(INFO + 20, i + 1);
	put32(INFO + 24, MEMORY + MODULES);
	put32(MODULES + 16 * i, start);
	put32(MODULES + 16 * i + 4, module_end);
	put32(MODULES + 16 * i + 8, line);
}

static void one_command_line(uint32_t at)
{
	one_flag(FLAG_COMMAND_LINE);
	put32(INFO + 16, at);
}

static void one_gives_all_that_it_has(void **)
{
	one_map();
	one_command_line(MEMORY + COMMAND_LINE);
	put_text(COMMAND_LINE, "/boot/hospes console=com1");
	one_flag(FLAG_LOADER);
	put32(INFO + 64, MEMORY + LOADER);
	put_text(LOADER, "GRUB 2.06");
	one_module(0, 0x200000, 0x300000, MEMORY + MODULE_LINE);
	put_text(MODULE_LINE, "vmlinux root=/dev/vda");
	one_module(1, 0x300000, 0x300000, 0);
	assert_int_equal(one_parse(), OK);
	text_is(info.command_line, "/boot/hospes console=com1");
	text_is(info.loader, "GRUB 2.06");
	assert_int_equal(info.module_count, 2);
	assert_int_equal(info.module[0].start, 0x200000);
	assert_int_equal(info.module[0].bytes, 0x100000);
	text_is(info.module[0].command_line, "vmlinux root=/dev/vda");
	assert_int_equal(info.module[1].bytes, 0);
	text_is(info.module[1].command_line, "");
	assert_int_equal(info.map.count, 4);
	assert_memory_equal(info.map.entry, e820, sizeof(e820));
	assert_int_equal(info.screen.kind, BOOT_SCREEN_NONE);
	assert_int_equal(info.rsdp_bytes, 0);
}

static void one_reads_only_what_flags_say(void **)
{
	one_map();
	one_command_line(0xffffffff);
	one_module(0, 5, 4, 0);
	put32(INFO, FLAG_MAP);
	assert_int_equal(one_parse(), OK);
	text_is(info.command_line, "");
	text_is(info.loader, "");
	assert_int_equal(info.module_count, 0);
}

static void one_without_a_memory_map_is_refused(void **)
{
	one_map();
	put32(INFO, 0);
	assert_int_equal(one_parse(), E_NODATA);
	assert_true(says("no memory map"));
	put32(INFO, FLAG_MAP);
	put32(MAP + 20, 2);
	put32(MAP + 24 * 2 + 20, 2);
	assert_int_equal(one_parse(), E_NODATA);
	assert_true(says("no RAM"));
}

static void one_that_is_not_readable_is_refused(void **)
{
	one_map();
	assert_int_equal(parse(MULTIBOOT1_LOADER_MAGIC, MEMORY + MEMORY_BYTES), E_FAULT);
	assert_true(says("information is not readable"));
	/* The flags are, the rest is not. */
	put32(MEMORY_BYTES - 8, FLAG_MAP);
	assert_int_equal(parse(MULTIBOOT1_LOADER_MAGIC, MEMORY + MEMORY_BYTES - 8), E_FAULT);
	assert_true(says("information is not readable"));
}

static void one_with_a_bad_memory_map_is_refused(void **)
{
	one_map();
	put32(INFO + 48, MEMORY + MEMORY_BYTES - 24);
	assert_int_equal(one_parse(), E_FAULT);
	assert_true(says("memory map is not readable"));
	one_map();
	put32(INFO + 44, 0xffffffff);
	assert_int_equal(one_parse(), E_FAULT);
	one_map();
	put32(INFO + 44, 24 * 4 - 1);
	assert_int_equal(one_parse(), E_INVAL);
	assert_true(says("entry of a bad size"));
	one_map();
	put32(MAP + 24, 19);
	assert_int_equal(one_parse(), E_INVAL);
	put32(MAP + 24, 0xffffffff); /* the next entry would be at the same place, were sums of 32 bits */
	assert_int_equal(one_parse(), OK);
}

static void one_with_longer_map_entries_is_understood(void **)
{
	one_map();
	put32(MAP + 24, 44); /* swallows the third */
	assert_int_equal(one_parse(), OK);
	assert_int_equal(info.map.count, 3);
}

static void one_with_a_bad_command_line_is_refused(void **)
{
	one_map();
	one_command_line(0);
	assert_int_equal(one_parse(), E_FAULT);
	assert_true(says("command line is not readable"));
	one_command_line(MEMORY + 0x2000);
	memset(memory_bytes + 0x2000, 'x', BOOT_TEXT_MAX);
	assert_int_equal(one_parse(), E_TOOBIG);
	assert_true(says("too long"));
	one_command_line(MEMORY + MEMORY_BYTES - 10);
	memset(memory_bytes + MEMORY_BYTES - 10, 'x', 10);
	assert_int_equal(one_parse(), E_FAULT);
	memory_bytes[MEMORY_BYTES - 1] = 0;
	assert_int_equal(one_parse(), OK);
	text_is(info.command_line, "xxxxxxxxx");
}

static void one_with_bad_modules_is_refused(void **)
{
	one_map();
	one_module(0, 0x200000, 0x1fffff, 0);
	assert_int_equal(one_parse(), E_INVAL);
	assert_true(says("ends before it starts"));
	one_module(0, 0x200000, 0x300000, 0xfffffff0);
	assert_int_equal(one_parse(), E_FAULT);
	assert_true(says("command line of a boot module is not readable"));
	memset(memory_bytes + 0x2000, 'x', BOOT_TEXT_MAX);
	one_module(0, 0x200000, 0x300000, MEMORY + 0x2000);
	assert_int_equal(one_parse(), E_TOOBIG);
	assert_true(says("command line of a boot module is too long"));
	put32(INFO + 24, MEMORY + MEMORY_BYTES - 8);
	assert_int_equal(one_parse(), E_FAULT);
	assert_true(says("list of boot modules is not readable"));
}

static void one_takes_sixteen_modules_and_no_more(void **)
{
	one_map();
	for (unsigned int i = 0; i < BOOT_MODULE_MAX; i++)
		one_module(i, i * 0x1000, i * 0x1000 + 0x800, 0);
	assert_int_equal(one_parse(), OK);
	assert_int_equal(info.module_count, BOOT_MODULE_MAX);
	put32(INFO + 20, 0xffffffff);
	assert_int_equal(one_parse(), E_TOOBIG);
	assert_true(says("more than 16"));
}

static void vbe_fill(unsigned int control, unsigned int mode)
{
	put32(control + 10, 1);
	put16(control + 18, 256);
	put16(mode, 0x9b);
	put16(mode + 16, 4096);
	put16(mode + 18, 1024);
	put16(mode + 20, 768);
	memory_bytes[mode + 25] = 32;
	memcpy(memory_bytes + mode + 31, "\x08\x10\x08\x08\x08\x00\x08\x18", 8);
	put32(mode + 40, 0xfd000000);
}

static void screen_is_usual(void)
{
	assert_int_equal(info.screen.kind, BOOT_SCREEN_GRAPHICS);
	assert_int_equal(info.screen.start, 0xfd000000);
	assert_int_equal(info.screen.bytes_per_line, 4096);
	assert_int_equal(info.screen.width, 1024);
	assert_int_equal(info.screen.height, 768);
	assert_int_equal(info.screen.bits_per_pixel, 32);
	assert_int_equal(info.screen.red.position, 16);
	assert_int_equal(info.screen.red.bits, 8);
	assert_int_equal(info.screen.green.position, 8);
	assert_int_equal(info.screen.blue.position, 0);
	assert_int_equal(info.screen.blue.bits, 8);
}

static void one_gives_the_screen_of_vbe(void **)
{
	one_map();
	one_flag(FLAG_VBE);
	put32(INFO + 72, MEMORY + VBE_CONTROL);
	put32(INFO + 76, MEMORY + VBE_MODE);
	vbe_fill(VBE_CONTROL, VBE_MODE);
	assert_int_equal(one_parse(), OK);
	screen_is_usual();
	assert_true(info.screen.has_vbe);
	assert_int_equal(info.screen.vbe_capabilities, 1);
	assert_int_equal(info.screen.vbe_memory_bytes, 16 << 20);
	assert_int_equal(info.screen.vbe_mode_attributes, 0x9b);
	assert_int_equal(info.screen.reserved.position, 24);
	put16(VBE_MODE, 0x1b); /* not linear */
	assert_int_equal(one_parse(), OK);
	assert_int_equal(info.screen.kind, BOOT_SCREEN_NONE);
	put32(INFO + 76, 0);
	assert_int_equal(one_parse(), OK);
	assert_false(info.screen.has_vbe);
}

static void framebuffer_fill(unsigned int at, uint8_t type, unsigned int colours)
{
	put64(at, type == 2 ? 0xb8000 : 0xfd000000);
	put32(at + 8, type == 2 ? 160 : 4096);
	put32(at + 12, type == 2 ? 80 : 1024);
	put32(at + 16, type == 2 ? 25 : 768);
	memory_bytes[at + 20] = type == 2 ? 16 : 32;
	memory_bytes[at + 21] = type;
	memcpy(memory_bytes + colours, "\x10\x08\x08\x08\x00\x08", 6);
}

static void one_gives_the_screen_of_the_framebuffer(void **)
{
	one_map();
	one_flag(FLAG_FRAMEBUFFER);
	framebuffer_fill(INFO + 88, 1, INFO + 110);
	assert_int_equal(one_parse(), OK);
	screen_is_usual();
	framebuffer_fill(INFO + 88, 2, INFO + 110);
	assert_int_equal(one_parse(), OK);
	assert_int_equal(info.screen.kind, BOOT_SCREEN_TEXT);
	assert_int_equal(info.screen.width, 80);
	assert_int_equal(info.screen.red.bits, 0);
	framebuffer_fill(INFO + 88, 0, INFO + 110); /* with a palette: of no use */
	assert_int_equal(one_parse(), OK);
	assert_int_equal(info.screen.kind, BOOT_SCREEN_NONE);
}

/* ---- Multiboot 2. ---- */

/* Starts a tag and returns where its contents go. */
static unsigned int tag(uint32_t type, uint32_t bytes)
{
	unsigned int at = end + 8;

	put32(end, type);
	put32(end + 4, bytes + 8);
	end = ROUND_UP(at + bytes, 8);
	return at;
}

static void tag_text(uint32_t type, const char *t) { put_text(tag(type, (uint32_t)strlen(t) + 1), t); }

static void tag_map(void)
{
	unsigned int at = tag(6, 8 + 24 * ARRAY_COUNT(e820));

	put32(at, 24);
	for (unsigned int i = 0; i < ARRAY_COUNT(e820); i++) {
		put64(at + 8 + 24 * i, e820[i].start);
		put64(at + 16 + 24 * i, e820[i].bytes);
		put32(at + 24 + 24 * i, e820[i].type);
	}
}

static void tag_module(uint32_t start, uint32_t module_end, const char *line)
{
	unsigned int at = tag(3, 8 + (uint32_t)strlen(line) + 1);

	put32(at, start);
	put32(at + 4, module_end);
	put_text(at + 8, line);
}

static enum status two_parse_as_it_is(void)
{
	put32(0, end);
	return parse(MULTIBOOT2_LOADER_MAGIC, MEMORY);
}

static enum status two_parse(void)
{
	unsigned int before = end;
	enum status s;

	tag(0, 0);
	s = two_parse_as_it_is();
	end = before;
	return s;
}

static void two_gives_all_that_it_has(void **)
{
	unsigned int at;

	tag_text(1, "console=com1");
	tag_text(2, "GRUB 2.06");
	tag_module(0x200000, 0x300000, "vmlinux root=/dev/vda");
	tag_module(0x300000, 0x300000, "");
	tag_map();
	at = tag(14, 20);
	memcpy(memory_bytes + at, "RSD PTR old", 11);
	tag(99, 3);
	assert_int_equal(two_parse(), OK);
	text_is(info.command_line, "console=com1");
	text_is(info.loader, "GRUB 2.06");
	assert_int_equal(info.module_count, 2);
	assert_int_equal(info.module[0].start, 0x200000);
	assert_int_equal(info.module[0].bytes, 0x100000);
	text_is(info.module[0].command_line, "vmlinux root=/dev/vda");
	text_is(info.module[1].command_line, "");
	assert_int_equal(info.map.count, 4);
	assert_memory_equal(info.map.entry, e820, sizeof(e820));
	assert_int_equal(info.rsdp_bytes, 20);
	assert_memory_equal(info.rsdp, "RSD PTR old", 11);
	assert_int_equal(info.efi.system_table, 0);
}

static void two_prefers_the_newer_root_pointer(void **)
{
	unsigned int at;

	tag_map();
	at = tag(15, 36);
	memcpy(memory_bytes + at, "RSD PTR new", 11);
	at = tag(14, 20);
	memcpy(memory_bytes + at, "RSD PTR old", 11);
	assert_int_equal(two_parse(), OK);
	assert_int_equal(info.rsdp_bytes, 36);
	assert_memory_equal(info.rsdp, "RSD PTR new", 11);
}

static void two_counts_the_first_of_two_maps_and_lines(void **)
{
	tag_map();
	put64(tag(6, 8 + 24) + 8, 0x5000);
	put32(end - 32, 24);
	tag_text(1, "first");
	tag_text(1, "second");
	assert_int_equal(two_parse(), OK);
	assert_int_equal(info.map.count, 4);
	text_is(info.command_line, "first");
}

static void two_gives_the_screen(void **)
{
	unsigned int at;

	tag_map();
	at = tag(8, 30);
	framebuffer_fill(at, 1, at + 24);
	assert_int_equal(two_parse(), OK);
	screen_is_usual();
	assert_false(info.screen.has_vbe);
	at = tag(7, 8 + 512 + 256);
	vbe_fill(at + 8, at + 8 + 512);
	assert_int_equal(two_parse(), OK);
	screen_is_usual();
	assert_true(info.screen.has_vbe);
	memory_clear(NULL);
	tag_map();
	at = tag(8, 24); /* no colours in it */
	framebuffer_fill(at, 2, at + 24);
	assert_int_equal(two_parse(), OK);
	assert_int_equal(info.screen.kind, BOOT_SCREEN_TEXT);
}

static unsigned int efi_map_at;

static void tag_efi_map(unsigned int count)
{
	efi_map_at = tag(17, 8 + 48 * count);
	put32(efi_map_at, 48);
	put32(efi_map_at + 4, 1);
}

static void efi_descriptor(unsigned int i, uint32_t type, uint64_t start, uint64_t pages, uint64_t attributes)
{
	unsigned int at = efi_map_at + 8 + 48 * i;

	put32(at, type);
	put64(at + 8, start);
	put64(at + 24, pages);
	put64(at + 32, attributes);
}

static void two_turns_efi_types_into_e820(void **)
{
	static const struct {
		uint32_t efi, e820;
	} rows[] = {{0, 2}, {1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 2}, {6, 2}, {7, 1}, {8, 5}, {9, 3}, {10, 4}, {11, 2},
		    {12, 2}, {13, 2}, {14, 2}, {15, 2}, {0x80000000, 2}};

	put64(tag(12, 8), 0x3f000000);
	put64(tag(20, 8), 0x3f000100);
	tag_efi_map(ARRAY_COUNT(rows));
	for (unsigned int i = 0; i < ARRAY_COUNT(rows); i++)
		efi_descriptor(i, rows[i].efi, i * 0x10000, 2, 8);
	assert_int_equal(two_parse(), OK);
	for (unsigned int i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_int_equal(memmap_find(&info.map, i * 0x10000 + 0x1fff)->type, rows[i].e820);
		assert_null(memmap_find(&info.map, i * 0x10000 + 0x2000));
	}
	assert_int_equal(info.efi.system_table, 0x3f000000);
	assert_int_equal(info.efi.image_handle, 0x3f000100);
	assert_int_equal(info.efi.descriptor_bytes, 48);
	assert_int_equal(info.efi.descriptor_version, 1);
	assert_int_equal(info.efi.map_bytes, 48 * ARRAY_COUNT(rows));
	assert_false(info.efi.boot_services_active);
}

static void two_leaves_active_boot_services_their_memory(void **)
{
	tag_efi_map(3);
	efi_descriptor(0, 3, 0x10000, 1, 8);
	efi_descriptor(1, 4, 0x20000, 1, 8);
	efi_descriptor(2, 7, 0x30000, 1, 8);
	tag(18, 0);
	assert_int_equal(two_parse(), OK);
	assert_true(info.efi.boot_services_active);
	assert_false(memmap_is_ram(&info.map, 0x10000, 1));
	assert_false(memmap_is_ram(&info.map, 0x20000, 1));
	assert_true(memmap_is_ram(&info.map, 0x30000, 0x1000));
}

static void two_does_not_take_uncached_memory_for_ram(void **)
{
	tag_efi_map(2);
	efi_descriptor(0, 7, 0x10000, 1, 1);
	efi_descriptor(1, 7, 0x20000, UINT64_MAX / 2, 8); /* bytes would overflow */
	assert_int_equal(two_parse(), OK);
	assert_false(memmap_is_ram(&info.map, 0x10000, 1));
	assert_int_equal(memmap_max_paddr(&info.map), MEMMAP_LIMIT);
}

static void two_prefers_e820_to_efi(void **)
{
	tag_efi_map(1);
	efi_descriptor(0, 7, 0x50000000, 1, 8);
	tag_map();
	assert_int_equal(two_parse(), OK);
	assert_null(memmap_find(&info.map, 0x50000000));
	assert_non_null(info.efi.map);
}

static void two_without_a_memory_map_is_refused(void **)
{
	tag_text(1, "console=com1");
	assert_int_equal(two_parse(), E_NODATA);
	assert_true(says("no memory map"));
	tag_efi_map(1);
	efi_descriptor(0, 7, 0x10000, 1, 8);
	put32(efi_map_at, 39); /* descriptors too small to be any */
	assert_int_equal(two_parse(), E_NODATA);
	put32(efi_map_at, 48);
	efi_descriptor(0, 0, 0x10000, 1, 8);
	assert_int_equal(two_parse(), E_NODATA);
	assert_true(says("no RAM"));
}

static void two_that_is_not_readable_is_refused(void **)
{
	tag_map();
	assert_int_equal(parse(MULTIBOOT2_LOADER_MAGIC, MEMORY + MEMORY_BYTES - 4), E_FAULT);
	assert_true(says("not readable"));
	put32(MEMORY_BYTES - 8, 16);
	assert_int_equal(parse(MULTIBOOT2_LOADER_MAGIC, MEMORY + MEMORY_BYTES - 8), E_FAULT);
	put32(0, 7);
	assert_int_equal(parse(MULTIBOOT2_LOADER_MAGIC, MEMORY), E_INVAL);
	assert_true(says("absurd size"));
	put32(0, 0xffffffff);
	assert_int_equal(parse(MULTIBOOT2_LOADER_MAGIC, MEMORY), E_INVAL);
}

static void two_with_bad_tags_is_refused(void **)
{
	unsigned int at;

	tag_map();
	assert_int_equal(two_parse_as_it_is(), E_INVAL);
	assert_true(says("no end tag"));
	at = tag(99, 16);
	put32(at - 4, 7);
	assert_int_equal(two_parse(), E_INVAL);
	assert_true(says("bad size"));
	put32(at - 4, 0xfffffff8);
	assert_int_equal(two_parse(), E_INVAL);
	assert_true(says("bad size"));
	put32(at - 4, 16 + 8 + 8 + 1);
	assert_int_equal(two_parse(), E_INVAL);
}

static void two_with_tags_too_short_is_refused(void **)
{
	static const uint32_t types[] = {3, 6, 7, 8, 12, 14, 15, 17, 20};

	for (unsigned int i = 0; i < ARRAY_COUNT(types); i++) {
		memory_clear(NULL);
		tag_map();
		tag(types[i], 7);
		assert_int_equal(two_parse(), E_INVAL);
		assert_true(says("too short"));
	}
}

static void two_with_map_entries_too_short_is_refused(void **)
{
	put32(tag(6, 8), 19);
	assert_int_equal(two_parse(), E_INVAL);
	assert_true(says("entries of a bad size"));
}

static void two_with_bad_modules_is_refused(void **)
{
	tag_map();
	tag_module(2, 1, "");
	assert_int_equal(two_parse(), E_INVAL);
	memory_clear(NULL);
	tag_map();
	for (unsigned int i = 0; i <= BOOT_MODULE_MAX; i++)
		tag_module(i, i, "x");
	assert_int_equal(two_parse(), E_TOOBIG);
}

static void text_without_its_nul_ends_with_the_tag(void **)
{
	memcpy(memory_bytes + tag(1, 5), "abcde", 5);
	tag_map();
	assert_int_equal(two_parse(), OK);
	text_is(info.command_line, "abcde");
}

static struct text words_from(const char *loader, const char *line)
{
	struct boot_info from = {.loader = {loader, strlen(loader)}};

	return boot_info_words(&from, (struct text){line, strlen(line)});
}

static void words_begin_behind_the_file_s_name(void **)
{
	text_is(words_from("qemu", "/build/hospes console=com1 nosmp"), "console=com1 nosmp");
	text_is(words_from("", "  hospes nosmp"), "nosmp");
	text_is(words_from("qemu", "hospes"), "");
	text_is(words_from("qemu", ""), "");
}

static void words_of_grub_2_have_no_file_s_name(void **)
{
	text_is(words_from("GRUB 2.06-13+deb12u1", "placeholder nosmp"), "placeholder nosmp");
}

static const char *domain0_line(const char *own, const char *more, size_t size)
{
	static char line[64];

	memory_clear(NULL);
	one_map();
	put_text(MODULE_LINE, own);
	one_module(0, 0x200000, 0x300000, MEMORY + MODULE_LINE);
	assert_int_equal(one_parse(), OK);
	boot_info_domain0_line(&info, (struct text){more, strlen(more)}, line, size);
	boot_memory_fake_free(&fake);
	return line;
}

/* The loader's memory is gone by then: the address sanitizer would see a text that is only borrowed. */
static void line_of_domain_0_is_a_copy(void **)
{
	assert_string_equal(domain0_line("vmlinux root=/dev/vda", "", 64), "root=/dev/vda");
	assert_string_equal(domain0_line("vmlinux root=/dev/vda", "quiet single", 64), "root=/dev/vda quiet single");
	assert_string_equal(domain0_line("vmlinux", "quiet", 64), " quiet");
}

static void line_of_domain_0_is_cut_where_it_does_not_fit(void **)
{
	assert_string_equal(domain0_line("vmlinux root=/dev/vda", "quiet", 17), "root=/dev/vda qu");
	assert_string_equal(domain0_line("vmlinux root=/dev/vda", "quiet", 15), "root=/dev/vda ");
	assert_string_equal(domain0_line("vmlinux root=/dev/vda", "quiet", 14), "root=/dev/vda");
	assert_string_equal(domain0_line("vmlinux root=/dev/vda", "quiet", 6), "root=");
	assert_string_equal(domain0_line("vmlinux root=/dev/vda", "quiet", 1), "");
}

static void line_of_domain_0_without_a_module_is_what_our_own_adds(void **)
{
	char line[8];

	one_map();
	assert_int_equal(one_parse(), OK);
	boot_info_domain0_line(&info, (struct text){"quiet", 5}, line, sizeof(line));
	assert_string_equal(line, " quiet");
}

/* The first page below what firmware keeps, or below the modules that lie there. */
static void trampoline_is_the_highest_page_without_a_module(void **)
{
	one_map();
	assert_int_equal(one_parse(), OK);
	assert_int_equal(boot_info_find_trampoline(&info), 0x9e000);
	one_module(0, 0x200000, 0x300000, 0);
	one_module(1, 0x9d800, 0x9e001, 0);
	one_module(2, 0x9c000, 0x9c001, 0);
	assert_int_equal(one_parse(), OK);
	assert_int_equal(boot_info_find_trampoline(&info), 0x9b000);
	one_module(2, 0x9c000, 0x9c000, 0); /* empty */
	assert_int_equal(one_parse(), OK);
	assert_int_equal(boot_info_find_trampoline(&info), 0x9c000);
	one_module(2, 0x2000, 0x9e000, 0);
	assert_int_equal(one_parse(), OK);
	assert_int_equal(boot_info_find_trampoline(&info), 0x1000);
}

static void trampoline_is_not_there_where_modules_take_all(void **)
{
	one_map();
	one_module(0, 0x1fff, 0x9f000, 0);
	assert_int_equal(one_parse(), OK);
	assert_int_equal(boot_info_find_trampoline(&info), 0);
}

static void another_loader_is_refused(void **)
{
	assert_int_equal(parse(0x12345678, MEMORY), E_NOEXEC);
	assert_true(says("not started by a multiboot loader"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, memory_clear, memory_free)
	const struct CMUnitTest tests[] = {
		TEST(one_gives_all_that_it_has),
		TEST(one_reads_only_what_flags_say),
		TEST(one_without_a_memory_map_is_refused),
		TEST(one_that_is_not_readable_is_refused),
		TEST(one_with_a_bad_memory_map_is_refused),
		TEST(one_with_longer_map_entries_is_understood),
		TEST(one_with_a_bad_command_line_is_refused),
		TEST(one_with_bad_modules_is_refused),
		TEST(one_takes_sixteen_modules_and_no_more),
		TEST(one_gives_the_screen_of_vbe),
		TEST(one_gives_the_screen_of_the_framebuffer),
		TEST(two_gives_all_that_it_has),
		TEST(two_prefers_the_newer_root_pointer),
		TEST(two_counts_the_first_of_two_maps_and_lines),
		TEST(two_gives_the_screen),
		TEST(two_turns_efi_types_into_e820),
		TEST(two_leaves_active_boot_services_their_memory),
		TEST(two_does_not_take_uncached_memory_for_ram),
		TEST(two_prefers_e820_to_efi),
		TEST(two_without_a_memory_map_is_refused),
		TEST(two_that_is_not_readable_is_refused),
		TEST(two_with_bad_tags_is_refused),
		TEST(two_with_tags_too_short_is_refused),
		TEST(two_with_map_entries_too_short_is_refused),
		TEST(two_with_bad_modules_is_refused),
		TEST(text_without_its_nul_ends_with_the_tag),
		TEST(words_begin_behind_the_file_s_name),
		TEST(words_of_grub_2_have_no_file_s_name),
		TEST(line_of_domain_0_is_a_copy),
		TEST(line_of_domain_0_is_cut_where_it_does_not_fit),
		TEST(line_of_domain_0_without_a_module_is_what_our_own_adds),
		TEST(trampoline_is_the_highest_page_without_a_module),
		TEST(trampoline_is_not_there_where_modules_take_all),
		TEST(another_loader_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
