/*
 * What: domctl, sysctl and platform_op with the wrong interface version are EACCES; unknown commands ENOSYS; domctl
 *       on a domain that is not there ESRCH; the right versions work.
 * Why: tools of another version must be told so; it is how libxc recognises them.
 * How: calls each with the right and wrong version; asks for our own domain's information.
 * A failure means: mismatched tools corrupt state instead of stopping.
 */
#include <guest.h>

static struct xen_domctl domctl;
static struct xen_sysctl sysctl;
static struct xen_platform_op platform;

static long domctl_call(void)
{
	return HC(__HYPERVISOR_domctl, &domctl, 0, 0, 0, 0);
}

static long sysctl_call(void)
{
	return HC(__HYPERVISOR_sysctl, &sysctl, 0, 0, 0, 0);
}

static void domain_control(void)
{
	domctl = (struct xen_domctl) { .cmd = XEN_DOMCTL_getdomaininfo, .interface_version = 1, .domain = 0 };
	EXPECT_STATUS(domctl_call(), -XEN_EACCES);
	domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	EXPECT_STATUS(domctl_call(), 0);
	EXPECT_EQ(domctl.u.getdomaininfo.domain, 0);
	EXPECT_TRUE(domctl.u.getdomaininfo.flags & XEN_DOMINF_running);
	EXPECT_EQ(domctl.u.getdomaininfo.nr_online_vcpus, 1);
	EXPECT_EQ(domctl.u.getdomaininfo.shared_info_frame, start_info->shared_info >> 12);
	domctl = (struct xen_domctl){ .cmd = XEN_DOMCTL_pausedomain,
				      .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
				      .domain = 77 };
	EXPECT_STATUS(domctl_call(), -XEN_ESRCH);
	/* Not on oneself. */
	domctl.domain = 0;
	EXPECT_STATUS(domctl_call(), -XEN_EINVAL);
	domctl.cmd = XEN_DOMCTL_destroydomain;
	EXPECT_STATUS(domctl_call(), -XEN_EINVAL);
	domctl.cmd = 9999;
	EXPECT_STATUS(domctl_call(), -XEN_ENOSYS);
	EXPECT_STATUS(HC(__HYPERVISOR_domctl, HYPERVISOR_VIRT_START, 0, 0, 0, 0), -XEN_EFAULT);
}

static void system_control(void)
{
	sysctl = (struct xen_sysctl) { .cmd = XEN_SYSCTL_physinfo, .interface_version = 1 };
	EXPECT_STATUS(sysctl_call(), -XEN_EACCES);
	sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	EXPECT_STATUS(sysctl_call(), 0);
	EXPECT_EQ(sysctl.u.physinfo.nr_cpus, 1);
	EXPECT_TRUE(sysctl.u.physinfo.total_pages > 40000 && sysctl.u.physinfo.total_pages <= 192 * 256);
	EXPECT_TRUE(sysctl.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_pv);
	sysctl.cmd = 9999;
	EXPECT_STATUS(sysctl_call(), -XEN_ENOSYS);
}

/* Xen gives some of them; test programs of the tools ask for one that a CPU of QEMU's has not, and expect to be told so. */
static void registers_of_a_cpu(void)
{
	static struct xenpf_resource_entry list[4];
	const uint32_t absent = 0x122; /* TSX_CTRL */

	platform = (struct xen_platform_op) { .cmd = XENPF_resource_op, .u.resource_op = { .nr_entries = 1 } };
	platform.u.resource_op.entries.p = list;
	list[0] = (struct xenpf_resource_entry) { .u.cmd = XEN_RESOURCE_OP_MSR_READ, .idx = absent };
	EXPECT_STATUS(hc_platform_op(&platform), 0);
	EXPECT_EQ(list[0].u.ret, -XEN_EPERM);
	list[0] = (struct xenpf_resource_entry) { .u.cmd = XEN_RESOURCE_OP_MSR_READ, .idx = absent, .rsvd = 1 };
	EXPECT_STATUS(hc_platform_op(&platform), 0);
	EXPECT_EQ(list[0].u.ret, -XEN_EINVAL);
	list[0] = (struct xenpf_resource_entry) { .u.cmd = 99, .idx = absent };
	EXPECT_STATUS(hc_platform_op(&platform), 0);
	EXPECT_EQ(list[0].u.ret, -XEN_EOPNOTSUPP);
	platform.u.resource_op.nr_entries = 4;
	EXPECT_STATUS(hc_platform_op(&platform), -XEN_EINVAL);
	platform.u.resource_op.nr_entries = 0;
	EXPECT_STATUS(hc_platform_op(&platform), 0);
}

static void platform_control(void)
{
	platform = (struct xen_platform_op) { .cmd = XENPF_firmware_info, .interface_version = 1 };
	EXPECT_STATUS(HC(__HYPERVISOR_platform_op, &platform, 0, 0, 0, 0), -XEN_EACCES);
	platform.u.firmware_info.type = XEN_FW_DISK_INFO;
	platform.u.firmware_info.index = 200;
	EXPECT_STATUS(hc_platform_op(&platform), -XEN_ESRCH);
	platform.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
	platform.u.firmware_info.index = 0;
	EXPECT_STATUS(hc_platform_op(&platform), 0);
	platform.u.firmware_info.type = XEN_FW_EFI_INFO;
	EXPECT_STATUS(hc_platform_op(&platform), -XEN_ENOSYS);
	platform = (struct xen_platform_op) { .cmd = XENPF_get_cpuinfo, .u.pcpu_info.xen_cpuid = 0 };
	EXPECT_STATUS(hc_platform_op(&platform), 0);
	EXPECT_EQ(platform.u.pcpu_info.max_present, 0);
	EXPECT_TRUE(platform.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE);
	registers_of_a_cpu();
	platform = (struct xen_platform_op) { .cmd = 9999 };
	EXPECT_STATUS(hc_platform_op(&platform), -XEN_ENOSYS);
}

void test_main(void)
{
	domain_control();
	system_control();
	platform_control();
}
