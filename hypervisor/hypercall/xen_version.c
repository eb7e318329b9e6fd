/*
 * Hypercall xen_version: who we are, in the words that stock kernels and tools look for.
 *
 * The version is the ABI's, 4.17, since tools choose their code by it; extraversion is Debian's, since wrappers compare
 * both. What is ours is in the changeset and compile information. Every reply is filled whole.
 */
#include <hyp/abi.h>
#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/string.h>
#include <hyp/version.h>

#define VERSION_MAJOR 4
#define VERSION_MINOR 17

static long reply(struct vcpu *v, vaddr_t to, const void *from, size_t bytes)
{
	return guest_copy_out(v, to, from, bytes);
}

static long text_reply(struct vcpu *v, vaddr_t to, const char *text, size_t size)
{
	static const char zero[64];
	size_t length = strnlen(text, size - 1);
	enum status s = guest_copy_out(v, to, text, length);

	/* The whole field, so that nothing of the guest's own memory is mistaken for text. */
	for (size_t at = length; s == OK && at < size; at += sizeof(zero))
		s = guest_copy_out(v, to + at, zero, MIN(sizeof(zero), size - at));
	return s;
}

static long compile_info(struct vcpu *v, vaddr_t to)
{
	struct xen_compile_info info;

	memset(&info, 0, sizeof(info));
	(void)string_copy(info.compiler, hospes_compiler, sizeof(info.compiler));
	(void)string_copy(info.compile_by, "hospes", sizeof(info.compile_by));
	(void)string_copy(info.compile_domain, "", sizeof(info.compile_domain));
	(void)string_copy(info.compile_date, hospes_date, sizeof(info.compile_date));
	return reply(v, to, &info, sizeof(info));
}

static long features(struct vcpu *v, vaddr_t to)
{
	struct xen_feature_info info;

	if (guest_copy_in(v, &info, to, sizeof(info)) != OK)
		return E_FAULT;
	if (info.submap_idx)
		return E_INVAL;
	info.submap = BIT(XENFEAT_pae_pgdir_above_4gb) | BIT(XENFEAT_mmu_pt_update_preserve_ad) |
		      BIT(XENFEAT_highmem_assist) | BIT(XENFEAT_gnttab_map_avail_bits) |
		      BIT(XENFEAT_memory_op_vnode_supported) | BIT(XENFEAT_direct_mapped);
	if (v->domain->privileged)
		info.submap |= BIT(XENFEAT_dom0);
	return reply(v, to, &info, sizeof(info));
}

static long build_id(struct vcpu *v, vaddr_t to)
{
	struct xen_build_id id;
	uint32_t bytes;
	const uint8_t *value = hospes_build_id(&bytes);

	if (!v->domain->privileged)
		return E_PERM;
	if (!bytes)
		return E_NODATA;
	if (!to)
		return (long)bytes;
	if (guest_copy_in(v, &id, to, sizeof(id)) != OK)
		return E_FAULT;
	if (!id.len)
		return E_INVAL;
	if (id.len < bytes)
		return E_NOBUFS;
	return reply(v, to + offsetof(struct xen_build_id, buf), value, bytes) == OK ? (long)bytes : E_FAULT;
}

long hypercall_xen_version(struct vcpu *v, struct hypercall *call)
{
	vaddr_t to = call->arg[1];
	xen_platform_parameters_t parameters = {.virt_start = HYPERVISOR_VIRT_START};

	switch ((uint32_t)call->arg[0]) {
	case XENVER_version:
		return VERSION_MAJOR << 16 | VERSION_MINOR;
	case XENVER_extraversion:
		return text_reply(v, to, ".7", sizeof(xen_extraversion_t));
	case XENVER_compile_info:
		return compile_info(v, to);
	case XENVER_capabilities:
		return text_reply(v, to, "xen-3.0-x86_64 ", sizeof(xen_capabilities_info_t));
	case XENVER_changeset:
		return text_reply(v, to, hospes_changeset, sizeof(xen_changeset_info_t));
	case XENVER_platform_parameters:
		return reply(v, to, &parameters, sizeof(parameters));
	case XENVER_get_features:
		return features(v, to);
	case XENVER_pagesize:
		return to ? E_INVAL : (long)PAGE_BYTES;
	case XENVER_guest_handle:
		return reply(v, to, v->domain->handle, sizeof(v->domain->handle));
	case XENVER_commandline:
		return text_reply(v, to, v->domain->privileged ? hospes_command_line : "<denied>",
				  sizeof(xen_commandline_t));
	case XENVER_build_id:
		return build_id(v, to);
	default:
		return E_NOSYS;
	}
}
