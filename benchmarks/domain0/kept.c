/*
 * Says where the machine's memory is, in KiB: "domain0 N" of domain 0, and "free N" of the hypervisor's free heap,
 * when there is a hypervisor; "domain0 N" of the kernel natively, which is all that the kernel manages. What
 * is missing from the machine's memory is what the hypervisor, the firmware or the kernel keeps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

#define KIB_PER_PAGE 4

/* Linux's <xen/privcmd.h>: a hypercall's number and its arguments. */
struct privcmd_hypercall {
	uint64_t op;
	uint64_t args[5];
};
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

static int fail(const char *what)
{
	fprintf(stderr, "kept: %s: %s\n", what, strerror(errno));
	return 1;
}

static int native(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kib;

	if (!file || fscanf(file, "MemTotal: %lu", &kib) != 1)
		return fail("/proc/meminfo");
	printf("domain0 %lu\n", kib);
	return 0;
}

/* The buffer of a hypercall has to stay where it is. */
static void *buffer_alloc(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

	if (page == MAP_FAILED)
		exit(fail("mmap"));
	return page;
}

int main(void)
{
	int fd = open("/dev/xen/privcmd", O_RDWR);

	if (fd < 0)
		return errno == ENOENT ? native() : fail("/dev/xen/privcmd");

	struct xen_sysctl *sysctl = buffer_alloc();
	struct privcmd_hypercall call = { .op = __HYPERVISOR_sysctl, .args = { (uintptr_t)sysctl } };

	sysctl->cmd = XEN_SYSCTL_physinfo;
	sysctl->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (ioctl(fd, PRIVCMD_HYPERCALL, &call) < 0)
		return fail("sysctl physinfo");

	struct xen_domctl *domctl = buffer_alloc();

	call = (struct privcmd_hypercall){ .op = __HYPERVISOR_domctl, .args = { (uintptr_t)domctl } };
	domctl->cmd = XEN_DOMCTL_getdomaininfo;
	domctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	if (ioctl(fd, PRIVCMD_HYPERCALL, &call) < 0)
		return fail("domctl getdomaininfo");
	printf("domain0 %lu\nfree %lu\n", domctl->u.getdomaininfo.tot_pages * KIB_PER_PAGE,
	       sysctl->u.physinfo.free_pages * KIB_PER_PAGE);
	return 0;
}
