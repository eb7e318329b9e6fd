/* Messages: how they are composed, and that devices never send a mixed one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fakes/pci_fake.h>
#include <hyp/drivers/msi.h>

#define AT 0x50
#define BAR_ADDRESS 0xfebf0000u
#define TABLE_OFFSET 0x800u

static bool sent_while_changed;

/* MSI: enabled, and not masked where it can be. */
static void watch_msi(unsigned int offset, unsigned int bytes, uint32_t value)
{
	uint32_t control = pci_fake_get(AT + 2, 2);
	unsigned int masks = AT + (control & 0x80 ? 16 : 12);

	(void)bytes;
	(void)value;
	if (offset < AT + 4 || offset >= masks)
		return;
	if ((control & 1) && (!(control & 0x100) || pci_fake_get(masks, 4) != UINT32_MAX))
		sent_while_changed = true;
}

static uint8_t bar[0x1000];

static int set_up(void **state)
{
	(void)state;
	pci_fake_reset();
	memset(bar, 0, sizeof(bar));
	pci_fake_set(PCI_CAPABILITY_POINTER, 1, AT);
	pci_fake_written = watch_msi;
	sent_while_changed = false;
	return 0;
}

static struct msi_capability msi_of(uint32_t control)
{
	struct msi_capability msi;

	pci_fake_set(AT, 2, PCI_CAPABILITY_MSI);
	pci_fake_set(AT + 2, 2, control);
	assert_int_equal(msi_find(PCI_FAKE_FUNCTION, &msi), OK);
	return msi;
}

static void message_names_vector_and_cpu(void **state)
{
	struct msi_message m;

	(void)state;
	assert_int_equal(msi_compose(0x5a, 0x31, false, &m), OK);
	assert_int_equal(m.address, 0xfee5a000);
	assert_int_equal(m.data, 0x31);
}

static void message_to_an_extended_id_has_its_high_bits(void **state)
{
	struct msi_message m;

	(void)state;
	assert_int_equal(msi_compose(0x7fab, 0x31, true, &m), OK);
	assert_int_equal(m.address, 0xfeeab000 | 0x7f << 5);
}

static void message_to_an_id_that_does_not_fit_is_refused(void **state)
{
	struct msi_message m;

	(void)state;
	assert_int_equal(msi_compose(0x100, 0x31, false, &m), E_RANGE);
	assert_int_equal(msi_compose(0x8000, 0x31, true, &m), E_RANGE);
	assert_int_equal(msi_compose(0, 15, false, &m), E_INVAL);
}

static void capability_is_decoded(void **state)
{
	struct msi_capability msi;

	(void)state;
	assert_int_equal(msi_find(PCI_FAKE_FUNCTION, &msi), E_NODEV);
	msi = msi_of(0x0186 | 0x100);
	assert_int_equal(msi.offset, AT);
	assert_true(msi.is_64_bit);
	assert_true(msi.has_masks);
	assert_int_equal(msi.vectors_log2_max, 3);
	/* Six and seven are reserved. */
	assert_int_equal(msi_of(0x000e).vectors_log2_max, 5);
}

static void message_is_written_where_the_form_has_it(void **state)
{
	const struct msi_message m = {0xfee01000, 0x41};
	struct msi_capability msi = msi_of(0);

	(void)state;
	assert_int_equal(msi_program(PCI_FAKE_FUNCTION, &msi, &m, 0), OK);
	assert_int_equal(pci_fake_get(AT + 4, 4), 0xfee01000);
	assert_int_equal(pci_fake_get(AT + 8, 2), 0x41);
	msi = msi_of(0x80);
	pci_fake_set(AT + 8, 4, 0x12345678);
	assert_int_equal(msi_program(PCI_FAKE_FUNCTION, &msi, &m, 0), OK);
	assert_int_equal(pci_fake_get(AT + 8, 4), 0);
	assert_int_equal(pci_fake_get(AT + 12, 2), 0x41);
}

static void programming_leaves_msi_disabled_and_masked(void **state)
{
	const struct msi_message m = {0xfee01000, 0x40};
	struct msi_capability msi = msi_of(0x0187);

	(void)state;
	assert_int_equal(msi_program(PCI_FAKE_FUNCTION, &msi, &m, 2), OK);
	assert_int_equal(pci_fake_get(AT + 2, 2), 0x01a6);
	assert_int_equal(pci_fake_get(AT + 16, 4), UINT32_MAX);
	assert_false(sent_while_changed);
	msi_enable(PCI_FAKE_FUNCTION, &msi, true);
	assert_int_equal(pci_fake_get(AT + 2, 2), 0x01a7);
	assert_true(msi_mask(PCI_FAKE_FUNCTION, &msi, 1, false));
	assert_int_equal(pci_fake_get(AT + 16, 4), ~2u);
}

static void more_vectors_than_the_function_has_are_refused(void **state)
{
	const struct msi_message aligned = {0xfee01000, 0x40}, odd = {0xfee01000, 0x42};
	struct msi_capability msi = msi_of(0x0004);

	(void)state;
	assert_int_equal(msi_program(PCI_FAKE_FUNCTION, &msi, &aligned, 3), E_INVAL);
	assert_int_equal(msi_program(PCI_FAKE_FUNCTION, &msi, &odd, 2), E_INVAL);
	assert_int_equal(pci_fake_get(AT + 4, 4), 0);
}

static void address_of_64_bits_is_refused_by_a_function_of_32(void **state)
{
	const struct msi_message m = {0x1fee01000, 0x40};
	struct msi_capability msi = msi_of(0);

	(void)state;
	assert_int_equal(msi_program(PCI_FAKE_FUNCTION, &msi, &m, 0), E_RANGE);
}

static void moving_never_sends_a_mixed_message(void **state)
{
	static const uint32_t controls[] = {0x0001, 0x0081, 0x0101, 0x0181};
	const struct msi_message m = {0xfee02000, 0x52};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(controls); i++) {
		struct msi_capability msi = msi_of(controls[i]);
		unsigned int masks = AT + (msi.is_64_bit ? 16 : 12);

		pci_fake_set(masks, 4, 0);
		assert_int_equal(msi_move(PCI_FAKE_FUNCTION, &msi, &m), OK);
		assert_int_equal(pci_fake_get(AT + 2, 2), controls[i]);
		assert_int_equal(pci_fake_get(AT + 4, 4), 0xfee02000);
		if (msi.has_masks)
			assert_int_equal(pci_fake_get(masks, 4), 0);
	}
	assert_false(sent_while_changed);
}

static void vector_without_a_mask_bit_says_so(void **state)
{
	struct msi_capability msi = msi_of(0x0081);

	(void)state;
	assert_false(msi_mask(PCI_FAKE_FUNCTION, &msi, 0, true));
}

/* MSI-X: 4 entries at BAR 1 + TABLE_OFFSET. */
static struct msix_capability msix_present(void)
{
	struct msix_capability msix;

	pci_fake_set(AT, 2, PCI_CAPABILITY_MSIX);
	pci_fake_set(AT + 2, 2, 3);
	pci_fake_set(AT + 4, 4, TABLE_OFFSET | 1);
	pci_fake_set(PCI_BAR(1), 4, BAR_ADDRESS);
	pci_fake_set(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	io_fake_add_memory(BAR_ADDRESS, bar, sizeof(bar), NULL);
	assert_int_equal(msix_find(PCI_FAKE_FUNCTION, &msix), OK);
	return msix;
}

static enum status table_map(const struct msix_capability *msix, struct msix_table *table)
{
	paddr_t base;

	assert_int_equal(msix_bar_address(PCI_FAKE_FUNCTION, msix, 0, &base), OK);
	assert_int_equal(base, BAR_ADDRESS);
	return msix_table_map(base + msix->table_offset, msix->entries, table);
}

static void msix_capability_is_decoded(void **state)
{
	struct msix_capability msix = msix_present();

	(void)state;
	assert_int_equal(msix.entries, 4);
	assert_int_equal(msix.bar, 1);
	assert_int_equal(msix.table_offset, TABLE_OFFSET);
}

static void msix_entry_is_written_masked(void **state)
{
	const struct msi_message m = {0xfee01000, 0x61};
	struct msix_capability msix = msix_present();
	struct msix_table table;
	uint32_t entry[4];

	(void)state;
	assert_int_equal(table_map(&msix, &table), OK);
	assert_int_equal(table.address, BAR_ADDRESS + TABLE_OFFSET);
	assert_int_equal(msix_program(&table, 2, &m), OK);
	memcpy(entry, bar + TABLE_OFFSET + 32, sizeof(entry));
	assert_int_equal(entry[0], 0xfee01000);
	assert_int_equal(entry[1], 0);
	assert_int_equal(entry[2], 0x61);
	assert_int_equal(entry[3], 1);
	msix_mask(&table, 2, false);
	assert_false(msix_is_masked(&table, 2));
}

static void msix_entry_past_the_table_is_refused(void **state)
{
	const struct msi_message m = {0xfee01000, 0x61};
	struct msix_capability msix = msix_present();
	struct msix_table table;

	(void)state;
	assert_int_equal(table_map(&msix, &table), OK);
	assert_int_equal(msix_program(&table, 4, &m), E_INVAL);
}

static void msix_table_that_is_not_decoded_is_refused(void **state)
{
	struct msix_capability msix = msix_present();
	paddr_t base;

	(void)state;
	pci_fake_set(PCI_COMMAND, 2, 0);
	assert_int_equal(msix_bar_address(PCI_FAKE_FUNCTION, &msix, 0, &base), E_NXIO);
	pci_fake_set(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	pci_fake_set(PCI_BAR(1), 4, 0);
	assert_int_equal(msix_bar_address(PCI_FAKE_FUNCTION, &msix, 0, &base), E_NXIO);
	msix.bar = 7;
	assert_int_equal(msix_bar_address(PCI_FAKE_FUNCTION, &msix, 0, &base), E_NXIO);
}

static void msix_table_of_a_virtual_function_is_where_the_caller_says(void **state)
{
	struct msix_capability msix;
	paddr_t base;

	(void)state;
	pci_fake_set(PCI_VENDOR_ID, 4, UINT32_MAX);
	msix = msix_present();
	pci_fake_set(PCI_BAR(1), 4, 0);
	pci_fake_set(PCI_COMMAND, 2, 0);
	assert_int_equal(msix_bar_address(PCI_FAKE_FUNCTION, &msix, 0xfd000000, &base), OK);
	assert_int_equal(base, 0xfd000000);
	assert_int_equal(msix_bar_address(PCI_FAKE_FUNCTION, &msix, 0, &base), E_NXIO);
}

static void msix_is_enabled_and_masked_as_a_whole(void **state)
{
	struct msix_capability msix = msix_present();

	(void)state;
	msix_enable(PCI_FAKE_FUNCTION, &msix, true, true);
	assert_int_equal(pci_fake_get(AT + 2, 2), 0xc003);
	msix_enable(PCI_FAKE_FUNCTION, &msix, true, false);
	assert_int_equal(pci_fake_get(AT + 2, 2), 0x8003);
	msix_enable(PCI_FAKE_FUNCTION, &msix, false, false);
	assert_int_equal(pci_fake_get(AT + 2, 2), 0x0003);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(message_names_vector_and_cpu, set_up),
		cmocka_unit_test_setup(message_to_an_extended_id_has_its_high_bits, set_up),
		cmocka_unit_test_setup(message_to_an_id_that_does_not_fit_is_refused, set_up),
		cmocka_unit_test_setup(capability_is_decoded, set_up),
		cmocka_unit_test_setup(message_is_written_where_the_form_has_it, set_up),
		cmocka_unit_test_setup(programming_leaves_msi_disabled_and_masked, set_up),
		cmocka_unit_test_setup(more_vectors_than_the_function_has_are_refused, set_up),
		cmocka_unit_test_setup(address_of_64_bits_is_refused_by_a_function_of_32, set_up),
		cmocka_unit_test_setup(moving_never_sends_a_mixed_message, set_up),
		cmocka_unit_test_setup(vector_without_a_mask_bit_says_so, set_up),
		cmocka_unit_test_setup(msix_capability_is_decoded, set_up),
		cmocka_unit_test_setup(msix_entry_is_written_masked, set_up),
		cmocka_unit_test_setup(msix_entry_past_the_table_is_refused, set_up),
		cmocka_unit_test_setup(msix_table_that_is_not_decoded_is_refused, set_up),
		cmocka_unit_test_setup(msix_table_of_a_virtual_function_is_where_the_caller_says, set_up),
		cmocka_unit_test_setup(msix_is_enabled_and_masked_as_a_whole, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
