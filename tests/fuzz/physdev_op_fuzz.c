/*
 * physdev_op by domain 0 and by others, with any arguments: nothing that is domain 0's is reached by others, the numbers
 * that are handed on are in range, references are given back, and it ends with a status.
 */
#include <fakes/machine_fuzz.h>

#include <arch/x86/pv/physdev.c>

static unsigned int references;

struct domain *domain_find_for(struct domain *d, domid_t id)
{
	if (id != DOMID_SELF && next8() % 4 == 0)
		return NULL;
	references++;
	return d;
}

void domain_put(struct domain *d)
{
	CHECK(d == &caller && references);
	references--;
}

enum status ioapic_register_read(paddr_t address, uint32_t index, uint32_t *value)
{
	(void)address;
	*value = index;
	return answer_to_domain_0();
}

enum status irq_gsi_setup(uint32_t gsi, bool level, bool active_low)
{
	(void)level;
	(void)active_low;
	CHECK(gsi <= INT32_MAX);
	return answer_to_domain_0();
}

void irq_function_restore(pci_sbdf_t function)
{
	(void)function;
	CHECK(caller.privileged);
}

void irq_function_gone(pci_sbdf_t function)
{
	(void)function;
	CHECK(caller.privileged);
}

enum status irq_source_find_table(pci_sbdf_t function, paddr_t virtual_base, struct msix_table *table)
{
	(void)function;
	(void)virtual_base;
	(void)table;
	return answer_to_domain_0();
}

enum status msix_find(pci_sbdf_t function, struct msix_capability *msix)
{
	(void)function;
	(void)msix;
	return answer_to_domain_0();
}

bool pci_function_exists(pci_sbdf_t function)
{
	(void)function;
	return answer_to_domain_0() == OK;
}

enum status pci_mmcfg_add(paddr_t address, uint16_t segment, uint8_t bus_first, uint8_t bus_last)
{
	(void)segment;
	CHECK(bus_first <= bus_last && !(address & (BIT(MMCFG_BUS_SHIFT) - 1)));
	return answer_to_domain_0();
}

bool pci_mmcfg_owns_frame(mfn_t frame)
{
	(void)frame;
	return answer_to_domain_0() == OK;
}

enum status pirq_check(const struct domain *d, uint32_t pirq)
{
	(void)d;
	(void)pirq;
	return answer();
}

enum status pirq_end(struct domain *d, uint32_t pirq) { return pirq_check(d, pirq); }

enum status pirq_set_end_page(struct domain *d, gfn_t frame, bool unmask_on_end)
{
	(void)d;
	(void)frame;
	(void)unmask_on_end;
	return answer();
}

enum status pirq_reserve(struct domain *d, uint32_t *pirq)
{
	(void)d;
	*pirq = next8();
	return answer();
}

enum status pirq_map_gsi(struct domain *d, int64_t gsi, int64_t wanted, uint32_t *pirq)
{
	(void)gsi;
	(void)wanted;
	CHECK(d == &caller && references);
	*pirq = next8();
	return answer_to_domain_0();
}

enum status pirq_map_msi(struct domain *d, pci_sbdf_t function, int64_t wanted, uint32_t *pirq)
{
	(void)function;
	return pirq_map_gsi(d, 0, wanted, pirq);
}

enum status pirq_map_msix(struct domain *d, pci_sbdf_t function, unsigned int entry, paddr_t virtual_base, int64_t wanted,
			  uint32_t *pirq)
{
	(void)function;
	(void)virtual_base;
	CHECK(entry <= INT32_MAX);
	return pirq_map_gsi(d, 0, wanted, pirq);
}

enum status pirq_unmap(struct domain *d, int64_t pirq)
{
	(void)pirq;
	CHECK(d == &caller && references);
	return answer_to_domain_0();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	input = bytes;
	input_left = count;
	while (input_left) {
		uint8_t operation = next8(), how = next8();
		struct hypercall call = {.arg = {operation % 40, how % 16 ? GUEST_START : argument_word()}};
		long result;

		caller.privileged = how & 0x80;
		arguments_make();
		result = hypercall_physdev_op(&caller_vcpu, &call);
		CHECK(result <= OK && result != E_RESTART && !references);
		CHECK(caller_vcpu.arch.iopl <= IOPL_MAX && caller_vcpu.arch.io_bitmap_ports <= PORTS);
	}
	return 0;
}
