/*
 * Multiboot 2: one block of tags, each with its type and size, the last of type 0 (Multiboot2 specification 2.0,
 * section 3.6). Everything but the modules lies inside the block.
 *
 * Of tags that describe one thing (the map, the command line), the first counts. The map is the E820 tag's, and
 * EFI's where there is no E820: EFI's says more, but the E820 is what loader and firmware have agreed on.
 */
#include <hyp/boot/bytes.h>
#include <hyp/boot/multiboot.h>
#include <hyp/string.h>

#define BLOCK_HEADER_BYTES 8
#define BLOCK_BYTES_MAX (UINT32_C(1) << 20)
#define TAG_HEADER_BYTES 8
#define TAG_ALIGN 8

enum {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_LOADER_NAME = 2,
	TAG_MODULE = 3,
	TAG_MAP = 6,
	TAG_VBE = 7,
	TAG_FRAMEBUFFER = 8,
	TAG_EFI64_SYSTEM_TABLE = 12,
	TAG_RSDP_OLD = 14,
	TAG_RSDP_NEW = 15,
	TAG_EFI_MAP = 17,
	TAG_EFI_BOOT_SERVICES_ACTIVE = 18,
	TAG_EFI64_IMAGE_HANDLE = 20,
};

#define MODULE_HEADER_BYTES 8
#define MAP_HEADER_BYTES 8
#define MAP_ENTRY_BYTES 20
#define VBE_CONTROL 8
#define VBE_MODE (VBE_CONTROL + 512)
#define VBE_BYTES (VBE_MODE + 256)
#define FRAMEBUFFER_BYTES 24
#define FRAMEBUFFER_COLOURS 24
#define FRAMEBUFFER_COLOUR_BYTES 6
#define EFI_MAP_HEADER_BYTES 8

static enum status command_line_parse(struct bytes tag, struct boot_info *out, const char **)
{
	if (!out->command_line.bytes)
		out->command_line = text_of(tag.data, tag.count);
	return OK;
}

static enum status loader_name_parse(struct bytes tag, struct boot_info *out, const char **)
{
	if (!out->loader.bytes)
		out->loader = text_of(tag.data, tag.count);
	return OK;
}

static enum status module_parse(struct bytes tag, struct boot_info *out, const char **why)
{
	struct text command_line = text_of(tag.data + MODULE_HEADER_BYTES, tag.count - MODULE_HEADER_BYTES);

	return boot_info_add_module(out, load_u32(tag.data), load_u32(tag.data + 4), command_line, why);
}

static enum status map_parse(struct bytes tag, struct boot_info *out, const char **why)
{
	uint32_t entry_bytes = load_u32(tag.data);
	const uint8_t *e;

	if (entry_bytes < MAP_ENTRY_BYTES) {
		*why = "the loader's memory map has entries of a bad size";
		return E_INVAL;
	}
	if (out->map.count)
		return OK;
	for (uint64_t at = MAP_HEADER_BYTES; (e = bytes_at(tag, at, entry_bytes)); at += entry_bytes)
		memmap_add(&out->map, load_u64(e), load_u64(e + 8), load_u32(e + 16));
	return OK;
}

static enum status vbe_parse(struct bytes tag, struct boot_info *out, const char **)
{
	boot_screen_from_vbe(&out->screen, tag.data + VBE_CONTROL, tag.data + VBE_MODE);
	return OK;
}

static enum status framebuffer_parse(struct bytes tag, struct boot_info *out, const char **)
{
	static const uint8_t no_colours[FRAMEBUFFER_COLOUR_BYTES];
	const uint8_t *colours = bytes_at(tag, FRAMEBUFFER_COLOURS, FRAMEBUFFER_COLOUR_BYTES);

	boot_screen_from_framebuffer(&out->screen, tag.data, colours ? colours : no_colours);
	return OK;
}

static enum status efi_system_table_parse(struct bytes tag, struct boot_info *out, const char **)
{
	out->efi.system_table = load_u64(tag.data);
	return OK;
}

static enum status efi_image_handle_parse(struct bytes tag, struct boot_info *out, const char **)
{
	out->efi.image_handle = load_u64(tag.data);
	return OK;
}

static enum status efi_boot_services_parse(struct bytes, struct boot_info *out, const char **)
{
	out->efi.boot_services_active = true;
	return OK;
}

static enum status efi_map_parse(struct bytes tag, struct boot_info *out, const char **)
{
	if (out->efi.map)
		return OK;
	out->efi.descriptor_bytes = load_u32(tag.data);
	out->efi.descriptor_version = load_u32(tag.data + 4);
	out->efi.map = tag.data + EFI_MAP_HEADER_BYTES;
	out->efi.map_bytes = (uint32_t)tag.count - EFI_MAP_HEADER_BYTES;
	return OK;
}

/* The larger, newer form wins whatever the order of the tags. */
static enum status rsdp_parse(struct bytes tag, struct boot_info *out, const char **)
{
	unsigned int bytes = (unsigned int)MIN(tag.count, sizeof(out->rsdp));

	if (bytes > out->rsdp_bytes) {
		memcpy(out->rsdp, tag.data, bytes);
		out->rsdp_bytes = bytes;
	}
	return OK;
}

static const struct tag_kind {
	uint32_t type;
	uint32_t bytes_min; /* behind the tag's header */
	enum status (*parse)(struct bytes tag, struct boot_info *out, const char **why);
} tag_kinds[] = {
	{TAG_COMMAND_LINE, 0, command_line_parse},
	{TAG_LOADER_NAME, 0, loader_name_parse},
	{TAG_MODULE, MODULE_HEADER_BYTES, module_parse},
	{TAG_MAP, MAP_HEADER_BYTES, map_parse},
	{TAG_VBE, VBE_BYTES, vbe_parse},
	{TAG_FRAMEBUFFER, FRAMEBUFFER_BYTES, framebuffer_parse},
	{TAG_EFI64_SYSTEM_TABLE, 8, efi_system_table_parse},
	{TAG_RSDP_OLD, 20, rsdp_parse},
	{TAG_RSDP_NEW, 36, rsdp_parse},
	{TAG_EFI_MAP, EFI_MAP_HEADER_BYTES, efi_map_parse},
	{TAG_EFI_BOOT_SERVICES_ACTIVE, 0, efi_boot_services_parse},
	{TAG_EFI64_IMAGE_HANDLE, 8, efi_image_handle_parse},
};

/* Tags of other types are none of our business. */
static enum status tag_parse(uint32_t type, struct bytes tag, struct boot_info *out, const char **why)
{
	for (unsigned int i = 0; i < ARRAY_COUNT(tag_kinds); i++) {
		if (tag_kinds[i].type != type)
			continue;
		if (tag.count < tag_kinds[i].bytes_min) {
			*why = "a multiboot 2 tag is too short for its type";
			return E_INVAL;
		}
		return tag_kinds[i].parse(tag, out, why);
	}
	return OK;
}

static enum status tags_parse(struct bytes block, struct boot_info *out, const char **why)
{
	const uint8_t *header;
	uint32_t bytes;

	for (uint64_t at = BLOCK_HEADER_BYTES; (header = bytes_at(block, at, TAG_HEADER_BYTES));
	     at += ROUND_UP((uint64_t)bytes, TAG_ALIGN)) {
		enum status s;

		bytes = load_u32(header + 4);
		if (load_u32(header) == TAG_END)
			return OK;
		if (bytes < TAG_HEADER_BYTES || !bytes_at(block, at, bytes)) {
			*why = "a multiboot 2 tag has a bad size";
			return E_INVAL;
		}
		s = tag_parse(load_u32(header), (struct bytes){header + TAG_HEADER_BYTES, bytes - TAG_HEADER_BYTES},
			      out, why);
		if (s)
			return s;
	}
	*why = "the multiboot 2 information has no end tag";
	return E_INVAL;
}

static enum status block_find(const struct boot_memory *memory, paddr_t info, struct bytes *block, const char **why)
{
	const uint8_t *header = boot_memory_at(memory, info, BLOCK_HEADER_BYTES);

	block->count = header ? load_u32(header) : 0;
	if (header && (block->count < BLOCK_HEADER_BYTES || block->count > BLOCK_BYTES_MAX)) {
		*why = "the multiboot 2 information has an absurd size";
		return E_INVAL;
	}
	block->data = header ? boot_memory_at(memory, info, block->count) : NULL;
	if (!block->data) {
		*why = "the multiboot 2 information is not readable";
		return E_FAULT;
	}
	return OK;
}

enum status multiboot2_parse(const struct boot_memory *memory, paddr_t info, struct boot_info *out, const char **why)
{
	struct bytes block;
	enum status s;

	memset(out, 0, sizeof(*out));
	out->loader = out->command_line = (struct text){"", 0};
	s = block_find(memory, info, &block, why);
	if (!s)
		s = tags_parse(block, out, why);
	if (s)
		return s;
	if (!out->map.count)
		boot_efi_map_add(&out->efi, &out->map);
	return boot_info_finish(out, why);
}

enum status multiboot_parse(uint32_t magic, const struct boot_memory *memory, paddr_t info, struct boot_info *out,
			    const char **why)
{
	switch (magic) {
	case MULTIBOOT1_LOADER_MAGIC:
		return multiboot1_parse(memory, info, out, why);
	case MULTIBOOT2_LOADER_MAGIC:
		return multiboot2_parse(memory, info, out, why);
	default:
		*why = "not started by a multiboot loader";
		return E_NOEXEC;
	}
}
