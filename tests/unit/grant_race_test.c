/* Several vCPUs at once, as threads, for a fixed number of rounds: afterwards nothing may be held or lost. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/three_domains.h"
#include "core/grant/grant_internal.h"

#define ROUNDS 20000

static mfn_t frame, other; /* of domain 1, granted to domain 2 as entries 8 and, for reading, 9; of domain 2 */
static grant_handle_t latest; /* what one thread mapped last, for another to unmap, too */

static uint64_t *entry(grant_ref_t ref) { return (uint64_t *)dom[1]->grant.shared[0] + ref; }

static uint64_t entry_for(uint16_t flags) { return flags | UINT64_C(2) << 16 | frame.v << 32; }

static int setup(void **state)
{
	(void)state;
	three_domains_start();
	fake_lock_wait_is_fatal = false;
	must(domain_frames_alloc(dom[1], 0, 0, &frame));
	must(domain_frames_alloc(dom[2], 0, 0, &other));
	*entry(8) = entry_for(GTF_permit_access);
	*entry(9) = entry_for(GTF_permit_access | GTF_readonly);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	three_domains_end();
	fake_lock_wait_is_fatal = true;
	return 0;
}

static void unmap_device(grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op = {.handle = handle, .dev_bus_addr = mfn_to_paddr(frame)};
	struct grant_release r;

	(void)grant_unmap_begin(cpu[2][0], &op, &r);
	if (r.parts)
		grant_unmap_finish(dom[2], &r, 1);
}

static void *maps_and_unmaps(void *readonly)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct gnttab_map_grant_ref op = {.flags = GNTMAP_device_map | (readonly ? GNTMAP_readonly : 0),
						  .ref = readonly ? 9 : 8, .dom = 1};

		if (grant_map(cpu[2][0], &op) != GNTST_okay)
			continue;
		__atomic_store_n(&latest, op.handle, __ATOMIC_RELAXED);
		unmap_device(op.handle);
	}
	return NULL;
}

/* May unmap the mapping of another thread before that does; never twice. */
static void *unmaps_what_others_mapped(void *arg)
{
	for (unsigned int i = 0; i < ROUNDS; i++)
		unmap_device(__atomic_load_n(&latest, __ATOMIC_RELAXED));
	return arg;
}

static void *copies(void *arg)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct grant_copies c;
		struct gnttab_copy op = {.source = {.u.ref = 8, .domid = 1}, .dest = {.u.gmfn = other.v, .domid = DOMID_SELF},
					 .len = 64, .flags = GNTCOPY_source_gref};

		if (i % 2) {
			op.dest = op.source;
			op.source = (struct gnttab_copy_ptr){.u.gmfn = other.v, .domid = DOMID_SELF};
			op.flags = GNTCOPY_dest_gref;
		}
		grant_copy_begin(&c, dom[2]);
		(void)grant_copy(&c, &op);
		(void)grant_copy(&c, &op);
		grant_copy_end(&c);
	}
	return arg;
}

/* The granter changes form and rights all the time, between the marks of the hypervisor. */
static void *rewrites_the_entry(void *arg)
{
	static const uint16_t flags[] = {GTF_permit_access, GTF_permit_access | GTF_readonly, GTF_transitive,
					 GTF_permit_access | GTF_sub_page, GTF_invalid};

	for (unsigned int i = 0; i < ROUNDS; i++)
		__atomic_store_n(entry(8), entry_for(flags[i % ARRAY_COUNT(flags)]), __ATOMIC_RELAXED);
	__atomic_store_n(entry(8), entry_for(GTF_permit_access), __ATOMIC_RELAXED);
	return arg;
}

static void run_together(void *(*const functions[])(void *), unsigned int count)
{
	pthread_t threads[6];

	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, functions[i], (void *)(uintptr_t)(i % 2)), 0);
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void nothing_is_held(void)
{
	unsigned int free_handles = 0;

	assert_int_equal(mfn_to_page(frame)->count & PAGE_COUNT_MASK, 1);
	assert_int_equal(mfn_to_page(other)->count & PAGE_COUNT_MASK, 1);
	assert_int_equal(mfn_to_page(frame)->type & PAGE_TYPE_COUNT_MASK, 0);
	assert_int_equal(dom[1]->grant.active[0][8].pins, 0);
	assert_int_equal(dom[1]->grant.active[0][9].pins, 0);
	assert_int_equal(*entry(9) & (GTF_reading | GTF_writing), 0);
	for (uint32_t h = dom[2]->grant.maptrack_free; h != GRANT_HANDLE_NONE; h = dom[2]->grant.maptrack[0][h].ref)
		assert_in_range(++free_handles, 1, GRANT_HANDLES_PER_PAGE);
	assert_int_equal(free_handles, dom[2]->grant.maptrack_count);
	/* Existence, and its memory. */
	assert_int_equal(dom[1]->references, 2);
}

/* XSA-218, 228 */
static void handles_that_two_vcpus_unmap_at_once_are_given_back_once(void **state)
{
	static void *(*const functions[])(void *) = {maps_and_unmaps, maps_and_unmaps, unmaps_what_others_mapped,
						     unmaps_what_others_mapped};

	(void)state;
	run_together(functions, ARRAY_COUNT(functions));
	nothing_is_held();
}

/* XSA-230, 500 */
static void entries_that_change_while_they_are_used_leave_no_pin(void **state)
{
	static void *(*const functions[])(void *) = {maps_and_unmaps, copies, rewrites_the_entry, copies};

	(void)state;
	run_together(functions, ARRAY_COUNT(functions));
	nothing_is_held();
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(handles_that_two_vcpus_unmap_at_once_are_given_back_once),
		T(entries_that_change_while_they_are_used_leave_no_pin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
