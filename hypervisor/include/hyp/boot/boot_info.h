#pragma once
/*
 * What the loader hands over, in one form for every boot protocol.
 *
 * Texts and the EFI memory map are borrowed from memory that the loader filled and that the map calls RAM: use or
 * copy them before memory is given out, and reserve what the modules occupy. The struct is large: not for a stack.
 */
#include <hyp/boot/memmap.h>
#include <hyp/boot/text.h>
#include <hyp/types.h>

#define BOOT_MODULE_MAX 16

struct boot_module {
	paddr_t start;
	uint64_t bytes;
	struct text command_line;
};

enum boot_screen_kind { BOOT_SCREEN_NONE, BOOT_SCREEN_TEXT, BOOT_SCREEN_GRAPHICS };

struct boot_colour {
	uint8_t position, bits;
};

struct boot_screen {
	enum boot_screen_kind kind;
	paddr_t start;
	uint32_t bytes_per_line;
	uint32_t width, height; /* pixels, or characters in text mode */
	uint8_t bits_per_pixel;
	struct boot_colour red, green, blue, reserved;
	/* From the VESA BIOS, if has_vbe. */
	bool has_vbe;
	uint32_t vbe_capabilities;
	uint16_t vbe_mode_attributes;
	uint32_t vbe_memory_bytes;
};

struct boot_efi {
	uint64_t system_table; /* 0: not started by 64-bit EFI */
	uint64_t image_handle;
	bool boot_services_active;
	/* The memory map as EFI gave it; NULL if the loader passed none. */
	const uint8_t *map;
	uint32_t map_bytes;
	uint32_t descriptor_bytes, descriptor_version;
};

struct boot_info {
	struct text loader;	  /* may be empty */
	struct text command_line; /* may be empty */
	struct memmap map;	  /* normalised, and has RAM */
	struct boot_module module[BOOT_MODULE_MAX];
	unsigned int module_count;
	struct boot_screen screen;
	/* A copy of ACPI's root pointer, not checked; 0 bytes if the loader gave none. */
	uint8_t rsdp[36];
	unsigned int rsdp_bytes;
	struct boot_efi efi;
};

/* The parts that several protocols share. */
/* The words of a command line, the hypervisor's or a module's: all loaders but GRUB 2 put the file's name in front of them. */
struct text boot_info_words(const struct boot_info *info, struct text command_line);
/* Domain 0's command line, copied: the words of the first module's, then `more`, what the hypervisor's own has behind " -- ".
   What does not fit is cut off; always ends with NUL; `size` is not 0. */
void boot_info_domain0_line(const struct boot_info *info, struct text more, char *line, size_t size);
/* The highest page below 1 MiB that other CPUs may start from: RAM that no module lies in. 0: there is none. The loader's own
   blocks do not count: they have been read by then. */
paddr_t boot_info_find_trampoline(const struct boot_info *info);
enum status boot_info_add_module(struct boot_info *out, paddr_t start, paddr_t end, struct text command_line,
				 const char **why);
/* Fills the screen from VESA's blocks (512 and 256 bytes); leaves start, size and colours alone if they are known. */
void boot_screen_from_vbe(struct boot_screen *screen, const uint8_t *control, const uint8_t *mode);
/* Fills the screen from the framebuffer part that multiboot 1 and 2 share; `colours` are
   the six bytes of positions and sizes, used for a graphics mode only. */
void boot_screen_from_framebuffer(struct boot_screen *screen, const uint8_t *framebuffer, const uint8_t *colours);
/* Adds the descriptors of the EFI map, converted to the types of E820, to the map. */
void boot_efi_map_add(const struct boot_efi *efi, struct memmap *map);
/* Normalises the map; E_NODATA if it has no RAM. The last step of each protocol. */
enum status boot_info_finish(struct boot_info *out, const char **why);
