/*
 * Says where the machine's memory is, in KiB: "domain0 N" of domain 0, and "free N" of the hypervisor's free heap,
 * when there is a hypervisor; "domain0 N" of the kernel natively, which is all that the kernel manages. What
 * is missing from the machine's memory is what the hypervisor, the firmware or the kernel keeps.
 */
#include "control.h"

#include <stdio.h>

#define KIB_PER_PAGE 4

static int native(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kib;

	if (!file || fscanf(file, "MemTotal: %lu", &kib) != 1)
		control_fail("/proc/meminfo");
	printf("domain0 %lu\n", kib);
	return 0;
}

int main(void)
{
	if (!control_open())
		return native();
	printf("domain0 %lu\n", control_domain(0)->tot_pages * KIB_PER_PAGE);
	printf("free %lu\n", control_physinfo()->free_pages * KIB_PER_PAGE);
	return 0;
}
