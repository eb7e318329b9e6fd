/* Kernel files and their notes: any bytes. What was accepted is read to its last byte. */
#include <stdlib.h>
#include <string.h>

#include <hyp/boot/xen_notes.h>

static volatile unsigned int sink;

static void touch(const void *data, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		sink += ((const uint8_t *)data)[i];
}

static void refused_has_reason(enum status s, const char *why)
{
	if (s && (!why || !*why))
		abort();
}

static void notes_walk(const struct elf_image *image)
{
	struct elf_note_walk walk = {0};
	struct elf_note note;

	while (elf_note_next(image, &walk, &note)) {
		touch(note.owner.at, note.owner.bytes);
		touch(note.value.data, note.value.count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image image;
	struct xen_notes notes;
	struct xen_kernel_layout layout;
	struct bytes section;
	const char *why = NULL;
	enum status s = elf_check(data, size, &image, &why);

	refused_has_reason(s, why);
	if (s)
		return 0;
	for (unsigned int i = 0; i < image.segment_count; i++) {
		const struct elf_segment *segment = &image.segment[i];

		touch(data + segment->offset, segment->file_bytes);
		if (i && segment[-1].paddr + segment[-1].memory_bytes > segment->paddr)
			abort();
	}
	notes_walk(&image);
	if (elf_find_section(&image, ".text", &section))
		touch(section.data, section.count);
	s = xen_notes_parse(&image, &notes, &why);
	refused_has_reason(s, why);
	if (s)
		return 0;
	why = NULL;
	refused_has_reason(xen_notes_check_dom0(&notes, &why), why);
	why = NULL;
	s = xen_kernel_layout(&image, &notes, &layout, &why);
	refused_has_reason(s, why);
	if (!s && (layout.start >= layout.end || layout.entry < layout.start || layout.entry >= layout.end))
		abort();
	return 0;
}
