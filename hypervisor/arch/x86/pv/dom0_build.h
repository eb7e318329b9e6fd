#pragma once
/* Domain 0 from what the loader brought; see dom0_build.c. */
#include <hyp/boot/boot_info.h>
#include <hyp/boot/cmdline.h>
#include <hyp/boot/text.h>
#include <hyp/types.h>

struct dom0_image {
	const void *kernel; /* an ELF file, mapped */
	uint64_t kernel_bytes;
	const void *ramdisk; /* mapped; NULL: none */
	uint64_t ramdisk_bytes;
	struct text command_line;
	const struct boot_screen *screen;
	bool efi; /* the screen is EFI's */
};

/* Creates domain 0 and makes its vCPU 0 runnable. Stops the machine with the reason if that cannot be. */
void dom0_build(const struct dom0_image *image, const struct boot_options *options);
