#pragma once
/* What a paravirtual kernel says about itself in its ELF notes, and where it goes. See boot/xen_notes.c. */
#include <hyp/boot/elf.h>
#include <hyp/types.h>

struct xen_notes {
	bool present;	 /* at least one note of owner "Xen" */
	bool legacy;	 /* the older form, section __xen_guest, is there */
	bool has_entry, has_virt_base, has_paddr_offset, has_hypercall_page, has_init_p2m, has_hv_start_low,
		has_l1_mfn_valid, has_supported_features, has_phys32_entry, has_loader, has_guest_os, has_xen_version,
		has_pae_mode, has_features;
	bool suspend_cancel; /* understands that a suspend may be cancelled */
	bool mod_start_pfn;  /* takes its initial ramdisk unmapped, by frame number */
	bool bsd_symtab;     /* wants its symbol table loaded */
	/* Numbers are 0 if their note is missing. */
	uint64_t entry, virt_base, paddr_offset, hypercall_page, init_p2m, hv_start_low, phys32_entry;
	uint64_t l1_mfn_valid_mask, l1_mfn_valid_value;
	/* Texts are "" if their note is missing, and cut off if they are too long. */
	char guest_os[32], guest_version[32], xen_version[32], loader[32], pae_mode[16];
	/* Bits XENFEAT_*: of the text note and of the numeric one together. */
	uint32_t features_required, features_supported;
	bool unknown_feature_required;
};

/* Where the kernel lies in its own virtual address space, the one that its notes describe. */
struct xen_kernel_layout {
	vaddr_t start, end;	 /* all segments, not rounded */
	uint64_t paddr_start;	 /* pseudo-physical, of `start` */
	vaddr_t entry;
};

/* Fills in what the notes of a checked file say; of a note that is there twice, the last counts. E_INVAL: a note of
   a kind that we know has a value of a bad size. */
enum status xen_notes_parse(const struct elf_image *image, struct xen_notes *out, const char **why);
/* Can this kernel be domain 0 here? E_NOEXEC or E_OPNOTSUPP, with the reason in *why. */
enum status xen_notes_check_dom0(const struct xen_notes *notes, const char **why);
/* Segment to virtual address: paddr - PADDR_OFFSET + VIRT_BASE. The layout function has checked that none wraps. */
static inline vaddr_t xen_segment_vaddr(const struct xen_notes *notes, const struct elf_segment *segment)
{
	return segment->paddr - notes->paddr_offset + notes->virt_base;
}
/* E_NOEXEC: the kernel's addresses cannot be used as they are, with the reason in *why. */
enum status xen_kernel_layout(const struct elf_image *image, const struct xen_notes *notes,
			      struct xen_kernel_layout *out, const char **why);
