/*
 * platform_op firmware_info: what a kernel that is started by the firmware would have been told, and domain 0 asks for.
 *
 * Nothing is asked of a BIOS in real mode, so there are no disk parameters and no display identification: each list of them
 * is empty. The keyboard has no shift key held.
 */
#include "firmware_info.h"
#include "../efi_info.h"
#include <hyp/guest.h>

static enum status efi_vendor_get(struct vcpu *v, union xenpf_efi_info *info)
{
	const uint16_t *vendor = efi_vendor();
	uint32_t count = 0, room = info->vendor.bufsz / sizeof(*vendor);

	while (vendor[count])
		count++;
	info->vendor.revision = efi_firmware_revision();
	/* With the 0 at its end, if there is room. */
	return guest_copy_out(v, handle_address(info->vendor.name), vendor, MIN(count + 1, room) * sizeof(*vendor));
}

/* What of the asked range has one type. */
static enum status efi_memory_get(union xenpf_efi_info *info)
{
	struct efi_memory memory;
	uint64_t left;

	if (!efi_memory_find(info->mem.addr, &memory))
		return E_SRCH;
	left = memory.start + memory.bytes - info->mem.addr;
	info->mem.size = MIN(info->mem.size, left);
	info->mem.attr = memory.attributes;
	info->mem.type = memory.type;
	return OK;
}

static enum status efi_get(struct vcpu *v, struct xenpf_firmware_info *info)
{
	union xenpf_efi_info *e = &info->u.efi_info;

	if (!efi_is_there())
		return E_NOSYS;
	switch (info->index) {
	case XEN_FW_EFI_VERSION:
		e->version = efi_version();
		return OK;
	case XEN_FW_EFI_RT_VERSION:
		e->version = efi_runtime_version();
		return OK;
	case XEN_FW_EFI_CONFIG_TABLE:
		e->cfg.addr = efi_config_table(&e->cfg.nent);
		return OK;
	case XEN_FW_EFI_VENDOR:
		return efi_vendor_get(v, e);
	case XEN_FW_EFI_MEM_INFO:
		return efi_memory_get(e);
	case XEN_FW_EFI_PCI_ROM:
	case XEN_FW_EFI_APPLE_PROPERTIES:
		return E_SRCH;
	default:
		return E_INVAL;
	}
}

enum status firmware_info_get(struct vcpu *v, struct xenpf_firmware_info *info)
{
	switch (info->type) {
	case XEN_FW_DISK_INFO:
	case XEN_FW_DISK_MBR_SIGNATURE:
	case XEN_FW_VBEDDC_INFO:
		return E_SRCH;
	case XEN_FW_EFI_INFO:
		return efi_get(v, info);
	case XEN_FW_KBD_SHIFT_FLAGS:
		if (info->index)
			return E_SRCH;
		info->u.kbd_shift_flags = 0;
		return OK;
	default:
		return E_INVAL;
	}
}
