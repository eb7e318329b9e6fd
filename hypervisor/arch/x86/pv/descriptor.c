/*
 * Which segment descriptors a paravirtual guest may have (Intel SDM vol. 3, 3.4.5).
 *
 * Code and data segments of ring 3, and nothing that the CPU gives a meaning of its own: no task, no gates, no LDT.
 * Code that is conforming keeps its privilege, so it is refused unless it is ring 3's; everything else gets ring 3.
 * The accessed bit is set beforehand, so that the CPU never writes to the page.
 */
#include "pv.h"

#define DESCRIPTOR_PRESENT BIT(47)
#define DESCRIPTOR_SEGMENT BIT(44) /* code or data */
#define DESCRIPTOR_PRIVILEGE (BIT(45) | BIT(46))
#define DESCRIPTOR_CODE BIT(43)
#define DESCRIPTOR_CONFORMING BIT(42)
#define DESCRIPTOR_ACCESSED BIT(40)
#define DESCRIPTOR_LONG BIT(53)
#define DESCRIPTOR_DEFAULT_32 BIT(54)

enum status pv_descriptor_fix(uint64_t *descriptor)
{
	uint64_t d = *descriptor;

	/* The CPU loads nothing from a descriptor that is not present. */
	if (!(d & DESCRIPTOR_PRESENT))
		return OK;
	if (!(d & DESCRIPTOR_SEGMENT))
		return E_INVAL;
	/* Both sizes at once is reserved. */
	if (d & DESCRIPTOR_CODE && d & DESCRIPTOR_LONG && d & DESCRIPTOR_DEFAULT_32)
		return E_INVAL;
	if (d & DESCRIPTOR_CODE && d & DESCRIPTOR_CONFORMING && (d & DESCRIPTOR_PRIVILEGE) != DESCRIPTOR_PRIVILEGE)
		return E_INVAL;
	*descriptor = d | DESCRIPTOR_PRIVILEGE | DESCRIPTOR_ACCESSED;
	return OK;
}

enum status arch_segment_page_check(uint64_t *page)
{
	for (unsigned int i = 0; i < PAGE_BYTES / sizeof(*page); i++) {
		uint64_t d = page[i];
		enum status s;

		if (!d)
			continue;
		s = pv_descriptor_fix(&d);
		if (s != OK)
			return s;
		page[i] = d;
	}
	return OK;
}
