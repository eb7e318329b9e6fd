/*
 * What: every sub-operation of xen_version, with its result and with bad pointers.
 * Why: kernels use it to find features and as the null hypercall; tools refuse to work when a string is missing.
 * How: calls each; checks the values that must be 4.17's; fills the buffers first and looks for bytes left over
 *      behind the strings, which would leak the hypervisor's memory (XSA-122).
 * A failure means: tools or kernels take us for another version, or uninitialised memory reaches the guest.
 */
#include <guest.h>

static bool string_is_padded(const char *text, unsigned int bytes)
{
	unsigned int end = 0;

	while (end < bytes && text[end])
		end++;
	if (end == bytes)
		return false;
	/* Behind the string: zeros, or what the caller had there. */
	for (unsigned int i = end; i < bytes; i++)
		if (text[i] != 0 && text[i] != 0x5a)
			return false;
	return true;
}

static void numbers(void)
{
	struct xen_platform_parameters parameters = {};
	struct xen_feature_info features = {};

	EXPECT_STATUS(hc_xen_version(XENVER_version, NULL), 4 << 16 | 17);
	EXPECT_STATUS(hc_xen_version(XENVER_pagesize, NULL), PAGE_BYTES);
	EXPECT_STATUS(hc_xen_version(XENVER_platform_parameters, &parameters), 0);
	EXPECT_EQ(parameters.virt_start, HYPERVISOR_VIRT_START);
	EXPECT_STATUS(hc_xen_version(XENVER_get_features, &features), 0);
	EXPECT_EQ(features.submap & (1u << XENFEAT_writable_page_tables | 1u << XENFEAT_auto_translated_physmap |
				     1u << XENFEAT_supervisor_mode_kernel), 0);
	EXPECT_TRUE(features.submap & 1u << XENFEAT_dom0);
	EXPECT_TRUE(features.submap & 1u << XENFEAT_pae_pgdir_above_4gb);
	EXPECT_TRUE(features.submap & 1u << XENFEAT_mmu_pt_update_preserve_ad);
	EXPECT_TRUE(features.submap & 1u << XENFEAT_gnttab_map_avail_bits);
	features.submap_idx = 1;
	EXPECT_STATUS(hc_xen_version(XENVER_get_features, &features), -XEN_EINVAL);
}

static void strings(void)
{
	static char text[4096];
	struct xen_compile_info *info = (struct xen_compile_info *)text;

	bytes_fill(text, 0x5a, sizeof(text));
	EXPECT_STATUS(hc_xen_version(XENVER_extraversion, text), 0);
	EXPECT_TRUE(string_is_padded(text, sizeof(xen_extraversion_t)));
	bytes_fill(text, 0x5a, sizeof(text));
	EXPECT_STATUS(hc_xen_version(XENVER_compile_info, text), 0);
	EXPECT_TRUE(string_is_padded(info->compiler, sizeof(info->compiler)));
	EXPECT_TRUE(string_is_padded(info->compile_by, sizeof(info->compile_by)));
	EXPECT_TRUE(string_is_padded(info->compile_domain, sizeof(info->compile_domain)));
	EXPECT_TRUE(string_is_padded(info->compile_date, sizeof(info->compile_date)));
	bytes_fill(text, 0x5a, sizeof(text));
	EXPECT_STATUS(hc_xen_version(XENVER_capabilities, text), 0);
	EXPECT_TRUE(string_is_padded(text, sizeof(xen_capabilities_info_t)));
	EXPECT_EQ(bytes_compare(text, "xen-3.0-x86_64", 14), 0);
	bytes_fill(text, 0x5a, sizeof(text));
	EXPECT_STATUS(hc_xen_version(XENVER_changeset, text), 0);
	EXPECT_TRUE(string_is_padded(text, sizeof(xen_changeset_info_t)));
	bytes_fill(text, 0x5a, sizeof(text));
	EXPECT_STATUS(hc_xen_version(XENVER_guest_handle, text), 0);
	EXPECT_EQ(text[sizeof(xen_domain_handle_t)], 0x5a);
	bytes_fill(text, 0x5a, sizeof(text));
	EXPECT_STATUS(hc_xen_version(XENVER_commandline, text), 0);
	EXPECT_TRUE(string_is_padded(text, sizeof(xen_commandline_t)));
}

static void build_id(void)
{
	static struct {
		struct xen_build_id id;
		unsigned char bytes[64];
	} buffer;
	long length = hc_xen_version(XENVER_build_id, NULL);

	/* Not every build has one. */
	if (length == -XEN_ENODATA)
		return;
	EXPECT_TRUE(length > 0 && length <= 64);
	buffer.id.len = 1;
	EXPECT_STATUS(hc_xen_version(XENVER_build_id, &buffer), -XEN_ENOBUFS);
	buffer.id.len = 0;
	EXPECT_STATUS(hc_xen_version(XENVER_build_id, &buffer), -XEN_EINVAL);
	buffer.id.len = 64;
	EXPECT_STATUS(hc_xen_version(XENVER_build_id, &buffer), length);
}

static void refusals(void)
{
	EXPECT_ONE_OF(hc_xen_version(99, NULL), -XEN_ENOSYS, -XEN_EOPNOTSUPP);
	EXPECT_STATUS(hc_xen_version(XENVER_extraversion, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
	EXPECT_STATUS(hc_xen_version(XENVER_compile_info, (void *)0x1000), -XEN_EFAULT);
	EXPECT_STATUS(hc_xen_version(XENVER_capabilities, (void *)0x8000000000000000ul), -XEN_EFAULT);
	EXPECT_STATUS(hc_xen_version(XENVER_get_features, (void *)(HYPERVISOR_VIRT_START - 4)), -XEN_EFAULT);
}

void test_main(void)
{
	numbers();
	strings();
	build_id();
	refusals();
}
