/*
 * Multiboot 1: a structure of fixed layout with a word of flags that says which fields count, and pointers to other
 * structures anywhere in the first 4 GiB (Multiboot specification 0.6.96, section 3.3). Nothing in it tells how
 * large it is, so each part is read only if its flag is set.
 */
#include <hyp/boot/bytes.h>
#include <hyp/boot/multiboot.h>
#include <hyp/string.h>

enum {
	INFO_FLAGS = 0,
	INFO_COMMAND_LINE = 16,
	INFO_MODULE_COUNT = 20,
	INFO_MODULES = 24,
	INFO_MAP_BYTES = 44,
	INFO_MAP = 48,
	INFO_LOADER_NAME = 64,
	INFO_VBE_CONTROL = 72,
	INFO_VBE_MODE = 76,
	INFO_FRAMEBUFFER = 88,
	INFO_FRAMEBUFFER_BYTES = 28,
	INFO_FRAMEBUFFER_COLOURS = 22,
};

#define FLAG_COMMAND_LINE BIT(2)
#define FLAG_MODULES BIT(3)
#define FLAG_MAP BIT(6)
#define FLAG_LOADER_NAME BIT(9)
#define FLAG_VBE BIT(11)
#define FLAG_FRAMEBUFFER BIT(12)

#define MODULE_BYTES 16
/* An entry of the map: its size without this field, start, bytes, type. */
#define MAP_ENTRY_BYTES 24
#define MAP_ENTRY_SIZE_BYTES 4
#define MAP_BYTES_MAX (UINT32_C(1) << 20)
#define VBE_CONTROL_BYTES 512
#define VBE_MODE_BYTES 256

/* One word of the structure. */
static enum status info_u32(const struct boot_memory *memory, paddr_t info, unsigned int offset, uint32_t *out,
			    const char **why)
{
	const uint8_t *p = boot_memory_at(memory, info + offset, 4);

	if (!p) {
		*why = "the multiboot information is not readable";
		return E_FAULT;
	}
	*out = load_u32(p);
	return OK;
}

static enum status command_line_parse(const struct boot_memory *memory, paddr_t info, struct boot_info *out,
				      const char **why)
{
	uint32_t at;
	enum status s = info_u32(memory, info, INFO_COMMAND_LINE, &at, why);

	if (s)
		return s;
	s = boot_memory_text(memory, at, &out->command_line);
	if (s)
		*why = s == E_TOOBIG ? "the command line is too long" : "the command line is not readable";
	return s;
}

static enum status module_parse(const struct boot_memory *memory, paddr_t at, struct boot_info *out, const char **why)
{
	const uint8_t *m = boot_memory_at(memory, at, MODULE_BYTES);
	struct text command_line = {"", 0};
	enum status s;

	if (!m) {
		*why = "the list of boot modules is not readable";
		return E_FAULT;
	}
	s = load_u32(m + 8) ? boot_memory_text(memory, load_u32(m + 8), &command_line) : OK;
	if (s) {
		*why = s == E_TOOBIG ? "the command line of a boot module is too long"
				     : "the command line of a boot module is not readable";
		return s;
	}
	return boot_info_add_module(out, load_u32(m), load_u32(m + 4), command_line, why);
}

static enum status modules_parse(const struct boot_memory *memory, paddr_t info, struct boot_info *out,
				 const char **why)
{
	uint32_t count, at;
	enum status s = info_u32(memory, info, INFO_MODULE_COUNT, &count, why);

	if (!s)
		s = info_u32(memory, info, INFO_MODULES, &at, why);
	for (uint32_t i = 0; !s && i < count; i++)
		s = module_parse(memory, at + (paddr_t)i * MODULE_BYTES, out, why);
	return s;
}

static enum status map_parse(const struct boot_memory *memory, paddr_t info, struct boot_info *out, const char **why)
{
	uint32_t bytes, at;
	enum status s = info_u32(memory, info, INFO_MAP_BYTES, &bytes, why);
	struct bytes map;
	const uint8_t *e;

	if (!s)
		s = info_u32(memory, info, INFO_MAP, &at, why);
	if (s)
		return s;
	map = (struct bytes){bytes <= MAP_BYTES_MAX ? boot_memory_at(memory, at, bytes) : NULL, bytes};
	if (!map.data) {
		*why = "the loader's memory map is not readable";
		return E_FAULT;
	}
	for (uint64_t offset = 0; offset < bytes; offset += (uint64_t)load_u32(e) + MAP_ENTRY_SIZE_BYTES) {
		e = bytes_at(map, offset, MAP_ENTRY_BYTES);
		if (!e || load_u32(e) < MAP_ENTRY_BYTES - MAP_ENTRY_SIZE_BYTES) {
			*why = "the loader's memory map has an entry of a bad size";
			return E_INVAL;
		}
		memmap_add(&out->map, load_u64(e + 4), load_u64(e + 12), load_u32(e + 20));
	}
	return OK;
}

/* A screen that cannot be read is no reason not to start. */
static void screen_parse(const struct boot_memory *memory, paddr_t info, uint32_t flags, struct boot_screen *screen)
{
	const uint8_t *p;

	if (flags & FLAG_FRAMEBUFFER) {
		p = boot_memory_at(memory, info + INFO_FRAMEBUFFER, INFO_FRAMEBUFFER_BYTES);
		if (p)
			boot_screen_from_framebuffer(screen, p, p + INFO_FRAMEBUFFER_COLOURS);
	}
	if (flags & FLAG_VBE) {
		const uint8_t *control = NULL, *mode = NULL;

		p = boot_memory_at(memory, info + INFO_VBE_CONTROL, 8);
		if (p) {
			control = boot_memory_at(memory, load_u32(p), VBE_CONTROL_BYTES);
			mode = boot_memory_at(memory, load_u32(p + 4), VBE_MODE_BYTES);
		}
		if (control && mode)
			boot_screen_from_vbe(screen, control, mode);
	}
}

/* Nor is a loader without a name. */
static void loader_name_parse(const struct boot_memory *memory, paddr_t info, struct boot_info *out)
{
	const uint8_t *p = boot_memory_at(memory, info + INFO_LOADER_NAME, 4);
	struct text name;

	if (p && boot_memory_text(memory, load_u32(p), &name) == OK)
		out->loader = name;
}

enum status multiboot1_parse(const struct boot_memory *memory, paddr_t info, struct boot_info *out, const char **why)
{
	uint32_t flags;
	enum status s;

	memset(out, 0, sizeof(*out));
	out->loader = out->command_line = (struct text){"", 0};
	s = info_u32(memory, info, INFO_FLAGS, &flags, why);
	if (!s && !(flags & FLAG_MAP)) {
		*why = "the loader passed no memory map";
		return E_NODATA;
	}
	if (!s)
		s = map_parse(memory, info, out, why);
	if (!s && (flags & FLAG_COMMAND_LINE))
		s = command_line_parse(memory, info, out, why);
	if (!s && (flags & FLAG_MODULES))
		s = modules_parse(memory, info, out, why);
	if (s)
		return s;
	if (flags & FLAG_LOADER_NAME)
		loader_name_parse(memory, info, out);
	screen_parse(memory, info, flags, &out->screen);
	return boot_info_finish(out, why);
}
