#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* Linux's <xen/privcmd.h>: a hypercall's number and its arguments. */
struct privcmd_hypercall {
	uint64_t op;
	uint64_t args[5];
};
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

static int privcmd;
/* A page: the buffer of a hypercall has to stay where it is. */
static void *buffer;

void control_fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

bool control_open(void)
{
	privcmd = open("/dev/xen/privcmd", O_RDWR);
	if (privcmd < 0 && errno == ENOENT)
		return false;
	if (privcmd < 0)
		control_fail("/dev/xen/privcmd");
	buffer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	if (buffer == MAP_FAILED)
		control_fail("mmap");
	return true;
}

static void control_call(unsigned int number, const char *what)
{
	struct privcmd_hypercall call = { .op = number, .args = { (uintptr_t)buffer } };

	if (ioctl(privcmd, PRIVCMD_HYPERCALL, &call) < 0)
		control_fail(what);
}

const struct xen_sysctl_physinfo *control_physinfo(void)
{
	struct xen_sysctl *sysctl = buffer;

	*sysctl = (struct xen_sysctl){ .cmd = XEN_SYSCTL_physinfo, .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	control_call(__HYPERVISOR_sysctl, "sysctl physinfo");
	return &sysctl->u.physinfo;
}

const struct xen_domctl_getdomaininfo *control_domain(unsigned int id)
{
	struct xen_domctl *domctl = buffer;

	*domctl = (struct xen_domctl){ .cmd = XEN_DOMCTL_getdomaininfo, .domain = (domid_t)id,
				       .interface_version = XEN_DOMCTL_INTERFACE_VERSION };
	control_call(__HYPERVISOR_domctl, "domctl getdomaininfo");
	return &domctl->u.getdomaininfo;
}
