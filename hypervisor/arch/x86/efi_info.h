#pragma once
/* What EFI left in memory, for domain 0: it is started without a boot protocol that would tell it. See efi_info.c. */
#include <hyp/abi.h>
#include <hyp/boot/boot_info.h>
#include <hyp/types.h>

/* While the loader's memory is still as it was. Without it, or on a BIOS machine, there is no EFI. */
void efi_info_keep(const struct boot_efi *efi);
bool efi_is_there(void);

/* The functions below need efi_is_there(). Any CPU, interrupts off. */
uint32_t efi_version(void);
uint32_t efi_runtime_version(void);
/* Machine address and number of the configuration tables. */
uint64_t efi_config_table(uint32_t *count);
uint32_t efi_firmware_revision(void);
/* The firmware's maker, UCS-2, ends with 0. */
#define EFI_VENDOR_MAX 100u
const uint16_t *efi_vendor(void);

struct efi_memory {
	uint64_t start, bytes, attributes;
	uint32_t type;
};
/* The entry of the memory map that `address` lies in; false if there is none. */
bool efi_memory_find(uint64_t address, struct efi_memory *memory);
