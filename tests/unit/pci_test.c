/* PCI configuration space: both ways to it, capability lists that are wrong, and the ports as a guest sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fakes/pci_fake.h>

static int set_up(void **state)
{
	(void)state;
	pci_fake_reset();
	return 0;
}

static void function_is_read_and_written_in_all_widths(void **state)
{
	(void)state;
	assert_int_equal(pci_config_read(PCI_FAKE_FUNCTION, 0, 4), 0x10008086);
	assert_int_equal(pci_config_read(PCI_FAKE_FUNCTION, 2, 2), 0x1000);
	assert_int_equal(pci_config_read(PCI_FAKE_FUNCTION, 1, 1), 0x80);
	pci_config_write(PCI_FAKE_FUNCTION, 0x3c, 1, 0x0b);
	pci_config_write(PCI_FAKE_FUNCTION, 0x3e, 2, 0xabcd);
	assert_int_equal(pci_fake_get(0x3c, 4), 0xabcd000b);
	pci_config_write(PCI_FAKE_FUNCTION, 0x10, 4, 0xdeadbeef);
	assert_int_equal(pci_fake_get(0x10, 4), 0xdeadbeef);
}

static void function_that_does_not_exist_reads_all_ones(void **state)
{
	(void)state;
	assert_int_equal(pci_config_read(pci_sbdf(0, 0, 0x20), 0, 4), UINT32_MAX);
	assert_false(pci_function_exists(pci_sbdf(0, 0, 0x20)));
	assert_true(pci_function_exists(PCI_FAKE_FUNCTION));
	assert_false(pci_function_is_virtual(PCI_FAKE_FUNCTION));
	assert_false(pci_function_is_virtual(pci_sbdf(0, 0, 0x20)));
}

static void virtual_function_exists_without_a_vendor(void **state)
{
	(void)state;
	pci_fake_set(PCI_VENDOR_ID, 4, UINT32_MAX);
	assert_true(pci_function_exists(PCI_FAKE_FUNCTION));
	assert_true(pci_function_is_virtual(PCI_FAKE_FUNCTION));
}

static void access_that_is_not_aligned_never_reaches_the_bus(void **state)
{
	(void)state;
	assert_int_equal(pci_config_read(PCI_FAKE_FUNCTION, 1, 2), UINT32_MAX);
	assert_int_equal(pci_config_read(PCI_FAKE_FUNCTION, 2, 4), UINT32_MAX);
	assert_int_equal(pci_config_read(PCI_FAKE_FUNCTION, 0, 3), UINT32_MAX);
	pci_config_write(PCI_FAKE_FUNCTION, 6, 4, 0);
	assert_int_equal(pci_fake_accesses, 0);
}

static void space_past_256_bytes_needs_memory(void **state)
{
	(void)state;
	assert_int_equal(pci_config_read(PCI_FAKE_FUNCTION, 0x100, 4), UINT32_MAX);
	assert_int_equal(pci_fake_accesses, 0);
}

static void capability_is_found_in_the_list(void **state)
{
	(void)state;
	pci_fake_set(PCI_CAPABILITY_POINTER, 1, 0x50);
	pci_fake_set(0x50, 2, 0x6001);
	pci_fake_set(0x60, 2, 0x7005);
	pci_fake_set(0x70, 2, 0x0011);
	assert_int_equal(pci_capability_find(PCI_FAKE_FUNCTION, PCI_CAPABILITY_MSI), 0x60);
	assert_int_equal(pci_capability_find(PCI_FAKE_FUNCTION, PCI_CAPABILITY_MSIX), 0x70);
	assert_int_equal(pci_capability_find(PCI_FAKE_FUNCTION, 0x10), 0);
}

static void low_bits_of_capability_pointers_are_ignored(void **state)
{
	(void)state;
	pci_fake_set(PCI_CAPABILITY_POINTER, 1, 0x53);
	pci_fake_set(0x50, 2, 0x6301);
	pci_fake_set(0x60, 2, 0x0005);
	assert_int_equal(pci_capability_find(PCI_FAKE_FUNCTION, PCI_CAPABILITY_MSI), 0x60);
}

static void capability_list_that_loops_ends(void **state)
{
	(void)state;
	pci_fake_set(PCI_CAPABILITY_POINTER, 1, 0x50);
	pci_fake_set(0x50, 2, 0x6001);
	pci_fake_set(0x60, 2, 0x5001);
	assert_int_equal(pci_capability_find(PCI_FAKE_FUNCTION, PCI_CAPABILITY_MSI), 0);
	assert_in_range(pci_fake_accesses, 1, 60);
}

static void capability_list_that_leads_into_the_header_ends(void **state)
{
	(void)state;
	pci_fake_set(PCI_CAPABILITY_POINTER, 1, 0x50);
	pci_fake_set(0x50, 2, 0x1001);
	pci_fake_set(0x10, 2, 0x0005);
	assert_int_equal(pci_capability_find(PCI_FAKE_FUNCTION, PCI_CAPABILITY_MSI), 0);
}

static void function_without_capabilities_has_none(void **state)
{
	(void)state;
	pci_fake_set(PCI_STATUS, 2, 0);
	pci_fake_set(PCI_CAPABILITY_POINTER, 1, 0x50);
	pci_fake_set(0x50, 2, 0x0005);
	assert_int_equal(pci_capability_find(PCI_FAKE_FUNCTION, PCI_CAPABILITY_MSI), 0);
}

static void bars_of_32_and_64_bits_are_read(void **state)
{
	paddr_t address;

	(void)state;
	pci_fake_set(PCI_BAR(0), 4, 0xfebf0000);
	pci_fake_set(PCI_BAR(2), 4, 0xc000000c);
	pci_fake_set(PCI_BAR(3), 4, 0x00000012);
	assert_int_equal(pci_bar_address(PCI_FAKE_FUNCTION, 0, &address), OK);
	assert_int_equal(address, 0xfebf0000);
	assert_int_equal(pci_bar_address(PCI_FAKE_FUNCTION, 2, &address), OK);
	assert_int_equal(address, 0x12c0000000);
}

static void bars_that_are_not_memory_are_refused(void **state)
{
	paddr_t address;

	(void)state;
	pci_fake_set(PCI_BAR(0), 4, 0xc001);
	pci_fake_set(PCI_BAR(5), 4, 0xc000000c);
	assert_int_equal(pci_bar_address(PCI_FAKE_FUNCTION, 0, &address), E_NXIO);
	assert_int_equal(pci_bar_address(PCI_FAKE_FUNCTION, 1, &address), E_NXIO);
	assert_int_equal(pci_bar_address(PCI_FAKE_FUNCTION, 5, &address), E_INVAL);
	assert_int_equal(pci_bar_address(PCI_FAKE_FUNCTION, 6, &address), E_INVAL);
	pci_fake_set(PCI_HEADER_TYPE, 1, 0x81);
	assert_int_equal(pci_bar_address(PCI_FAKE_FUNCTION, 2, &address), E_INVAL);
}

static void latch_is_four_bytes_at_its_port_only(void **state)
{
	(void)state;
	assert_true(pci_latch_is_address(0xcf8, 4));
	assert_false(pci_latch_is_address(0xcf8, 1));
	assert_false(pci_latch_is_address(0xcfb, 1));
	assert_false(pci_latch_is_address(0xcfc, 4));
}

static void latch_decodes_function_and_offset(void **state)
{
	const struct pci_latch latch = {0x8012fb40};
	struct pci_target target;

	(void)state;
	assert_true(pci_latch_target(&latch, 0xcfc, 4, &target));
	assert_int_equal(target.function.v, 0x12fb);
	assert_int_equal(target.offset, 0x40);
	assert_true(pci_latch_target(&latch, 0xcfe, 2, &target));
	assert_int_equal(target.offset, 0x42);
	assert_true(pci_latch_target(&latch, 0xcff, 1, &target));
	assert_int_equal(target.offset, 0x43);
}

static void latch_that_is_not_enabled_means_nothing(void **state)
{
	const struct pci_latch latch = {0x0012fb40};
	struct pci_target target;

	(void)state;
	assert_false(pci_latch_target(&latch, 0xcfc, 4, &target));
}

static void data_access_outside_of_its_four_ports_means_nothing(void **state)
{
	const struct pci_latch latch = {0x80000000};
	struct pci_target target;

	(void)state;
	assert_false(pci_latch_target(&latch, 0xcfb, 1, &target));
	assert_false(pci_latch_target(&latch, 0xd00, 1, &target));
	assert_false(pci_latch_target(&latch, 0xcfd, 2, &target));
	assert_false(pci_latch_target(&latch, 0xcfe, 4, &target));
	assert_false(pci_latch_target(&latch, 0xcff, 2, &target));
}

/* Last: the range stays. */
static void memory_space_reaches_other_segments_and_large_offsets(void **state)
{
	static uint8_t bus[1 << 20];

	(void)state;
	io_fake_add_memory(0xb0000000 + 5 * (1 << 20), bus, sizeof(bus), NULL);
	assert_int_equal(pci_mmcfg_add(0xb0000000, 1, 5, 6), OK);
	bus[(0x18 << 12) + 0x104] = 0x5a;
	assert_int_equal(pci_config_read(pci_sbdf(1, 5, 0x18), 0x104, 1), 0x5a);
	pci_config_write(pci_sbdf(1, 5, 0x18), 0x10, 2, 0x1234);
	assert_int_equal(bus[(0x18 << 12) + 0x11], 0x12);
	/* Bus 6 cannot be mapped, bus 4 is not in the range. */
	assert_int_equal(pci_config_read(pci_sbdf(1, 6, 0), 0, 2), 0xffff);
	assert_int_equal(pci_config_read(pci_sbdf(1, 4, 0), 0, 1), 0xff);
	assert_true(pci_mmcfg_owns_frame(mfn(0xb0500)));
	assert_false(pci_mmcfg_owns_frame(mfn(0xb04ff)));
	assert_true(pci_mmcfg_owns_frame(mfn(0xb06ff)));
	assert_false(pci_mmcfg_owns_frame(mfn(0xb0700)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(function_is_read_and_written_in_all_widths, set_up),
		cmocka_unit_test_setup(function_that_does_not_exist_reads_all_ones, set_up),
		cmocka_unit_test_setup(virtual_function_exists_without_a_vendor, set_up),
		cmocka_unit_test_setup(access_that_is_not_aligned_never_reaches_the_bus, set_up),
		cmocka_unit_test_setup(space_past_256_bytes_needs_memory, set_up),
		cmocka_unit_test_setup(capability_is_found_in_the_list, set_up),
		cmocka_unit_test_setup(low_bits_of_capability_pointers_are_ignored, set_up),
		cmocka_unit_test_setup(capability_list_that_loops_ends, set_up),
		cmocka_unit_test_setup(capability_list_that_leads_into_the_header_ends, set_up),
		cmocka_unit_test_setup(function_without_capabilities_has_none, set_up),
		cmocka_unit_test_setup(bars_of_32_and_64_bits_are_read, set_up),
		cmocka_unit_test_setup(bars_that_are_not_memory_are_refused, set_up),
		cmocka_unit_test_setup(latch_is_four_bytes_at_its_port_only, set_up),
		cmocka_unit_test_setup(latch_decodes_function_and_offset, set_up),
		cmocka_unit_test_setup(latch_that_is_not_enabled_means_nothing, set_up),
		cmocka_unit_test_setup(data_access_outside_of_its_four_ports_means_nothing, set_up),
		cmocka_unit_test_setup(memory_space_reaches_other_segments_and_large_offsets, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
