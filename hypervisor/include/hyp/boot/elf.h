#pragma once
/* Kernels as 64-bit ELF files in memory. See boot/elf.c. */
#include <hyp/boot/bytes.h>
#include <hyp/boot/text.h>
#include <hyp/types.h>

#define ELF_SEGMENT_MAX 32

/* What is loaded: `file_bytes` from the file, zeros up to `memory_bytes`. */
struct elf_segment {
	uint64_t offset;
	uint64_t file_bytes, memory_bytes;
	uint64_t paddr, vaddr;
	uint32_t flags;
};

/* A checked file: what elf_check filled in is within the file, and no sum overflows. Borrows the file. */
struct elf_image {
	struct bytes file;
	uint64_t entry;
	/* The segments that take memory, by physical address, not overlapping; at least one. */
	struct elf_segment segment[ELF_SEGMENT_MAX];
	unsigned int segment_count;
	uint64_t paddr_start, paddr_end;
	/* The tables, for notes and sections. */
	uint64_t program_offset, section_offset;
	unsigned int program_count, section_count;
	struct bytes section_names;
};

struct elf_note {
	struct text owner;
	uint32_t type;
	struct bytes value;
};

/* Where a walk over all notes stands; all zero is the start. */
struct elf_note_walk {
	unsigned int area; /* program headers first, then sections */
	uint64_t offset;
};

/* E_NOEXEC: not a file that we can load, with the reason in *why (a constant text). */
enum status elf_check(const void *file, uint64_t bytes, struct elf_image *out, const char **why);
/* The notes of PT_NOTE segments, then those of SHT_NOTE sections; a broken note ends its area. False at the end. */
bool elf_note_next(const struct elf_image *image, struct elf_note_walk *walk, struct elf_note *out);
/* The contents of the section of that name; false if there is none. */
bool elf_find_section(const struct elf_image *image, const char *name, struct bytes *out);
