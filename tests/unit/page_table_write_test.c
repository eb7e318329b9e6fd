/* Changes of single entries: each way that is shorter than the general one, and what it must not leave out; and what comes
   between two types of a frame. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/page_table_model.h"

/* What other CPUs do once, right after this one has looked at the TLB clock for a stamp. */
static void (*others)(void);

static uint16_t clock_then_others(void)
{
	uint16_t now = tlb_clock_now();
	void (*then)(void) = others;

	others = NULL;
	if (then)
		then();
	return now;
}

#define tlb_clock_now clock_then_others
#include "core/mm/page_ref.h"
#include "core/mm/page_type.c"
#undef tlb_clock_now

static struct pt_model m;
static struct domain *self, *other;
static struct page *table, *memory, *foreign;

enum { SLOT = 3 };

static int a_table_in_use(void **state)
{
	(void)state;
	pt_model_start(&m);
	self = &m.dom[0].d;
	other = &m.dom[1].d;
	table = pt_page(&m.dom[0], 0);
	memory = pt_page(&m.dom[0], 1);
	foreign = pt_page(&m.dom[1], 1);
	assert_int_equal(page_get(table, self), OK);
	assert_int_equal(page_table_pin(self, table, 1), OK);
	return 0;
}

static uint64_t entry_for(const struct page *p, uint64_t flags) { return fake_pte(page_to_mfn(p), flags); }

static enum status write_as(struct domain *owner, uint64_t raw)
{
	struct pt_write w = {.owner = owner, .raw = raw};

	return page_table_write(self, table, SLOT, &w);
}

static enum status write(uint64_t raw) { return write_as(self, raw); }

static uint64_t entry(void) { return pt_contents(table)[SLOT]; }

/* General references beside the owner's, and uses as writable. */
static void expect_uses(const struct page *p, unsigned int general, unsigned int writable)
{
	assert_int_equal((p->count & PAGE_COUNT_MASK) - 1, general);
	assert_int_equal((p->type & PAGE_TYPE_MASK) == PAGE_TYPE_WRITABLE ? p->type & PAGE_TYPE_COUNT_MASK : 0, writable);
}

static void a_leaf_that_becomes_read_only_gives_up_its_writing_alone(void **state)
{
	(void)state;
	assert_int_equal(write(entry_for(memory, FAKE_PTE_WRITABLE)), OK);
	expect_uses(memory, 1, 1);
	assert_int_equal(write(entry_for(memory, 0)), OK);
	expect_uses(memory, 1, 0);
	assert_int_equal(entry(), entry_for(memory, FAKE_PTE_FORCED));
	assert_int_equal(write(0), OK);
	expect_uses(memory, 0, 0);
}

static void a_leaf_that_becomes_read_only_stamps_the_frame_for_its_next_type(void **state)
{
	(void)state;
	assert_int_equal(write(entry_for(memory, FAKE_PTE_WRITABLE)), OK);
	fake_tlb_load(0, page_to_mfn(memory));
	assert_int_equal(write(entry_for(memory, 0)), OK);
	assert_true(fake_tlb_has(0, page_to_mfn(memory)));
	/* The next use as a table flushes the TLB that could still write. */
	assert_int_equal(page_get(memory, self), OK);
	assert_int_equal(page_table_pin(self, memory, 1), OK);
	assert_false(fake_tlb_has(0, page_to_mfn(memory)));
}

static pthread_t mapper;
static bool mapper_is_done;

/* Maps and unmaps the frame; CPU 1 writes through the mapping. */
static void *maps_and_unmaps(void *arg)
{
	bool mapped = write(entry_for(memory, FAKE_PTE_WRITABLE)) == OK;

	fake_tlb_load(1, page_to_mfn(memory));
	__atomic_store_n(&mapper_is_done, mapped && write(0) == OK, __ATOMIC_SEQ_CST);
	return arg;
}

/* CPU 1 flushes, and loads the frame anew by a mapping that comes and goes, as far as that does not have to wait. */
static void map_and_unmap_meanwhile(void)
{
	fake_tlb_flush_own(1);
	assert_int_equal(pthread_create(&mapper, NULL, maps_and_unmaps, NULL), 0);
	while (!__atomic_load_n(&mapper_is_done, __ATOMIC_SEQ_CST) && !__atomic_load_n(&fake_lock_waits, __ATOMIC_SEQ_CST))
		(void)sched_yield();
}

/* XSA-401. Who drops a use has no lock (a copy to a granted frame, MMUEXT_CLEAR_PAGE). */
static void the_stamp_of_a_frames_last_use_is_not_older_than_a_use_that_came_between(void **state)
{
	(void)state;
	mapper_is_done = false;
	fake_lock_wait_is_fatal = false;
	assert_int_equal(page_get_with_writable(memory, self), OK);
	others = map_and_unmap_meanwhile;
	page_put_with_writable(memory);
	assert_null(others);
	pthread_join(mapper, NULL);
	fake_lock_wait_is_fatal = true;
	assert_true(mapper_is_done);

	/* T5 */
	expect_uses(memory, 0, 0);
	assert_true(fake_tlb_has(1, page_to_mfn(memory)));
	assert_int_equal(page_get(memory, self), OK);
	assert_int_equal(page_table_pin(self, memory, 1), OK);
	assert_false(fake_tlb_has(1, page_to_mfn(memory)));
}

static void a_leaf_that_becomes_writable_is_asked_for_everything(void **state)
{
	(void)state;
	assert_int_equal(write(entry_for(memory, 0)), OK);
	/* In use as a table: never writable. */
	assert_int_equal(page_get(memory, self), OK);
	assert_int_equal(page_table_pin(self, memory, 2), OK);
	assert_int_equal(write(entry_for(memory, FAKE_PTE_WRITABLE)), E_INVAL);
	assert_int_equal(entry(), entry_for(memory, FAKE_PTE_FORCED));
	expect_uses(memory, 2, 0);
}

static void a_foreign_leaf_becomes_writable_only_for_who_names_its_owner(void **state)
{
	(void)state;
	assert_int_equal(write_as(other, entry_for(foreign, 0)), OK);
	expect_uses(foreign, 1, 0);
	assert_int_equal(write(entry_for(foreign, FAKE_PTE_WRITABLE)), E_INVAL);
	expect_uses(foreign, 1, 0);
	assert_int_equal(write_as(other, entry_for(foreign, FAKE_PTE_WRITABLE)), OK);
	expect_uses(foreign, 1, 1);
}

static void no_way_lets_a_forbidden_bit_in(void **state)
{
	static const uint64_t before[] = {0, FAKE_PTE_PRESENT, FAKE_PTE_PRESENT | FAKE_PTE_WRITABLE};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(before); i++) {
		uint64_t was;

		assert_int_equal(write(before[i] ? entry_for(memory, before[i]) : 0), OK);
		was = entry();
		/* The same frame, with the same rights and with fewer, and another. */
		assert_int_equal(write(entry_for(memory, FAKE_PTE_FORBIDDEN | FAKE_PTE_WRITABLE)), E_INVAL);
		assert_int_equal(write(entry_for(memory, FAKE_PTE_FORBIDDEN)), E_INVAL);
		assert_int_equal(write(entry_for(table, FAKE_PTE_FORBIDDEN)), E_INVAL);
		/* Nor in one that is not present. */
		assert_int_equal(write(FAKE_PTE_FORBIDDEN), E_INVAL);
		assert_int_equal(page_table_write_leaf(self, &pt_contents(table)[SLOT], was, FAKE_PTE_FORBIDDEN), E_INVAL);
		assert_int_equal(entry(), was);
		expect_uses(memory, before[i] != 0, i == 2);
	}
}

static void no_table_is_validated_with_a_forbidden_bit_in_an_absent_entry(void **state)
{
	(void)state;
	for (unsigned int level = 1; level <= PAGE_LEVELS; level++) {
		pt_contents(memory)[SLOT] = FAKE_PTE_FORBIDDEN;
		assert_int_equal(page_get(memory, self), OK);
		assert_int_equal(page_table_pin(self, memory, level), E_INVAL);
		page_put(memory);
		expect_uses(memory, 0, 0);
	}
}

/* Both were memory before, and are as free as they were. */
static void expect_pin_is_refused(struct page *p, unsigned int level, struct page *below)
{
	uint16_t now;

	/* Some other time than the number of an entry. */
	for (unsigned int i = 0; i < 2 * FAKE_PT_ENTRIES; i++) {
		now = tlb_clock_now();
		fake_tlb_flush_own(0);
	}
	assert_true(now >= FAKE_PT_ENTRIES);
	assert_int_equal(page_get(p, self), OK);
	assert_int_equal(page_table_pin(self, p, level), E_INVAL);
	assert_true(p->stamp > now);
	assert_false(page_table_has_undo(self));
	page_put(p);
	expect_uses(p, 0, 0);
	expect_uses(below, 0, 0);
	assert_int_equal(p->type, (uint32_t)level << PAGE_TYPE_SHIFT);
	assert_int_equal(page_get_with_writable(p, self), OK);
	page_put_with_writable(p);
}

static void a_table_that_maps_itself_for_writing_is_refused(void **state)
{
	(void)state;
	pt_contents(memory)[7] = entry_for(memory, FAKE_PTE_WRITABLE);
	expect_pin_is_refused(memory, 1, memory);
}

static void a_table_that_a_table_below_it_maps_for_writing_is_refused(void **state)
{
	struct page *above = pt_page(&m.dom[0], 2);

	(void)state;
	pt_contents(memory)[7] = entry_for(above, FAKE_PTE_WRITABLE);
	pt_contents(above)[5] = entry_for(memory, 0);
	expect_pin_is_refused(above, 2, memory);
}

static void a_table_that_leads_to_itself_is_refused_at_every_level(void **state)
{
	(void)state;
	for (unsigned int level = 2; level <= PAGE_LEVELS; level++) {
		memset(pt_contents(memory), 0, PAGE_BYTES);
		pt_contents(memory)[5] = entry_for(memory, 0);
		expect_pin_is_refused(memory, level, memory);
	}
}

static void a_table_that_a_table_below_it_leads_to_is_refused(void **state)
{
	struct page *above = pt_page(&m.dom[0], 2);

	(void)state;
	pt_contents(memory)[7] = entry_for(above, 0);
	pt_contents(above)[5] = entry_for(memory, 0);
	expect_pin_is_refused(above, 3, memory);
}

static void a_change_of_the_memory_type_alone_is_a_new_use(void **state)
{
	(void)state;
	/* Read-only views of a table: with the usual caching they are fine. */
	assert_int_equal(write(entry_for(table, 0)), OK);
	assert_int_equal(write(entry_for(table, FAKE_PTE_WEAK)), E_INVAL);
	assert_int_equal(entry(), entry_for(table, FAKE_PTE_FORCED));
}

static void other_memory_types_are_for_devices_unless_the_domain_is_privileged(void **state)
{
	mfn_t device = mfn(FAKE_MAIN_END + 5);

	(void)state;
	fake_iomem_first = FAKE_MAIN_END;
	self->privileged = false;
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t flags = FAKE_PTE_WEAK | (i ? FAKE_PTE_WRITABLE : 0);

		assert_int_equal(write(entry_for(memory, flags)), E_INVAL);
		/* Also where only the type changes. */
		assert_int_equal(write(entry_for(memory, flags & ~FAKE_PTE_WEAK)), OK);
		assert_int_equal(write(entry_for(memory, flags)), E_INVAL);
		assert_int_equal(entry(), entry_for(memory, (flags & ~FAKE_PTE_WEAK) | FAKE_PTE_FORCED));
		assert_int_equal(write(fake_pte(device, flags)), OK);
	}
	assert_int_equal(write(0), OK);
	expect_uses(memory, 0, 0);
	/* And when a table is validated. */
	pt_contents(memory)[2] = entry_for(pt_page(&m.dom[0], 3), FAKE_PTE_WEAK);
	assert_int_equal(page_get(memory, self), OK);
	assert_int_equal(page_table_pin(self, memory, 1), E_INVAL);
	pt_contents(memory)[2] = fake_pte(device, FAKE_PTE_WEAK);
	assert_int_equal(page_table_pin(self, memory, 1), OK);
	self->privileged = true;
	fake_iomem_first = UINT32_MAX;
}

static void an_entry_that_is_not_the_expected_one_stays_and_nothing_is_taken(void **state)
{
	struct pt_write w = {.owner = self, .raw = entry_for(memory, FAKE_PTE_WRITABLE), .only_if = true, .expected = 1};

	(void)state;
	assert_int_equal(page_table_write(self, table, SLOT, &w), E_AGAIN);
	assert_int_equal(entry(), 0);
	expect_uses(memory, 0, 0);
	w.expected = 0;
	assert_int_equal(page_table_write(self, table, SLOT, &w), OK);
	expect_uses(memory, 1, 1);
}

static void bits_that_the_cpu_sets_stay_if_asked_for(void **state)
{
	struct pt_write w = {.owner = self, .raw = entry_for(memory, 0), .keep_hardware_bits = true};

	(void)state;
	assert_int_equal(write(entry_for(memory, FAKE_PTE_WRITABLE | FAKE_PTE_HARDWARE)), OK);
	assert_int_equal(page_table_write(self, table, SLOT, &w), OK);
	assert_int_equal(entry(), entry_for(memory, FAKE_PTE_FORCED | FAKE_PTE_HARDWARE));
	assert_int_equal(write(entry_for(memory, 0)), OK);
	assert_int_equal(entry(), entry_for(memory, FAKE_PTE_FORCED));
	/* An empty entry is empty. */
	w.raw = 0;
	assert_int_equal(page_table_write(self, table, SLOT, &w), OK);
	assert_int_equal(entry(), 0);
}

static void a_writable_leaf_of_an_interrupted_table_undoes_it_first(void **state)
{
	struct page *half = pt_page(&m.dom[0], 2);

	(void)state;
	/* As an interrupted validation leaves it (T4): partial, with nothing done, and one reference. */
	assert_int_equal(page_get(half, self), OK);
	half->type = PAGE_TYPE_L1 | PAGE_TYPE_PARTIAL;
	half->progress = 0;
	assert_int_equal(write(entry_for(half, FAKE_PTE_WRITABLE)), E_RESTART);
	assert_int_equal(entry(), 0);
	assert_int_equal(write(entry_for(half, FAKE_PTE_WRITABLE)), OK);
	expect_uses(half, 1, 1);
}

/* Its owner gives it up while this CPU waits for another one that is changing its type. */
static void give_up_meanwhile(void)
{
	fake_lock_wait_hook = NULL;
	expect_uses(memory, 1, 0);
	page_put(memory);
	memory->type = PAGE_TYPE_WRITABLE;
}

/* The type word of a frame that is free is no type. */
static void a_frame_is_referenced_while_its_type_is_looked_at(void **state)
{
	(void)state;
	assert_int_equal(page_get_with_writable(memory, self), OK);
	page_put_with_writable(memory);
	memory->type |= PAGE_TYPE_CHANGING;
	fake_lock_wait_hook = give_up_meanwhile;
	assert_int_equal(write(entry_for(memory, FAKE_PTE_WRITABLE | FAKE_PTE_WEAK)), OK);
	assert_null(fake_lock_wait_hook);
	expect_uses(memory, 0, 1);
	/* As the model counts. */
	page_get_more(memory);
}

static void the_short_way_serves_leaves_of_tables_in_use_alone(void **state)
{
	struct page *going = pt_page(&m.dom[0], 2);
	mfn_t at = page_to_mfn(table);
	uint64_t *slot = &pt_contents(table)[SLOT], raw = entry_for(memory, FAKE_PTE_WRITABLE);

	(void)state;
	assert_true(page_table_update_leaf(self, at, slot, raw));
	assert_int_equal(entry(), entry_for(memory, FAKE_PTE_WRITABLE | FAKE_PTE_FORCED));
	expect_uses(memory, 1, 1);
	assert_true(page_table_update_leaf(self, at, slot, entry_for(memory, 0)));
	expect_uses(memory, 1, 0);
	assert_true(page_table_update_leaf(self, at, slot, 0));
	assert_int_equal(entry(), 0);
	expect_uses(memory, 0, 0);
	/* What may not stand in it; another's frame; a frame that is no table; another's table; no frame at all. */
	assert_false(page_table_update_leaf(self, at, slot, entry_for(memory, FAKE_PTE_FORBIDDEN)));
	assert_false(page_table_update_leaf(self, at, slot, entry_for(foreign, 0)));
	assert_false(page_table_update_leaf(self, page_to_mfn(memory), &pt_contents(memory)[SLOT], raw));
	assert_false(page_table_update_leaf(other, at, slot, entry_for(foreign, 0)));
	assert_false(page_table_update_leaf(self, mfn(frame_count), slot, raw));
	assert_int_equal(entry(), 0);
	expect_uses(memory, 0, 0);
	/* While there is work to do first. */
	assert_int_equal(page_get(going, self), OK);
	assert_int_equal(page_table_pin(self, going, 1), OK);
	assert_int_equal(page_table_unpin(self, going), OK);
	assert_true(page_table_has_undo(self));
	assert_false(page_table_update_leaf(self, at, slot, raw));
	assert_int_equal(page_table_undo(self), OK);
	assert_true(page_table_update_leaf(self, at, slot, raw));
	assert_false(spin_is_locked(&self->mm_lock));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_leaf_that_becomes_read_only_gives_up_its_writing_alone, a_table_in_use),
		cmocka_unit_test_setup(a_leaf_that_becomes_read_only_stamps_the_frame_for_its_next_type, a_table_in_use),
		cmocka_unit_test_setup(the_stamp_of_a_frames_last_use_is_not_older_than_a_use_that_came_between, a_table_in_use),
		cmocka_unit_test_setup(a_leaf_that_becomes_writable_is_asked_for_everything, a_table_in_use),
		cmocka_unit_test_setup(a_foreign_leaf_becomes_writable_only_for_who_names_its_owner, a_table_in_use),
		cmocka_unit_test_setup(no_way_lets_a_forbidden_bit_in, a_table_in_use),
		cmocka_unit_test_setup(no_table_is_validated_with_a_forbidden_bit_in_an_absent_entry, a_table_in_use),
		cmocka_unit_test_setup(a_table_that_maps_itself_for_writing_is_refused, a_table_in_use),
		cmocka_unit_test_setup(a_table_that_a_table_below_it_maps_for_writing_is_refused, a_table_in_use),
		cmocka_unit_test_setup(a_table_that_leads_to_itself_is_refused_at_every_level, a_table_in_use),
		cmocka_unit_test_setup(a_table_that_a_table_below_it_leads_to_is_refused, a_table_in_use),
		cmocka_unit_test_setup(a_change_of_the_memory_type_alone_is_a_new_use, a_table_in_use),
		cmocka_unit_test_setup(other_memory_types_are_for_devices_unless_the_domain_is_privileged, a_table_in_use),
		cmocka_unit_test_setup(an_entry_that_is_not_the_expected_one_stays_and_nothing_is_taken, a_table_in_use),
		cmocka_unit_test_setup(bits_that_the_cpu_sets_stay_if_asked_for, a_table_in_use),
		cmocka_unit_test_setup(a_writable_leaf_of_an_interrupted_table_undoes_it_first, a_table_in_use),
		cmocka_unit_test_setup(a_frame_is_referenced_while_its_type_is_looked_at, a_table_in_use),
		cmocka_unit_test_setup(the_short_way_serves_leaves_of_tables_in_use_alone, a_table_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
