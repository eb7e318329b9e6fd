#pragma once
/* Why the machine raised an NMI: port 0x61 (Intel, the ICH's and later chipsets' "NMI Status and Control"). */
#include <hyp/abi.h>
#include <stdint.h>

#define NMI_STATUS_PORT 0x61
#define NMI_STATUS_IO_CHECK 0x40u
#define NMI_STATUS_SERR 0x80u
#define NMI_STATUS_ABSENT 0xffu

/* The bits that a kernel finds in shared_info.arch.nmi_reason, from what the port says. */
static inline uint32_t nmi_reason_of(uint8_t status)
{
	uint32_t reason = 0;

	if (status != NMI_STATUS_ABSENT && status & NMI_STATUS_IO_CHECK)
		reason |= XEN_NMIREASON_io_error;
	if (status != NMI_STATUS_ABSENT && status & NMI_STATUS_SERR)
		reason |= XEN_NMIREASON_pci_serr;
	return reason ? reason : XEN_NMIREASON_unknown;
}
