#pragma once
/* The multiboot protocols, versions 1 and 2: from the loader's structures to struct boot_info. */
#include <hyp/boot/boot_info.h>
#include <hyp/boot/boot_memory.h>

/* What the loader leaves in eax; ebx is `info`. */
#define MULTIBOOT1_LOADER_MAGIC 0x2badb002u
#define MULTIBOOT2_LOADER_MAGIC 0x36d76289u

/* Each writes all of `out`, and on a refusal says in *why what is wrong (a constant text; `out` is then unspecified).
   E_FAULT: something that must be there cannot be read. E_INVAL: it contradicts itself. E_NODATA: no memory map, or
   none with RAM. E_TOOBIG: more than there is room for. */
enum status multiboot_parse(uint32_t magic, const struct boot_memory *memory, paddr_t info, struct boot_info *out,
			    const char **why);
enum status multiboot1_parse(const struct boot_memory *memory, paddr_t info, struct boot_info *out, const char **why);
enum status multiboot2_parse(const struct boot_memory *memory, paddr_t info, struct boot_info *out, const char **why);
