/*
 * What the boot protocols share: texts of the loader, modules, the screen, EFI's memory map, and the last question,
 * whether there is RAM at all.
 */
#include <hyp/boot/boot_info.h>
#include <hyp/boot/boot_memory.h>
#include <hyp/boot/bytes.h>
#include <hyp/string.h>

/* Memory is asked for up to the next line of this many bytes: a text may end right before what cannot be read. */
#define TEXT_STEP 64

enum status boot_memory_text(const struct boot_memory *memory, paddr_t start, struct text *out)
{
	uint64_t bytes = 0;

	while (bytes < BOOT_TEXT_MAX) {
		uint64_t step = TEXT_STEP - (start + bytes) % TEXT_STEP, length;
		const uint8_t *part = boot_memory_at(memory, start + bytes, step);

		if (!part)
			return E_FAULT;
		length = strnlen((const char *)part, step);
		bytes += length;
		if (length < step) {
			const uint8_t *whole = boot_memory_at(memory, start, bytes + 1);

			if (!whole)
				return E_FAULT;
			*out = (struct text){(const char *)whole, bytes};
			return OK;
		}
	}
	return E_TOOBIG;
}

enum status boot_info_add_module(struct boot_info *out, paddr_t start, paddr_t end, struct text command_line,
				 const char **why)
{
	if (end < start) {
		*why = "a boot module ends before it starts";
		return E_INVAL;
	}
	if (out->module_count == BOOT_MODULE_MAX) {
		*why = "more than 16 boot modules";
		return E_TOOBIG;
	}
	out->module[out->module_count++] = (struct boot_module){start, end - start, command_line};
	return OK;
}

struct text boot_info_words(const struct boot_info *info, struct text command_line)
{
	if (text_starts(info->loader, "GRUB 2"))
		return command_line;
	while (command_line.bytes && command_line.at[0] == ' ')
		command_line = text_skip(command_line, 1);
	(void)text_take(&command_line, ' ');
	return command_line;
}

void boot_info_domain0_line(const struct boot_info *info, struct text more, char *line, size_t size)
{
	struct text own = info->module_count ? boot_info_words(info, info->module[0].command_line) : (struct text){"", 0};
	size_t length = MIN(own.bytes, size - 1);

	if (!text_copy(line, size, own) || !more.bytes || length == size - 1)
		return;
	line[length] = ' ';
	(void)text_copy(line + length + 1, size - length - 1, more);
}

/* The part of low memory that firmware leaves alone. */
#define TRAMPOLINE_LOWEST UINT64_C(0x1000)
#define TRAMPOLINE_END UINT64_C(0x9f000)

static bool has_module_in(const struct boot_info *info, paddr_t start, uint64_t bytes)
{
	for (unsigned int i = 0; i < info->module_count; i++) {
		const struct boot_module *m = &info->module[i];

		if (m->start < start + bytes && start < m->start + m->bytes)
			return true;
	}
	return false;
}

paddr_t boot_info_find_trampoline(const struct boot_info *info)
{
	for (paddr_t page = TRAMPOLINE_END - PAGE_BYTES; page >= TRAMPOLINE_LOWEST; page -= PAGE_BYTES)
		if (memmap_is_ram(&info->map, page, PAGE_BYTES) && !has_module_in(info, page, PAGE_BYTES))
			return page;
	return 0;
}

#define VBE_CONTROL_CAPABILITIES 10
#define VBE_CONTROL_MEMORY 18 /* in units of 64 KiB */
#define VBE_MODE_ATTRIBUTES 0
#define VBE_MODE_ATTRIBUTE_GRAPHICS 0x10
#define VBE_MODE_ATTRIBUTE_LINEAR 0x80
#define VBE_MODE_BYTES_PER_LINE 16
#define VBE_MODE_WIDTH 18
#define VBE_MODE_HEIGHT 20
#define VBE_MODE_BITS_PER_PIXEL 25
#define VBE_MODE_COLOURS 31 /* size before position: red, green, blue, reserved */
#define VBE_MODE_START 40

static struct boot_colour vbe_colour(const uint8_t *mode, unsigned int i)
{
	const uint8_t *pair = mode + VBE_MODE_COLOURS + 2 * i;

	return (struct boot_colour){.position = pair[1], .bits = pair[0]};
}

void boot_screen_from_vbe(struct boot_screen *screen, const uint8_t *control, const uint8_t *mode)
{
	uint16_t attributes = load_u16(mode + VBE_MODE_ATTRIBUTES);
	uint32_t start = load_u32(mode + VBE_MODE_START);

	screen->has_vbe = true;
	screen->vbe_capabilities = load_u32(control + VBE_CONTROL_CAPABILITIES);
	screen->vbe_memory_bytes = (uint32_t)load_u16(control + VBE_CONTROL_MEMORY) << 16;
	screen->vbe_mode_attributes = attributes;
	screen->reserved = vbe_colour(mode, 3);
	if (screen->kind != BOOT_SCREEN_NONE || !(attributes & VBE_MODE_ATTRIBUTE_GRAPHICS) ||
	    !(attributes & VBE_MODE_ATTRIBUTE_LINEAR) || !start)
		return;
	screen->kind = BOOT_SCREEN_GRAPHICS;
	screen->start = start;
	screen->bytes_per_line = load_u16(mode + VBE_MODE_BYTES_PER_LINE);
	screen->width = load_u16(mode + VBE_MODE_WIDTH);
	screen->height = load_u16(mode + VBE_MODE_HEIGHT);
	screen->bits_per_pixel = mode[VBE_MODE_BITS_PER_PIXEL];
	screen->red = vbe_colour(mode, 0);
	screen->green = vbe_colour(mode, 1);
	screen->blue = vbe_colour(mode, 2);
}

#define FRAMEBUFFER_TYPE_RGB 1
#define FRAMEBUFFER_TYPE_TEXT 2

void boot_screen_from_framebuffer(struct boot_screen *screen, const uint8_t *framebuffer, const uint8_t *colours)
{
	uint8_t type = framebuffer[21];

	if (type != FRAMEBUFFER_TYPE_RGB && type != FRAMEBUFFER_TYPE_TEXT)
		return;
	screen->kind = type == FRAMEBUFFER_TYPE_RGB ? BOOT_SCREEN_GRAPHICS : BOOT_SCREEN_TEXT;
	screen->start = load_u64(framebuffer);
	screen->bytes_per_line = load_u32(framebuffer + 8);
	screen->width = load_u32(framebuffer + 12);
	screen->height = load_u32(framebuffer + 16);
	screen->bits_per_pixel = framebuffer[20];
	if (type == FRAMEBUFFER_TYPE_RGB) {
		screen->red = (struct boot_colour){colours[0], colours[1]};
		screen->green = (struct boot_colour){colours[2], colours[3]};
		screen->blue = (struct boot_colour){colours[4], colours[5]};
	}
}

/* UEFI specification 2.10, section 7.2 (GetMemoryMap). */
#define EFI_DESCRIPTOR_BYTES 40
#define EFI_DESCRIPTOR_START 8
#define EFI_DESCRIPTOR_PAGES 24
#define EFI_DESCRIPTOR_ATTRIBUTES 32
#define EFI_ATTRIBUTE_WRITE_BACK BIT(3)
enum {
	EFI_LOADER_CODE = 1,
	EFI_LOADER_DATA = 2,
	EFI_BOOT_SERVICES_CODE = 3,
	EFI_BOOT_SERVICES_DATA = 4,
	EFI_CONVENTIONAL = 7,
	EFI_UNUSABLE = 8,
	EFI_ACPI_RECLAIM = 9,
	EFI_ACPI_NVS = 10,
};

static uint32_t efi_type_to_memmap(uint32_t type, uint64_t attributes, bool boot_services_active)
{
	switch (type) {
	case EFI_BOOT_SERVICES_CODE:
	case EFI_BOOT_SERVICES_DATA:
		if (boot_services_active)
			return MEMMAP_RESERVED;
		[[fallthrough]];
	case EFI_LOADER_CODE:
	case EFI_LOADER_DATA:
	case EFI_CONVENTIONAL:
		/* What the caches may not write back is not memory as we know it. */
		return attributes & EFI_ATTRIBUTE_WRITE_BACK ? MEMMAP_RAM : MEMMAP_RESERVED;
	case EFI_UNUSABLE:
		return MEMMAP_UNUSABLE;
	case EFI_ACPI_RECLAIM:
		return MEMMAP_ACPI;
	case EFI_ACPI_NVS:
		return MEMMAP_NVS;
	default:
		return MEMMAP_RESERVED;
	}
}

void boot_efi_map_add(const struct boot_efi *efi, struct memmap *map)
{
	struct bytes all = {efi->map, efi->map_bytes};
	const uint8_t *d;

	if (!efi->map || efi->descriptor_bytes < EFI_DESCRIPTOR_BYTES)
		return;
	for (uint64_t at = 0; (d = bytes_at(all, at, efi->descriptor_bytes)); at += efi->descriptor_bytes) {
		uint64_t pages = load_u64(d + EFI_DESCRIPTOR_PAGES);
		uint64_t bytes = pages > UINT64_MAX / PAGE_BYTES ? UINT64_MAX : pages * PAGE_BYTES;

		memmap_add(map, load_u64(d + EFI_DESCRIPTOR_START), bytes,
			   efi_type_to_memmap(load_u32(d), load_u64(d + EFI_DESCRIPTOR_ATTRIBUTES),
					      efi->boot_services_active));
	}
}

enum status boot_info_finish(struct boot_info *out, const char **why)
{
	memmap_normalise(&out->map);
	if (!out->map.count) {
		*why = "the loader passed no memory map";
		return E_NODATA;
	}
	if (!memmap_ram_bytes(&out->map)) {
		*why = "the loader's memory map has no RAM";
		return E_NODATA;
	}
	return OK;
}
