/*
 * The notes of owner "Xen" in a paravirtual kernel's ELF file (<xen/elfnote.h>): where it wants to be mapped, where it
 * starts, what it can and what it needs.
 *
 * A kernel is loaded by its physical addresses: p_paddr - PADDR_OFFSET is pseudo-physical, and VIRT_BASE is the virtual
 * address of pseudo-physical 0; without these notes both are 0. p_vaddr is not used, since Linux has a segment whose p_vaddr
 * is 0; nor, where there is a note ENTRY, the entry point of the ELF header, which is for a start without a hypervisor.
 *
 * Parsing, checking for domain 0, and the layout are three functions, so that the first can also describe a kernel
 * that the others refuse.
 */
#include <hyp/abi.h>
#include <hyp/boot/xen_notes.h>
#include <hyp/string.h>

#define FEATURE(name) {#name, XENFEAT_##name}
static const struct {
	const char *name;
	unsigned int bit;
} feature_names[] = {
	FEATURE(writable_page_tables),
	FEATURE(writable_descriptor_tables),
	FEATURE(auto_translated_physmap),
	FEATURE(supervisor_mode_kernel),
	FEATURE(pae_pgdir_above_4gb),
	FEATURE(mmu_pt_update_preserve_ad),
	FEATURE(highmem_assist),
	FEATURE(gnttab_map_avail_bits),
	FEATURE(hvm_callback_vector),
	FEATURE(hvm_safe_pvclock),
	FEATURE(hvm_pirqs),
	FEATURE(dom0),
	FEATURE(memory_op_vnode_supported),
	FEATURE(ARM_SMCCC_supported),
	FEATURE(linux_rsdp_unrestricted),
	FEATURE(not_direct_mapped),
	FEATURE(direct_mapped),
};

/* What a 64-bit paravirtual domain can be given, so what its kernel may insist on. Writable page tables are among
   them: a store to one is emulated, and Linux has always asked for them with a '!'. */
#define FEATURES_GIVEN                                                                                                 \
	(BIT(XENFEAT_writable_page_tables) | BIT(XENFEAT_writable_descriptor_tables) |                                 \
	 BIT(XENFEAT_pae_pgdir_above_4gb) | BIT(XENFEAT_mmu_pt_update_preserve_ad) | BIT(XENFEAT_highmem_assist) |     \
	 BIT(XENFEAT_gnttab_map_avail_bits) | BIT(XENFEAT_dom0) | BIT(XENFEAT_memory_op_vnode_supported) |             \
	 BIT(XENFEAT_linux_rsdp_unrestricted) | BIT(XENFEAT_not_direct_mapped))

/* FEATURES: names separated by '|'; a '!' before one says that the kernel cannot do without. */
static void features_parse(struct text list, struct xen_notes *out)
{
	while (list.bytes) {
		struct text name = text_take(&list, '|');
		bool required = text_starts(name, "!"), known = false;

		if (required)
			name = text_skip(name, 1);
		for (unsigned int i = 0; i < ARRAY_COUNT(feature_names); i++) {
			if (!text_equal(name, feature_names[i].name))
				continue;
			known = true;
			out->features_supported |= (uint32_t)BIT(feature_names[i].bit);
			if (required)
				out->features_required |= (uint32_t)BIT(feature_names[i].bit);
		}
		if (required && !known)
			out->unknown_feature_required = true;
	}
}

/* Kinds of values: where the number, or the text, and its has_ flag go. */
enum note_kind { NOTE_NUMBER, NOTE_FLAG, NOTE_TEXT };

#define NUMBER(note, field) {XEN_ELFNOTE_##note, NOTE_NUMBER, offsetof(struct xen_notes, field), 0, \
			     offsetof(struct xen_notes, has_##field)}
#define FLAG(note, field) {XEN_ELFNOTE_##note, NOTE_FLAG, offsetof(struct xen_notes, field), 0, \
			   offsetof(struct xen_notes, present)}
#define TEXT(note, field, has) {XEN_ELFNOTE_##note, NOTE_TEXT, offsetof(struct xen_notes, field), \
				sizeof(((struct xen_notes *)0)->field), offsetof(struct xen_notes, has)}
static const struct note_row {
	uint32_t type;
	enum note_kind kind;
	size_t field, field_bytes, has;
} note_rows[] = {
	NUMBER(ENTRY, entry),
	NUMBER(HYPERCALL_PAGE, hypercall_page),
	NUMBER(VIRT_BASE, virt_base),
	NUMBER(PADDR_OFFSET, paddr_offset),
	NUMBER(HV_START_LOW, hv_start_low),
	NUMBER(INIT_P2M, init_p2m),
	NUMBER(PHYS32_ENTRY, phys32_entry),
	FLAG(SUSPEND_CANCEL, suspend_cancel),
	FLAG(MOD_START_PFN, mod_start_pfn),
	TEXT(XEN_VERSION, xen_version, has_xen_version),
	TEXT(GUEST_OS, guest_os, has_guest_os),
	TEXT(GUEST_VERSION, guest_version, present),
	TEXT(LOADER, loader, has_loader),
	TEXT(PAE_MODE, pae_mode, has_pae_mode),
};

static enum status refuse(const char **why, enum status s, const char *reason)
{
	*why = reason;
	return s;
}

static bool value_number(struct bytes value, uint64_t *out)
{
	if (value.count != 4 && value.count != 8)
		return false;
	*out = value.count == 4 ? load_u32(value.data) : load_u64(value.data);
	return true;
}

static bool row_parse(const struct note_row *row, struct bytes value, struct xen_notes *out)
{
	char *base = (char *)out;
	uint64_t number;

	if (row->kind == NOTE_TEXT) {
		text_copy(base + row->field, row->field_bytes, text_of(value.data, value.count));
	} else {
		if (!value_number(value, &number))
			return false;
		if (row->kind == NOTE_FLAG)
			*(bool *)(base + row->field) = number != 0;
		else
			*(uint64_t *)(base + row->field) = number;
	}
	*(bool *)(base + row->has) = true;
	return true;
}

/* The notes that are more than one number or one text; others, and those that nobody knows, are left alone. */
static bool special_parse(uint32_t type, struct bytes value, struct xen_notes *out)
{
	uint64_t number;

	switch (type) {
	case XEN_ELFNOTE_FEATURES:
		out->has_features = true;
		features_parse(text_of(value.data, value.count), out);
		return true;
	case XEN_ELFNOTE_SUPPORTED_FEATURES:
		if (!value_number(value, &number))
			return false;
		out->has_supported_features = true;
		out->features_supported |= (uint32_t)number;
		return true;
	case XEN_ELFNOTE_L1_MFN_VALID:
		if (value.count < 16)
			return false;
		out->has_l1_mfn_valid = true;
		out->l1_mfn_valid_mask = load_u64(value.data);
		out->l1_mfn_valid_value = load_u64(value.data + 8);
		return true;
	case XEN_ELFNOTE_BSD_SYMTAB:
		out->bsd_symtab = text_equal(text_of(value.data, value.count), "yes");
		return true;
	default:
		return true;
	}
}

static bool note_parse(const struct elf_note *note, struct xen_notes *out)
{
	for (unsigned int i = 0; i < ARRAY_COUNT(note_rows); i++)
		if (note_rows[i].type == note->type)
			return row_parse(&note_rows[i], note->value, out);
	return special_parse(note->type, note->value, out);
}

enum status xen_notes_parse(const struct elf_image *image, struct xen_notes *out, const char **why)
{
	struct elf_note_walk walk = {0};
	struct elf_note note;
	struct bytes legacy;

	memset(out, 0, sizeof(*out));
	out->legacy = elf_find_section(image, "__xen_guest", &legacy);
	while (elf_note_next(image, &walk, &note)) {
		if (!text_equal(note.owner, "Xen"))
			continue;
		out->present = true;
		if (!note_parse(&note, out))
			return refuse(why, E_INVAL, "a Xen note of the kernel has a value of a bad size");
	}
	return OK;
}

/* The layout check says more about addresses; these are the questions that need no address. */
enum status xen_notes_check_dom0(const struct xen_notes *n, const char **why)
{
	/* Is it a paravirtual kernel at all? */
	if (!n->present && n->legacy)
		return refuse(why, E_OPNOTSUPP,
			      "the kernel describes itself only in the obsolete __xen_guest section: ELF notes are needed");
	if (!n->present)
		return refuse(why, E_NOEXEC, "the kernel has no Xen notes: it is not built for a paravirtual start");
	/* For which hypervisor and loader is it? */
	if (!n->has_xen_version || strcmp(n->xen_version, "xen-3.0") != 0)
		return refuse(why, E_NOEXEC, "the kernel's note XEN_VERSION is not \"xen-3.0\"");
	if (n->has_loader ? strcmp(n->loader, "generic") != 0 : strcmp(n->guest_os, "linux") != 0)
		return refuse(why, E_NOEXEC, "the kernel's note LOADER is not \"generic\"");
	/* Does it say where its physical addresses begin, but not at which virtual one? */
	if (n->has_paddr_offset && !n->has_virt_base)
		return refuse(why, E_NOEXEC, "the kernel has a note PADDR_OFFSET, but no note VIRT_BASE");
	/* Can it be domain 0? */
	if (n->has_supported_features && !(n->features_supported & BIT(XENFEAT_dom0)))
		return refuse(why, E_OPNOTSUPP, "the kernel does not support being domain 0 (SUPPORTED_FEATURES)");
	/* Does it need what we do not give? */
	if (n->unknown_feature_required)
		return refuse(why, E_OPNOTSUPP, "the kernel requires a feature that is unknown here (FEATURES)");
	if (n->features_required & BIT(XENFEAT_supervisor_mode_kernel))
		return refuse(why, E_OPNOTSUPP, "the kernel requires to run in ring 0 (supervisor_mode_kernel)");
	if (n->features_required & BIT(XENFEAT_auto_translated_physmap))
		return refuse(why, E_OPNOTSUPP, "the kernel requires translated memory (auto_translated_physmap)");
	if (n->features_required & ~FEATURES_GIVEN)
		return refuse(why, E_OPNOTSUPP, "the kernel requires a feature that a 64-bit paravirtual domain lacks");
	/* Does it leave us our part of the address space? */
	if (n->has_hv_start_low && n->hv_start_low > HYPERVISOR_VIRT_START)
		return refuse(why, E_OPNOTSUPP, "the kernel's note HV_START_LOW is above the hypervisor's start");
	return OK;
}

#define KERNEL_BYTES_MIN PAGE_BYTES
#define KERNEL_BYTES_MAX (UINT64_C(1) << 30)
#define CANONICAL_BITS 47

static bool is_canonical(vaddr_t va)
{
	return va >> CANONICAL_BITS == 0 || va >> CANONICAL_BITS == UINT64_MAX >> CANONICAL_BITS;
}

/* Is [start, end) the guest's to use: canonical, not across the hole, not in the hypervisor's part? */
static bool is_guest_range(vaddr_t start, vaddr_t end)
{
	return start < end && is_canonical(start) && is_canonical(end - 1) &&
	       start >> CANONICAL_BITS == (end - 1) >> CANONICAL_BITS &&
	       (end <= HYPERVISOR_VIRT_START || start >= HYPERVISOR_VIRT_END);
}

enum status xen_kernel_layout(const struct elf_image *image, const struct xen_notes *n, struct xen_kernel_layout *out,
			      const char **why)
{
	uint64_t bytes = image->paddr_end - image->paddr_start;
	struct xen_kernel_layout l = {.entry = n->has_entry ? n->entry : image->entry};

	if (bytes < KERNEL_BYTES_MIN)
		return refuse(why, E_NOEXEC, "the kernel is smaller than a page");
	if (bytes > KERNEL_BYTES_MAX)
		return refuse(why, E_NOEXEC, "the kernel takes more than 1 GiB");
	if (__builtin_sub_overflow(image->paddr_start, n->paddr_offset, &l.paddr_start))
		return refuse(why, E_NOEXEC, "the kernel has a physical address below its note PADDR_OFFSET");
	if (__builtin_add_overflow(l.paddr_start, n->virt_base, &l.start) ||
	    __builtin_add_overflow(l.start, bytes, &l.end))
		return refuse(why, E_NOEXEC, "the kernel's virtual addresses wrap around the end of memory");
	if (!is_guest_range(n->virt_base, l.end))
		return refuse(why, E_NOEXEC, "the kernel's virtual addresses are the hypervisor's, or not canonical");
	if (l.entry < l.start || l.entry >= l.end)
		return refuse(why, E_NOEXEC, "the kernel's entry point lies outside the kernel");
	if (n->has_hypercall_page &&
	    (n->hypercall_page % PAGE_BYTES || n->hypercall_page < l.start || n->hypercall_page > l.end - PAGE_BYTES))
		return refuse(why, E_NOEXEC, "the kernel's hypercall page lies outside the kernel, or is not a page");
	if (n->has_init_p2m && (n->init_p2m % PAGE_BYTES || !is_guest_range(n->init_p2m, n->init_p2m + PAGE_BYTES)))
		return refuse(why, E_NOEXEC, "the kernel's note INIT_P2M is not an address that it may use");
	if (n->has_init_p2m && n->init_p2m >= n->virt_base && n->init_p2m < l.end)
		return refuse(why, E_NOEXEC, "the kernel's note INIT_P2M lies inside the kernel's own mapping");
	*out = l;
	return OK;
}
