/*
 * Kernels as 64-bit ELF files (System V ABI, chapters 4 and 5).
 *
 * elf_check asks every question once; what it stores may be used without asking again:
 *  I1  segments, section names and tables lie within the file;
 *  I2  segments are sorted by physical address, take memory, and do not overlap; no end overflows;
 *  I3  the file's part of a segment is not larger than its memory.
 * What the tables say beyond that (where notes and sections lie) is checked when they are walked.
 *
 * The program headers of a Linux kernel are in no order of virtual addresses (the per-CPU segment is at 0), and its
 * entry point is not the one for a paravirtual start: nothing here interprets addresses, boot/xen_notes.c does.
 */
#include <hyp/boot/elf.h>
#include <hyp/string.h>

#define HEADER_BYTES 64
enum {
	HEADER_CLASS = 4,
	HEADER_DATA = 5,
	HEADER_IDENT_VERSION = 6,
	HEADER_TYPE = 16,
	HEADER_MACHINE = 18,
	HEADER_VERSION = 20,
	HEADER_ENTRY = 24,
	HEADER_PROGRAM_OFFSET = 32,
	HEADER_SECTION_OFFSET = 40,
	HEADER_SIZE = 52,
	HEADER_PROGRAM_BYTES = 54,
	HEADER_PROGRAM_COUNT = 56,
	HEADER_SECTION_BYTES = 58,
	HEADER_SECTION_COUNT = 60,
	HEADER_NAMES_INDEX = 62,
};
#define CLASS_32 1
#define CLASS_64 2
#define DATA_LITTLE_ENDIAN 1
#define VERSION_CURRENT 1
#define TYPE_EXECUTABLE 2
#define TYPE_SHARED 3
#define MACHINE_X86_64 62

#define PROGRAM_BYTES 56
#define PROGRAM_COUNT_MAX 1024
#define PROGRAM_LOAD 1
#define PROGRAM_NOTE 4

#define SECTION_BYTES 64
#define SECTION_NOTE 7
#define SECTION_NO_BITS 8

#define NOTE_HEADER_BYTES 12
#define NOTE_ALIGN 4

static enum status refuse(const char **why, const char *reason)
{
	*why = reason;
	return E_NOEXEC;
}

/* Files that people do pass by mistake get told apart. */
static const char *foreign_file(struct bytes file)
{
	const uint8_t *p = bytes_at(file, 0x202, 4);

	if (p && memcmp(p, "HdrS", 4) == 0)
		return "the kernel is a compressed bzImage: unpack it to its ELF file first";
	p = bytes_at(file, 0, 3);
	if (p && p[0] == 0x1f && p[1] == 0x8b)
		return "the kernel is compressed with gzip: unpack it first";
	if (p && memcmp(p, "\xfd\x37\x7a", 3) == 0)
		return "the kernel is compressed with xz: unpack it first";
	return "the kernel is not an ELF file";
}

static enum status header_check(struct bytes file, const char **why)
{
	const uint8_t *h = bytes_at(file, 0, HEADER_BYTES);

	if (file.count < 4 || memcmp(file.data, "\x7f" "ELF", 4) != 0)
		return refuse(why, foreign_file(file));
	if (!h)
		return refuse(why, "the ELF file is shorter than its header");
	if (h[HEADER_CLASS] == CLASS_32)
		return refuse(why, "the kernel is a 32-bit ELF file: only 64-bit kernels can be started");
	if (h[HEADER_CLASS] != CLASS_64)
		return refuse(why, "the ELF file is of an unknown class");
	if (h[HEADER_DATA] != DATA_LITTLE_ENDIAN)
		return refuse(why, "the ELF file is not little-endian");
	if (h[HEADER_IDENT_VERSION] != VERSION_CURRENT || load_u32(h + HEADER_VERSION) != VERSION_CURRENT)
		return refuse(why, "the ELF file is of an unknown version");
	if (load_u16(h + HEADER_MACHINE) != MACHINE_X86_64)
		return refuse(why, "the ELF file is for another machine than x86-64");
	if (load_u16(h + HEADER_TYPE) != TYPE_EXECUTABLE && load_u16(h + HEADER_TYPE) != TYPE_SHARED)
		return refuse(why, "the ELF file is not an executable");
	if (load_u16(h + HEADER_SIZE) < HEADER_BYTES)
		return refuse(why, "the ELF header gives itself a bad size");
	return OK;
}

static enum status tables_check(struct elf_image *image, const char **why)
{
	const uint8_t *h = image->file.data;

	image->entry = load_u64(h + HEADER_ENTRY);
	image->program_offset = load_u64(h + HEADER_PROGRAM_OFFSET);
	image->program_count = load_u16(h + HEADER_PROGRAM_COUNT);
	image->section_offset = load_u64(h + HEADER_SECTION_OFFSET);
	image->section_count = image->section_offset ? load_u16(h + HEADER_SECTION_COUNT) : 0;

	if (!image->program_count)
		return refuse(why, "the ELF file has no program headers");
	if (load_u16(h + HEADER_PROGRAM_BYTES) != PROGRAM_BYTES)
		return refuse(why, "the ELF program headers are of a bad size");
	if (image->program_count > PROGRAM_COUNT_MAX)
		return refuse(why, "the ELF file has too many program headers");
	if (!bytes_at(image->file, image->program_offset, (uint64_t)image->program_count * PROGRAM_BYTES))
		return refuse(why, "the ELF program headers lie outside the file");
	if (image->section_count && load_u16(h + HEADER_SECTION_BYTES) != SECTION_BYTES)
		return refuse(why, "the ELF section headers are of a bad size");
	if (!bytes_at(image->file, image->section_offset, (uint64_t)image->section_count * SECTION_BYTES))
		return refuse(why, "the ELF section headers lie outside the file: is it cut short?");
	return OK;
}

static const uint8_t *program_header(const struct elf_image *image, unsigned int i)
{
	return image->file.data + image->program_offset + (uint64_t)i * PROGRAM_BYTES;
}

static const uint8_t *section_header(const struct elf_image *image, unsigned int i)
{
	return image->file.data + image->section_offset + (uint64_t)i * SECTION_BYTES;
}

static enum status segment_check(const struct elf_image *image, const struct elf_segment *segment, const char **why)
{
	uint64_t end;

	if (segment->file_bytes > segment->memory_bytes)
		return refuse(why, "an ELF segment has more bytes in the file than in memory");
	if (!bytes_at(image->file, segment->offset, segment->file_bytes))
		return refuse(why, "an ELF segment lies outside the file: is it cut short?");
	if (__builtin_add_overflow(segment->paddr, segment->memory_bytes, &end))
		return refuse(why, "an ELF segment wraps around the end of memory");
	if (image->segment_count == ELF_SEGMENT_MAX)
		return refuse(why, "the ELF file has too many segments to load");
	return OK;
}

static void segment_insert(struct elf_image *image, const struct elf_segment *segment)
{
	unsigned int i = image->segment_count++;

	for (; i && image->segment[i - 1].paddr > segment->paddr; i--)
		image->segment[i] = image->segment[i - 1];
	image->segment[i] = *segment;
}

static enum status segments_check(struct elf_image *image, const char **why)
{
	for (unsigned int i = 0; i < image->program_count; i++) {
		const uint8_t *p = program_header(image, i);
		struct elf_segment segment = {
			.flags = load_u32(p + 4),
			.offset = load_u64(p + 8),
			.vaddr = load_u64(p + 16),
			.paddr = load_u64(p + 24),
			.file_bytes = load_u64(p + 32),
			.memory_bytes = load_u64(p + 40),
		};
		enum status s;

		if (load_u32(p) != PROGRAM_LOAD || !(segment.memory_bytes || segment.file_bytes))
			continue;
		if (!segment.file_bytes)
			segment.offset = 0; /* means nothing, and could point anywhere */
		s = segment_check(image, &segment, why);
		if (s)
			return s;
		segment_insert(image, &segment);
	}
	if (!image->segment_count)
		return refuse(why, "the ELF file has nothing to load");
	for (unsigned int i = 1; i < image->segment_count; i++) {
		const struct elf_segment *before = &image->segment[i - 1];

		if (before->paddr + before->memory_bytes > image->segment[i].paddr)
			return refuse(why, "two ELF segments overlap in memory");
	}
	return OK;
}

/* The names are a help, not a need: a file without them, or with broken ones, has no section that can be found. */
static void section_names_find(struct elf_image *image)
{
	unsigned int i = load_u16(image->file.data + HEADER_NAMES_INDEX);
	const uint8_t *s;

	if (i >= image->section_count)
		return;
	s = section_header(image, i);
	if (!bytes_at(image->file, load_u64(s + 24), load_u64(s + 32)))
		return;
	image->section_names = (struct bytes){image->file.data + load_u64(s + 24), load_u64(s + 32)};
}

enum status elf_check(const void *file, uint64_t bytes, struct elf_image *out, const char **why)
{
	const struct elf_segment *last;
	enum status s;

	memset(out, 0, sizeof(*out));
	out->file = (struct bytes){file, bytes};
	s = header_check(out->file, why);
	if (!s)
		s = tables_check(out, why);
	if (!s)
		s = segments_check(out, why);
	if (s)
		return s;
	last = &out->segment[out->segment_count - 1];
	out->paddr_start = out->segment[0].paddr;
	out->paddr_end = last->paddr + last->memory_bytes;
	section_names_find(out);
	return OK;
}

/* The i-th area that may hold notes; no bytes if that header is for something else. */
static struct bytes note_area(const struct elf_image *image, unsigned int i)
{
	uint64_t offset, count;
	uint32_t type;
	bool section = i >= image->program_count;
	const uint8_t *h = section ? section_header(image, i - image->program_count) : program_header(image, i);

	type = load_u32(h + (section ? 4 : 0));
	offset = load_u64(h + (section ? 24 : 8));
	count = load_u64(h + 32); /* the size in the file, for both */
	if (type != (section ? SECTION_NOTE : PROGRAM_NOTE) || !bytes_at(image->file, offset, count))
		return (struct bytes){image->file.data, 0};
	return (struct bytes){image->file.data + offset, count};
}

/* Reads the note at *offset and steps over it. */
static bool note_read(struct bytes area, uint64_t *offset, struct elf_note *out)
{
	const uint8_t *header = bytes_at(area, *offset, NOTE_HEADER_BYTES), *name, *value;
	uint64_t name_bytes, value_bytes, at = *offset + NOTE_HEADER_BYTES;

	if (!header)
		return false;
	name_bytes = load_u32(header);
	value_bytes = load_u32(header + 4);
	name = bytes_at(area, at, name_bytes);
	at += ROUND_UP(name_bytes, NOTE_ALIGN);
	value = bytes_at(area, at, value_bytes);
	if (!name || !value)
		return false;
	*out = (struct elf_note){text_of(name, name_bytes), load_u32(header + 8), {value, value_bytes}};
	*offset = at + ROUND_UP(value_bytes, NOTE_ALIGN);
	return true;
}

bool elf_note_next(const struct elf_image *image, struct elf_note_walk *walk, struct elf_note *out)
{
	for (; walk->area < image->program_count + image->section_count; walk->area++, walk->offset = 0)
		if (note_read(note_area(image, walk->area), &walk->offset, out))
			return true;
	return false;
}

bool elf_find_section(const struct elf_image *image, const char *name, struct bytes *out)
{
	for (unsigned int i = 0; i < image->section_count; i++) {
		const uint8_t *s = section_header(image, i);
		uint64_t at = load_u32(s), offset = load_u64(s + 24), count = load_u64(s + 32);

		if (at >= image->section_names.count || load_u32(s + 4) == SECTION_NO_BITS ||
		    !bytes_at(image->file, offset, count))
			continue;
		if (text_equal(text_of(image->section_names.data + at, image->section_names.count - at), name)) {
			*out = (struct bytes){image->file.data + offset, count};
			return true;
		}
	}
	return false;
}
