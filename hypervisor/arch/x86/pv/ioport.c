/*
 * Ports: which a domain may use, and what the others look like.
 *
 * No guest executes IN or OUT itself: each traps, and is done here if the port is permitted. The rest of domain 0's ports
 * falls into two kinds. Some are shared with the hypervisor and get through by ways that keep both apart: PCI
 * configuration, battery clock, timer channel 2 with its gate, ACPI's sleep control. Others are the hypervisor's: like all
 * ports of other domains they read as all ones and swallow writes, which is what an empty bus does.
 *
 *   IO1  A port is executed only if it is in the domain's set; nothing that a driver of the hypervisor owns ever is.
 *   IO2  An access of several bytes that is not permitted as a whole is taken apart into bytes.
 */
#include "ioport.h"
#include "io_permissions.h"
#include "../switch.h"
#include "../tlb.h"
#include <hyp/drivers/acpi_power.h>
#include <hyp/drivers/hpet.h>
#include <hyp/drivers/i8259.h>
#include <hyp/drivers/ioapic.h>
#include <hyp/drivers/lapic.h>
#include <hyp/drivers/pci.h>
#include <hyp/drivers/rtc.h>
#include <hyp/drivers/serial.h>
#include <hyp/guest.h>
#include <hyp/heap.h>
#include <hyp/io.h>

#define PIT_CHANNEL_0 0x40
#define PIT_CHANNEL_2 0x42
#define PIT_CONTROL 0x43
#define PIT_GATE 0x61
/* Gate of channel 2, speaker; and what clears and keeps off the NMIs of SERR and IOCHK. The others are read only. */
#define PIT_GATE_BITS 0x0fu
#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define RTC_INDEX_BITS 0x7fu
#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_LAST 0xcff
/* Bit 5 of the register's upper byte; of the lower one it is reserved. */
#define PM1_SLEEP_ENABLE UINT32_C(0x20202020)

static uint32_t ones(unsigned int bytes) { return UINT32_MAX >> (32 - 8 * bytes); }

static uint32_t native_in(uint16_t port, unsigned int bytes)
{
	return bytes == 1 ? io_in8(port) : bytes == 2 ? io_in16(port) : io_in32(port);
}

static void native_out(uint16_t port, unsigned int bytes, uint32_t value)
{
	if (bytes == 1)
		io_out8(port, (uint8_t)value);
	else if (bytes == 2)
		io_out16(port, (uint16_t)value);
	else
		io_out32(port, value);
}

/* Permissions. ----------------------------------------------------------------------------------------------------- */

/* Never in a domain's set. */
static bool port_is_hypervisors(uint16_t port)
{
	return i8259_owns_port(port) || serial_owns_port(port) || acpi_power_owns_port(port) ||
	       (port >= PIT_CHANNEL_0 && port <= PIT_CONTROL) || port == PIT_GATE || port == RTC_INDEX ||
	       port == RTC_DATA || (port >= PCI_DATA && port <= PCI_LAST);
}

/* The 1 MiB to which interrupt messages are written, the local APIC in it; and where AMD's CPUs keep their own cycles. */
#define MESSAGES_FIRST UINT64_C(0xfee00)
#define MESSAGES_LAST UINT64_C(0xfeeff)
#define HYPERTRANSPORT_FIRST UINT64_C(0xfd00000)
#define HYPERTRANSPORT_LAST UINT64_C(0xfffffff)

static enum status give_everything(struct io_permissions *p)
{
	enum status s = io_permissions_change(p, IO_PORTS, 0, IO_PORT_LAST, true);

	if (s == OK)
		s = io_permissions_change(p, IO_FRAMES, 0, IO_FRAME_LAST, true);
	if (s == OK)
		s = io_permissions_change(p, IO_IRQS, 0, IO_IRQ_LAST, true);
	for (uint32_t port = 0; s == OK && port <= IO_PORT_LAST; port++)
		if (port_is_hypervisors((uint16_t)port))
			s = io_permissions_change(p, IO_PORTS, port, port, false);
	if (s == OK)
		s = io_permissions_change(p, IO_FRAMES, MESSAGES_FIRST, MESSAGES_LAST, false);
	if (s == OK && cpu_features.amd)
		s = io_permissions_change(p, IO_FRAMES, HYPERTRANSPORT_FIRST, HYPERTRANSPORT_LAST, false);
	if (s == OK && serial_irq())
		s = io_permissions_change(p, IO_IRQS, serial_irq(), serial_irq(), false);
	return s;
}

enum status pv_domain_io_init(struct domain *d)
{
	enum status s;

	if (!d->privileged)
		return OK;
	d->arch.io = heap_alloc(sizeof(*d->arch.io));
	if (!d->arch.io)
		return E_NOMEM;
	s = give_everything(d->arch.io);
	if (s)
		pv_domain_io_free(d);
	return s;
}

void pv_domain_io_free(struct domain *d)
{
	heap_free(d->arch.io, sizeof(*d->arch.io));
	d->arch.io = NULL;
}

enum status domain_io_change(struct domain *d, enum io_kind kind, uint64_t first, uint64_t last, bool allow)
{
	if (kind == IO_PORTS && (first > last || last > IO_PORT_LAST))
		return E_INVAL;
	for (uint64_t port = first; allow && kind == IO_PORTS && port <= last; port++)
		if (port_is_hypervisors((uint16_t)port))
			return E_PERM;
	if (!d->arch.io && !allow)
		return OK;
	if (!d->arch.io) {
		struct io_permissions *p = heap_alloc(sizeof(*p));

		if (!p)
			return E_NOMEM;
		/* The domain's CPUs look at it without d->lock. */
		__atomic_store_n(&d->arch.io, p, __ATOMIC_RELEASE);
	}
	return io_permissions_change(d->arch.io, kind, first, last, allow);
}

bool domain_io_is_allowed(const struct domain *d, enum io_kind kind, uint64_t first, uint64_t last)
{
	return io_permissions_allow(__atomic_load_n(&d->arch.io, __ATOMIC_ACQUIRE), kind, first, last);
}

bool io_port_is_permitted(const struct domain *d, uint16_t port, unsigned int bytes)
{
	return domain_io_is_allowed(d, IO_PORTS, port, (uint64_t)port + bytes - 1);
}

bool arch_iomem_may_map(const struct domain *d, mfn_t frame, bool writable)
{
	if (frame.v > IO_FRAME_LAST || frame.v >> (cpu_features.physical_bits - PAGE_SHIFT))
		return false;
	/* Memory is its owner's, whatever a set says. */
	if (machine_frame_is_ram(frame))
		return false;
	if (lapic_owns_frame(frame) || (frame.v >= MESSAGES_FIRST && frame.v <= MESSAGES_LAST))
		return false;
	if (cpu_features.amd && frame.v >= HYPERTRANSPORT_FIRST && frame.v <= HYPERTRANSPORT_LAST)
		return false;
	/* Ours, and others may look. */
	if (writable && (hpet_owns_frame(frame) || ioapic_owns_frame(frame)))
		return false;
	return domain_io_is_allowed(d, IO_FRAMES, frame.v, frame.v);
}

/* PCI configuration: each domain has its own latch, and the access is made under the driver's lock. ----------------- */

static bool is_pci_data(uint16_t port) { return port >= PCI_DATA && port <= PCI_LAST; }

static uint32_t pci_in(struct domain *d, uint16_t port, unsigned int bytes)
{
	struct pci_latch latch = {.address = read_once(d->arch.pci_config_address)};
	struct pci_target target;

	if (pci_latch_is_address(port, bytes))
		return latch.address;
	if (!pci_latch_target(&latch, port, bytes, &target))
		return ones(bytes);
	return pci_config_read(target.function, target.offset, bytes);
}

static void pci_out(struct domain *d, uint16_t port, unsigned int bytes, uint32_t value)
{
	struct pci_latch latch = {.address = read_once(d->arch.pci_config_address)};
	struct pci_target target;

	if (pci_latch_is_address(port, bytes))
		write_once(d->arch.pci_config_address, value);
	else if (pci_latch_target(&latch, port, bytes, &target))
		pci_config_write(target.function, target.offset, bytes, value);
}

/* Domain 0's shared ports, a byte at a time. ----------------------------------------------------------------------- */

/* Of the timer's control words only those for channel 2 alone: bits 7:6 name the channel, 3 is "read back" with the
   channels in bits 3:1. */
static bool pit_control_is_channel_2(uint8_t word)
{
	unsigned int channel = word >> 6;

	return channel == 2 || (channel == 3 && (word & 0x0e) == 0x08);
}

static uint8_t shared_in(struct domain *d, uint16_t port)
{
	switch (port) {
	case PIT_CHANNEL_2:
	case PIT_GATE:
		return io_in8(port);
	case RTC_INDEX:
		return d->arch.rtc_index;
	case RTC_DATA:
		return rtc_cmos_read(d->arch.rtc_index);
	default:
		return acpi_power_owns_port(port) ? io_in8(port) : 0xff;
	}
}

static void shared_out(struct domain *d, uint16_t port, uint8_t value)
{
	switch (port) {
	case PIT_CHANNEL_2:
		io_out8(port, value);
		break;
	case PIT_CONTROL:
		if (pit_control_is_channel_2(value))
			io_out8(port, value);
		break;
	case PIT_GATE:
		io_out8(port, value & PIT_GATE_BITS);
		break;
	case RTC_INDEX:
		/* The other bit would mask the hypervisor's NMIs. */
		d->arch.rtc_index = value & RTC_INDEX_BITS;
		break;
	case RTC_DATA:
		rtc_cmos_write(d->arch.rtc_index, value);
		break;
	default:
		break;
	}
}

/* What other domains see of the PC: nothing, but a timer that is not all ones. A kernel that calibrates by it would wait
   for as long as it reads so. */
static uint8_t absent_in(uint16_t port)
{
	switch (port) {
	case PIT_CHANNEL_2:
	case PIT_CONTROL:
		return 0;
	case PIT_GATE:
		return 0x20;
	default:
		return 0xff;
	}
}

static uint8_t byte_in(struct domain *d, uint16_t port)
{
	if (io_port_is_permitted(d, port, 1))
		return io_in8(port);
	return d->privileged ? shared_in(d, port) : absent_in(port);
}

static void byte_out(struct domain *d, uint16_t port, uint8_t value)
{
	if (io_port_is_permitted(d, port, 1))
		io_out8(port, value);
	else if (d->privileged)
		shared_out(d, port, value);
}

/* The whole access is to sleep control: one access to the chipset, without the bit that sends the machine to sleep. That
   is a hypercall's, which stops the other CPUs first. */
static bool is_sleep_control(const struct domain *d, uint16_t port, unsigned int bytes)
{
	return d->privileged && acpi_power_owns_port(port) && acpi_power_owns_port((uint16_t)(port + bytes - 1));
}

static bool is_pci(const struct domain *d, uint16_t port, unsigned int bytes)
{
	return d->privileged && (pci_latch_is_address(port, bytes) || is_pci_data(port));
}

uint32_t pv_port_in(struct vcpu *v, uint16_t port, unsigned int bytes)
{
	struct domain *d = v->domain;
	uint32_t value = 0;

	if (port + bytes - 1 > IO_PORT_LAST)
		return ones(bytes);
	if (is_pci(d, port, bytes))
		return pci_in(d, port, bytes);
	if (is_sleep_control(d, port, bytes) || io_port_is_permitted(d, port, bytes))
		return native_in(port, bytes);
	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint32_t)byte_in(d, (uint16_t)(port + i)) << (8 * i);
	return value;
}

void pv_port_out(struct vcpu *v, uint16_t port, unsigned int bytes, uint32_t value)
{
	struct domain *d = v->domain;

	if (port + bytes - 1 > IO_PORT_LAST)
		return;
	if (is_pci(d, port, bytes)) {
		pci_out(d, port, bytes, value);
	} else if (is_sleep_control(d, port, bytes)) {
		native_out(port, bytes, value & ~PM1_SLEEP_ENABLE);
	} else if (io_port_is_permitted(d, port, bytes)) {
		native_out(port, bytes, value);
	} else {
		for (unsigned int i = 0; i < bytes; i++)
			byte_out(d, (uint16_t)(port + i), (uint8_t)(value >> (8 * i)));
	}
}

/* The guest kernel's bitmap of a user's ports, which lies in the kernel's address space; a clear bit permits. */
static bool bitmap_read(struct vcpu *v, uint16_t port, unsigned int bytes, uint32_t *bits)
{
	bool switches = !v->arch.in_kernel;
	uint8_t read[2] = {0xff, 0xff};
	enum status s;

	if (switches)
		root_switch(this_cpu(), v->roots.kernel, TLB_SPACE_KERNEL);
	s = guest_copy_in(v, read, v->arch.io_bitmap + port / 8, port % 8 + bytes > 8 ? 2 : 1);
	if (switches)
		vcpu_switch_root(this_cpu(), v);
	*bits = (uint32_t)(read[0] | read[1] << 8) >> (port % 8);
	return s == OK;
}

bool pv_port_is_open(struct vcpu *v, uint16_t port, unsigned int bytes)
{
	uint32_t bits, wanted = (UINT32_C(1) << bytes) - 1;

	if (pv_iopl_permits(v))
		return true;
	if (!v->arch.io_bitmap || (uint32_t)port + bytes > v->arch.io_bitmap_ports)
		return false;
	return bitmap_read(v, port, bytes, &bits) && !(bits & wanted);
}
