/*
 * Kernels as ELF files, and what their Xen notes say. The file of the tests is small but has what Debian's kernel has:
 * a per-CPU segment at virtual address 0, an entry point that is not ours, and all its notes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hyp/abi.h>
#include <hyp/boot/xen_notes.h>

enum { PROGRAMS = 64, TEXT_AT = 0x200, NOTES_AT = 0x300, SECTIONS_AT = 0x800, NAMES_AT = 0xa00, FILE_BYTES = 0xb00 };
enum { HEADER_PROGRAM_COUNT = 56, HEADER_SECTION_COUNT = 60 };

static uint8_t file[FILE_BYTES];
static unsigned int notes_bytes;
static struct elf_image image;
static struct xen_notes notes;
static struct xen_kernel_layout layout;
static const char *why;

static void put16(unsigned int at, uint16_t v) { memcpy(file + at, &v, sizeof(v)); }
static void put32(unsigned int at, uint32_t v) { memcpy(file + at, &v, sizeof(v)); }
static void put64(unsigned int at, uint64_t v) { memcpy(file + at, &v, sizeof(v)); }

enum { P_TYPE = 0, P_OFFSET = 8, P_VADDR = 16, P_PADDR = 24, P_FILE_BYTES = 32, P_MEMORY_BYTES = 40 };
static unsigned int program(unsigned int i) { return PROGRAMS + 56 * i; }

static void program_set(unsigned int i, uint32_t type, uint64_t offset, uint64_t vaddr, uint64_t paddr,
			uint64_t file_bytes, uint64_t memory_bytes)
{
	put32(program(i) + P_TYPE, type);
	put64(program(i) + P_OFFSET, offset);
	put64(program(i) + P_VADDR, vaddr);
	put64(program(i) + P_PADDR, paddr);
	put64(program(i) + P_FILE_BYTES, file_bytes);
	put64(program(i) + P_MEMORY_BYTES, memory_bytes);
}

enum { S_TYPE = 4, S_OFFSET = 24, S_BYTES = 32 };
static unsigned int section(unsigned int i) { return SECTIONS_AT + 64 * i; }

static void section_set(unsigned int i, uint32_t name, uint32_t type, uint64_t offset, uint64_t bytes)
{
	put32(section(i), name);
	put32(section(i) + S_TYPE, type);
	put64(section(i) + S_OFFSET, offset);
	put64(section(i) + S_BYTES, bytes);
}

static void note_bytes(const char *owner, uint32_t type, const void *value, uint32_t bytes)
{
	unsigned int at = NOTES_AT + notes_bytes, name = (unsigned int)strlen(owner) + 1;

	put32(at, name);
	put32(at + 4, bytes);
	put32(at + 8, type);
	memcpy(file + at + 12, owner, name);
	memcpy(file + at + 12 + ROUND_UP(name, 4), value, bytes);
	notes_bytes += 12 + ROUND_UP(name, 4) + ROUND_UP(bytes, 4);
	put64(program(2) + P_FILE_BYTES, notes_bytes);
	put64(section(2) + S_BYTES, notes_bytes);
}
static void note_text(uint32_t type, const char *v) { note_bytes("Xen", type, v, (uint32_t)strlen(v) + 1); }
static void note_u64(uint32_t type, uint64_t v) { note_bytes("Xen", type, &v, sizeof(v)); }
static void note_u32(uint32_t type, uint32_t v) { note_bytes("Xen", type, &v, sizeof(v)); }

#define KERNEL_START 0xffffffff81000000

static void file_without_notes(void)
{
	static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
	static const char names[] = "\0.text\0.notes\0__xen_guest";

	memset(file, 0, sizeof(file));
	memcpy(file, ident, sizeof(ident));
	put16(16, 2);
	put16(18, 62);
	put32(20, 1);
	put64(24, 0x1000000);
	put64(32, PROGRAMS);
	put64(40, SECTIONS_AT);
	put16(52, 64);
	put16(54, 56);
	put16(HEADER_PROGRAM_COUNT, 4);
	put16(58, 64);
	put16(HEADER_SECTION_COUNT, 4);
	put16(62, 3);
	program_set(0, 1, TEXT_AT, KERNEL_START, 0x1000000, 0x80, 0x2000);
	program_set(1, 1, TEXT_AT + 0x80, 0, 0x1003000, 0x40, 0x1000);
	program_set(2, 4, NOTES_AT, 0, 0, 0, 0);
	program_set(3, 1, 0, 0, 0, 0, 0);
	section_set(1, 1, 1, TEXT_AT, 0x80);
	section_set(2, 7, 7, NOTES_AT, 0);
	section_set(3, 0, 3, NAMES_AT, sizeof(names));
	memcpy(file + NAMES_AT, names, sizeof(names));
	notes_bytes = 0;
}

/* The notes of Debian 12's kernel, without those that a test wants to be different: 0 leaves out none. */
static void file_with_notes_but(uint32_t left_out)
{
	static const uint64_t l1_valid[2] = {1, 1};

	file_without_notes();
	note_bytes("GNU", 3, "build", 5);
#define UNLESS_LEFT_OUT(kind, type, value) (left_out == (type) ? (void)0 : note_##kind(type, value))
	UNLESS_LEFT_OUT(text, XEN_ELFNOTE_GUEST_OS, "linux");
	UNLESS_LEFT_OUT(text, XEN_ELFNOTE_GUEST_VERSION, "2.6");
	UNLESS_LEFT_OUT(text, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	UNLESS_LEFT_OUT(u64, XEN_ELFNOTE_VIRT_BASE, 0xffffffff80000000);
	UNLESS_LEFT_OUT(u64, XEN_ELFNOTE_INIT_P2M, 0x8000000000);
	UNLESS_LEFT_OUT(u64, XEN_ELFNOTE_ENTRY, KERNEL_START + 0x1c0);
	UNLESS_LEFT_OUT(text, XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb");
	UNLESS_LEFT_OUT(u32, XEN_ELFNOTE_SUPPORTED_FEATURES, 0x8801);
	UNLESS_LEFT_OUT(text, XEN_ELFNOTE_PAE_MODE, "yes");
	UNLESS_LEFT_OUT(text, XEN_ELFNOTE_LOADER, "generic");
	note_bytes("Xen", XEN_ELFNOTE_L1_MFN_VALID, l1_valid, sizeof(l1_valid));
	UNLESS_LEFT_OUT(u32, XEN_ELFNOTE_SUSPEND_CANCEL, 1);
	UNLESS_LEFT_OUT(u32, XEN_ELFNOTE_MOD_START_PFN, 1);
	UNLESS_LEFT_OUT(u64, XEN_ELFNOTE_HV_START_LOW, 0xffff800000000000);
	UNLESS_LEFT_OUT(u64, XEN_ELFNOTE_PADDR_OFFSET, 0);
	UNLESS_LEFT_OUT(u64, XEN_ELFNOTE_PHYS32_ENTRY, 0x1000850);
}

/* Checks a copy that ends where the file ends, for the sanitizer. It lives until the next one. */
static enum status check_bytes(const void *data, size_t bytes)
{
	static void *copy;

	free(copy);
	copy = malloc(bytes ? bytes : 1);
	memcpy(copy, data, bytes);
	why = "";
	return elf_check(copy, bytes, &image, &why);
}

static enum status check(void) { return check_bytes(file, sizeof(file)); }

static void is_refused(const char *reason)
{
	assert_int_equal(check(), E_NOEXEC);
	assert_non_null(strstr(why, reason));
}

static enum status notes_parse(void)
{
	assert_int_equal(check(), OK);
	return xen_notes_parse(&image, &notes, &why);
}

static void dom0_is_refused(enum status s, const char *reason)
{
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_notes_check_dom0(&notes, &why), s);
	assert_non_null(strstr(why, reason));
}

static void layout_is_refused(const char *reason)
{
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_kernel_layout(&image, &notes, &layout, &why), E_NOEXEC);
	assert_non_null(strstr(why, reason));
}

/* ---- The file. ---- */

static void segments_come_by_physical_address(void **)
{
	file_with_notes_but(0);
	program_set(3, 1, TEXT_AT, 0, 0xf00000, 0x10, 0x1000);
	assert_int_equal(check(), OK);
	assert_int_equal(image.entry, 0x1000000);
	assert_int_equal(image.segment_count, 3);
	assert_int_equal(image.segment[0].paddr, 0xf00000);
	assert_int_equal(image.segment[1].paddr, 0x1000000);
	assert_int_equal(image.segment[1].file_bytes, 0x80);
	assert_int_equal(image.segment[1].memory_bytes, 0x2000);
	assert_int_equal(image.segment[2].paddr, 0x1003000);
	assert_int_equal(image.paddr_start, 0xf00000);
	assert_int_equal(image.paddr_end, 0x1004000);
}

static void section_is_found_by_its_name(void **)
{
	struct bytes found;

	file_with_notes_but(0);
	assert_int_equal(check(), OK);
	assert_true(elf_find_section(&image, ".text", &found));
	assert_int_equal(found.count, 0x80);
	assert_false(elf_find_section(&image, ".tex", &found));
	assert_false(elf_find_section(&image, ".bss", &found));
}

static void file_without_sections_is_fine(void **)
{
	struct bytes found;

	file_with_notes_but(0);
	put64(40, 0);
	assert_int_equal(notes_parse(), OK);
	assert_true(notes.has_entry);
	assert_false(elf_find_section(&image, ".text", &found));
}

static void compressed_kernels_are_told_apart(void **)
{
	memset(file, 0, sizeof(file));
	is_refused("not an ELF file");
	memcpy(file + 0x202, "HdrS", 4);
	is_refused("bzImage");
	memset(file, 0, sizeof(file));
	memcpy(file, "\x1f\x8b\x08", 3);
	is_refused("gzip");
	memcpy(file, "\xfd\x37\x7a\x58\x5a", 6);
	is_refused("xz");
	assert_int_equal(check_bytes(file, 0), E_NOEXEC);
	assert_int_equal(check_bytes("\x7f" "ELF", 4), E_NOEXEC);
	assert_non_null(strstr(why, "shorter than its header"));
}

static void file_cut_short_anywhere_is_refused(void **)
{
	file_with_notes_but(0);
	for (size_t bytes = 0; bytes < SECTIONS_AT + 4 * 64; bytes++)
		assert_int_equal(check_bytes(file, bytes), E_NOEXEC);
}

#define REFUSED_WITH(put, at, value, reason)                                                                           \
	do {                                                                                                           \
		file_with_notes_but(0);                                                                                \
		put(at, value);                                                                                        \
		is_refused(reason);                                                                                    \
	} while (0)

static void put8(unsigned int at, uint8_t v) { file[at] = v; }

static void headers_that_are_not_ours_are_refused(void **)
{
	REFUSED_WITH(put8, 4, 1, "32-bit");
	REFUSED_WITH(put8, 4, 3, "unknown class");
	REFUSED_WITH(put8, 5, 2, "little-endian");
	REFUSED_WITH(put8, 6, 0, "unknown version");
	REFUSED_WITH(put32, 20, 2, "unknown version");
	REFUSED_WITH(put16, 18, 183, "another machine");
	REFUSED_WITH(put16, 16, 1, "not an executable");
	REFUSED_WITH(put16, 52, 52, "header gives itself a bad size");
}

static void tables_outside_the_file_are_refused(void **)
{
	REFUSED_WITH(put16, HEADER_PROGRAM_COUNT, 0, "no program headers");
	REFUSED_WITH(put16, HEADER_PROGRAM_COUNT, 0xffff, "too many program headers");
	REFUSED_WITH(put16, 54, 32, "program headers are of a bad size");
	REFUSED_WITH(put64, 32, FILE_BYTES, "program headers lie outside");
	REFUSED_WITH(put64, 32, UINT64_MAX - 8, "program headers lie outside");
	REFUSED_WITH(put16, 58, 40, "section headers are of a bad size");
	REFUSED_WITH(put16, HEADER_SECTION_COUNT, 0xffff, "section headers lie outside");
	REFUSED_WITH(put64, 40, UINT64_MAX - 8, "section headers lie outside");
}

static void bad_segments_are_refused(void **)
{
	REFUSED_WITH(put64, program(0) + P_MEMORY_BYTES, 0x7f, "more bytes in the file");
	REFUSED_WITH(put64, program(0) + P_OFFSET, FILE_BYTES, "segment lies outside");
	REFUSED_WITH(put64, program(0) + P_OFFSET, UINT64_MAX - 8, "segment lies outside");
	REFUSED_WITH(put64, program(0) + P_PADDR, UINT64_MAX - 0xfff, "wraps around");
	REFUSED_WITH(put64, program(1) + P_PADDR, 0x1001fff, "overlap");
	file_with_notes_but(0);
	put32(program(0) + P_TYPE, 6);
	put32(program(1) + P_TYPE, 6);
	is_refused("nothing to load");
}

static void more_segments_than_there_is_room_for_are_refused(void **)
{
	memset(file + PROGRAMS, 0, sizeof(file) - PROGRAMS);
	file_without_notes();
	put64(40, 0);
	put16(HEADER_PROGRAM_COUNT, ELF_SEGMENT_MAX + 1);
	for (unsigned int i = 0; i <= ELF_SEGMENT_MAX; i++)
		program_set(i, 1, 0, 0, i * 0x1000, 0, 0x1000);
	is_refused("too many segments");
}

/* Found by the fuzzer: what has no bytes in the file may claim to lie anywhere. */
static void segment_of_zeros_has_no_place_in_the_file(void **)
{
	file_with_notes_but(0);
	put64(program(1) + P_FILE_BYTES, 0);
	put64(program(1) + P_OFFSET, UINT64_MAX - 8);
	assert_int_equal(check(), OK);
	assert_int_equal(image.segment[1].offset, 0);
}

/* ---- The notes. ---- */

static void debian_kernel_is_understood(void **)
{
	file_with_notes_but(0);
	assert_int_equal(notes_parse(), OK);
	assert_true(notes.present);
	assert_false(notes.legacy);
	assert_int_equal(notes.entry, KERNEL_START + 0x1c0);
	assert_int_equal(notes.virt_base, 0xffffffff80000000);
	assert_int_equal(notes.init_p2m, 0x8000000000);
	assert_int_equal(notes.hv_start_low, 0xffff800000000000);
	assert_int_equal(notes.phys32_entry, 0x1000850);
	assert_true(notes.has_paddr_offset && notes.has_init_p2m && notes.has_l1_mfn_valid);
	assert_false(notes.has_hypercall_page);
	assert_int_equal(notes.l1_mfn_valid_mask, 1);
	assert_int_equal(notes.l1_mfn_valid_value, 1);
	assert_true(notes.suspend_cancel && notes.mod_start_pfn);
	assert_string_equal(notes.loader, "generic");
	assert_string_equal(notes.guest_os, "linux");
	assert_string_equal(notes.guest_version, "2.6");
	assert_string_equal(notes.pae_mode, "yes");
	assert_int_equal(notes.features_required, BIT(XENFEAT_writable_page_tables));
	assert_int_equal(notes.features_supported, 0x8801 | BIT(XENFEAT_pae_pgdir_above_4gb));
	assert_int_equal(xen_notes_check_dom0(&notes, &why), OK);
}

static void kernel_lies_where_physical_addresses_say(void **)
{
	file_with_notes_but(0);
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_kernel_layout(&image, &notes, &layout, &why), OK);
	assert_int_equal(layout.start, KERNEL_START);
	assert_int_equal(layout.end, KERNEL_START + 0x4000);
	assert_int_equal(layout.paddr_start, 0x1000000);
	assert_int_equal(layout.entry, KERNEL_START + 0x1c0);
	assert_int_equal(xen_segment_vaddr(&notes, &image.segment[1]), KERNEL_START + 0x3000);
}

static void paddr_offset_is_taken_off(void **)
{
	file_with_notes_but(XEN_ELFNOTE_PADDR_OFFSET);
	note_u64(XEN_ELFNOTE_PADDR_OFFSET, 0x400000);
	assert_int_equal(notes_parse(), OK);
	note_u64(XEN_ELFNOTE_ENTRY, KERNEL_START - 0x400000);
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_kernel_layout(&image, &notes, &layout, &why), OK);
	assert_int_equal(layout.start, KERNEL_START - 0x400000);
	assert_int_equal(layout.paddr_start, 0xc00000);
}

static void notes_are_found_in_sections_too(void **)
{
	file_with_notes_but(0);
	put32(program(2) + P_TYPE, 0);
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_notes_check_dom0(&notes, &why), OK);
}

static void number_may_have_four_bytes(void **)
{
	file_with_notes_but(XEN_ELFNOTE_ENTRY);
	note_u32(XEN_ELFNOTE_ENTRY, 0x81000000);
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(notes.entry, 0x81000000);
}

static void number_of_another_size_is_refused(void **)
{
	static const uint32_t numbers[] = {XEN_ELFNOTE_ENTRY, XEN_ELFNOTE_SUPPORTED_FEATURES, XEN_ELFNOTE_L1_MFN_VALID,
					   XEN_ELFNOTE_MOD_START_PFN};

	for (unsigned int i = 0; i < ARRAY_COUNT(numbers); i++) {
		file_with_notes_but(0);
		note_bytes("Xen", numbers[i], "abc", 3);
		assert_int_equal(notes_parse(), E_INVAL);
		assert_non_null(strstr(why, "bad size"));
	}
}

static void text_that_is_too_long_is_cut_off(void **)
{
	file_with_notes_but(XEN_ELFNOTE_LOADER);
	note_text(XEN_ELFNOTE_LOADER, "generic                                      and more");
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(strlen(notes.loader), sizeof(notes.loader) - 1);
	dom0_is_refused(E_NOEXEC, "LOADER");
}

static void note_that_runs_over_its_segment_ends_the_notes(void **)
{
	file_with_notes_but(0);
	put64(40, 0);
	put32(NOTES_AT + 4, 0xffffffff);
	assert_int_equal(notes_parse(), OK);
	assert_false(notes.present);
	file_with_notes_but(0);
	put64(40, 0);
	put64(program(2) + P_OFFSET, UINT64_MAX - 4);
	assert_int_equal(notes_parse(), OK);
	assert_false(notes.present);
}

static void kernel_without_xen_notes_is_refused(void **)
{
	file_without_notes();
	dom0_is_refused(E_NOEXEC, "no Xen notes");
	note_bytes("GNU", XEN_ELFNOTE_ENTRY, "12345678", 8);
	dom0_is_refused(E_NOEXEC, "no Xen notes");
}

static void kernel_with_the_legacy_section_only_is_refused(void **)
{
	file_without_notes();
	put32(section(1), 14);
	dom0_is_refused(E_OPNOTSUPP, "__xen_guest");
}

static void kernel_for_another_hypervisor_is_refused(void **)
{
	file_with_notes_but(XEN_ELFNOTE_XEN_VERSION);
	dom0_is_refused(E_NOEXEC, "XEN_VERSION");
	note_text(XEN_ELFNOTE_XEN_VERSION, "xen-3.1");
	dom0_is_refused(E_NOEXEC, "XEN_VERSION");
}

static void kernel_for_another_loader_is_refused(void **)
{
	file_with_notes_but(XEN_ELFNOTE_LOADER);
	note_text(XEN_ELFNOTE_LOADER, "special");
	dom0_is_refused(E_NOEXEC, "LOADER");
	file_with_notes_but(XEN_ELFNOTE_LOADER);
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_notes_check_dom0(&notes, &why), OK); /* Linux may leave it out */
	note_text(XEN_ELFNOTE_GUEST_OS, "other");
	dom0_is_refused(E_NOEXEC, "LOADER");
}

static void without_the_note_entry_it_is_the_headers(void **)
{
	file_with_notes_but(XEN_ELFNOTE_ENTRY);
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_notes_check_dom0(&notes, &why), OK);
	layout_is_refused("entry point");
	put64(24, KERNEL_START + 0x80);
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_kernel_layout(&image, &notes, &layout, &why), OK);
	assert_int_equal(layout.entry, KERNEL_START + 0x80);
}

static void kernel_that_says_only_where_physical_addresses_begin_is_refused(void **)
{
	file_with_notes_but(XEN_ELFNOTE_VIRT_BASE);
	dom0_is_refused(E_NOEXEC, "VIRT_BASE");
}

static void kernel_that_cannot_be_domain_0_is_refused(void **)
{
	file_with_notes_but(XEN_ELFNOTE_SUPPORTED_FEATURES);
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_notes_check_dom0(&notes, &why), OK); /* too old to say */
	note_u32(XEN_ELFNOTE_SUPPORTED_FEATURES, 0x8001);
	dom0_is_refused(E_OPNOTSUPP, "domain 0");
}

static void kernel_that_needs_what_we_lack_is_refused(void **)
{
	static const struct {
		const char *features, *reason;
	} rows[] = {
		{"!supervisor_mode_kernel", "ring 0"},
		{"dom0|!auto_translated_physmap|", "translated"},
		{"!hvm_callback_vector", "lacks"},
		{"!ARM_SMCCC_supported", "lacks"},
		{"!teleportation", "unknown"},
		{"!", "unknown"},
	};

	for (unsigned int i = 0; i < ARRAY_COUNT(rows); i++) {
		file_with_notes_but(XEN_ELFNOTE_FEATURES);
		note_text(XEN_ELFNOTE_FEATURES, rows[i].features);
		dom0_is_refused(E_OPNOTSUPP, rows[i].reason);
	}
}

static void feature_that_is_only_supported_is_no_reason(void **)
{
	file_with_notes_but(XEN_ELFNOTE_FEATURES);
	note_text(XEN_ELFNOTE_FEATURES, "supervisor_mode_kernel||teleportation|hvm_pirqs");
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(notes.features_required, 0);
	assert_int_equal(xen_notes_check_dom0(&notes, &why), OK);
}

static void kernel_that_wants_our_addresses_is_refused(void **)
{
	file_with_notes_but(XEN_ELFNOTE_HV_START_LOW);
	note_u64(XEN_ELFNOTE_HV_START_LOW, 0xffff900000000000);
	dom0_is_refused(E_OPNOTSUPP, "HV_START_LOW");
}

static void layout_of_a_bad_size_is_refused(void **)
{
	file_with_notes_but(0);
	put64(program(0) + P_MEMORY_BYTES, 0x80);
	put64(program(1) + P_PADDR, 0x1000080);
	put64(program(1) + P_MEMORY_BYTES, 0x40);
	layout_is_refused("smaller than a page");
	file_with_notes_but(0);
	put64(program(1) + P_MEMORY_BYTES, 0x40000000);
	layout_is_refused("more than 1 GiB");
}

static void layout_that_wraps_is_refused(void **)
{
	file_with_notes_but(0);
	note_u64(XEN_ELFNOTE_PADDR_OFFSET, 0x1000001);
	layout_is_refused("PADDR_OFFSET");
	file_with_notes_but(0);
	note_u64(XEN_ELFNOTE_VIRT_BASE, UINT64_MAX - 0xffffff);
	layout_is_refused("wrap");
	file_with_notes_but(0);
	note_u64(XEN_ELFNOTE_VIRT_BASE, UINT64_MAX - 0x1001fff);
	layout_is_refused("wrap");
}

static void layout_in_the_hypervisors_range_is_refused(void **)
{
	static const uint64_t bases[] = {
		HYPERVISOR_VIRT_START,		       /* begins in it */
		HYPERVISOR_VIRT_END - 0x1004000 + 1,   /* ends in it */
		HYPERVISOR_VIRT_START - 0x1001000,     /* not canonical at first, then in it */
		0x7fffff000000,			       /* runs into the hole */
		0x800000000000,			       /* in the hole */
	};

	for (unsigned int i = 0; i < ARRAY_COUNT(bases); i++) {
		file_with_notes_but(0);
		note_u64(XEN_ELFNOTE_VIRT_BASE, bases[i]);
		layout_is_refused("hypervisor's, or not canonical");
	}
}

static void layout_right_behind_the_hypervisor_is_fine(void **)
{
	file_with_notes_but(0);
	note_u64(XEN_ELFNOTE_VIRT_BASE, HYPERVISOR_VIRT_END);
	note_u64(XEN_ELFNOTE_ENTRY, HYPERVISOR_VIRT_END + 0x1000000);
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_kernel_layout(&image, &notes, &layout, &why), OK);
}

static void entry_outside_the_kernel_is_refused(void **)
{
	file_with_notes_but(0);
	note_u64(XEN_ELFNOTE_ENTRY, KERNEL_START - 1);
	layout_is_refused("entry point");
	note_u64(XEN_ELFNOTE_ENTRY, KERNEL_START + 0x4000);
	layout_is_refused("entry point");
}

static void hypercall_page_outside_the_kernel_is_refused(void **)
{
	static const uint64_t pages[] = {KERNEL_START - 0x1000, KERNEL_START + 0x4000, KERNEL_START + 0x10, 0};

	for (unsigned int i = 0; i < ARRAY_COUNT(pages); i++) {
		file_with_notes_but(0);
		note_u64(XEN_ELFNOTE_HYPERCALL_PAGE, pages[i]);
		layout_is_refused("hypercall page");
	}
	file_with_notes_but(0);
	note_u64(XEN_ELFNOTE_HYPERCALL_PAGE, KERNEL_START + 0x3000);
	assert_int_equal(notes_parse(), OK);
	assert_int_equal(xen_kernel_layout(&image, &notes, &layout, &why), OK);
}

static void bad_place_for_the_p2m_is_refused(void **)
{
	static const uint64_t places[] = {HYPERVISOR_VIRT_START, 0x8000000001, 0x800000000000, UINT64_MAX - 0xfff};

	for (unsigned int i = 0; i < ARRAY_COUNT(places); i++) {
		file_with_notes_but(0);
		note_u64(XEN_ELFNOTE_INIT_P2M, places[i]);
		layout_is_refused("INIT_P2M is not");
	}
	file_with_notes_but(0);
	note_u64(XEN_ELFNOTE_INIT_P2M, KERNEL_START - 0x1000);
	layout_is_refused("INIT_P2M lies inside");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_come_by_physical_address),
		cmocka_unit_test(section_is_found_by_its_name),
		cmocka_unit_test(file_without_sections_is_fine),
		cmocka_unit_test(compressed_kernels_are_told_apart),
		cmocka_unit_test(file_cut_short_anywhere_is_refused),
		cmocka_unit_test(headers_that_are_not_ours_are_refused),
		cmocka_unit_test(tables_outside_the_file_are_refused),
		cmocka_unit_test(bad_segments_are_refused),
		cmocka_unit_test(more_segments_than_there_is_room_for_are_refused),
		cmocka_unit_test(segment_of_zeros_has_no_place_in_the_file),
		cmocka_unit_test(debian_kernel_is_understood),
		cmocka_unit_test(kernel_lies_where_physical_addresses_say),
		cmocka_unit_test(paddr_offset_is_taken_off),
		cmocka_unit_test(notes_are_found_in_sections_too),
		cmocka_unit_test(number_may_have_four_bytes),
		cmocka_unit_test(number_of_another_size_is_refused),
		cmocka_unit_test(text_that_is_too_long_is_cut_off),
		cmocka_unit_test(note_that_runs_over_its_segment_ends_the_notes),
		cmocka_unit_test(kernel_without_xen_notes_is_refused),
		cmocka_unit_test(kernel_with_the_legacy_section_only_is_refused),
		cmocka_unit_test(kernel_for_another_hypervisor_is_refused),
		cmocka_unit_test(kernel_for_another_loader_is_refused),
		cmocka_unit_test(without_the_note_entry_it_is_the_headers),
		cmocka_unit_test(kernel_that_says_only_where_physical_addresses_begin_is_refused),
		cmocka_unit_test(kernel_that_cannot_be_domain_0_is_refused),
		cmocka_unit_test(kernel_that_needs_what_we_lack_is_refused),
		cmocka_unit_test(feature_that_is_only_supported_is_no_reason),
		cmocka_unit_test(kernel_that_wants_our_addresses_is_refused),
		cmocka_unit_test(layout_of_a_bad_size_is_refused),
		cmocka_unit_test(layout_that_wraps_is_refused),
		cmocka_unit_test(layout_in_the_hypervisors_range_is_refused),
		cmocka_unit_test(layout_right_behind_the_hypervisor_is_fine),
		cmocka_unit_test(entry_outside_the_kernel_is_refused),
		cmocka_unit_test(hypercall_page_outside_the_kernel_is_refused),
		cmocka_unit_test(bad_place_for_the_p2m_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
