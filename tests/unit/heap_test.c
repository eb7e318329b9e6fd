/* The hypervisor's own small memory. */
#include "fakes/mm_fake.h"

static void block_is_zeroed_also_the_second_time(void **state)
{
	(void)state;
	for (size_t bytes = 1; bytes <= 70000; bytes = bytes * 2 + 1)
		for (int round = 0; round < 2; round++) {
			uint8_t *block = heap_alloc(bytes);

			assert_non_null(block);
			for (size_t i = 0; i < bytes; i++)
				assert_int_equal(block[i], 0);
			memset(block, 0xee, bytes);
			heap_free(block, bytes);
		}
}

static void blocks_do_not_overlap(void **state)
{
	enum { COUNT = 600 };
	static uint8_t *block[COUNT];
	static size_t bytes[COUNT];
	uint32_t seed = 1;

	(void)state;
	memset(block, 0, sizeof(block));
	for (unsigned int round = 0; round < 8000; round++) {
		unsigned int i = (seed = seed * 1103515245 + 12345) / 65536 % COUNT;

		if (block[i]) {
			for (size_t j = 0; j < bytes[i]; j++)
				assert_int_equal(block[i][j], (uint8_t)i);
			heap_free(block[i], bytes[i]);
			block[i] = NULL;
		} else {
			bytes[i] = 1 + (seed >> 8) % (round % 16 ? 2100 : 9000);
			block[i] = heap_alloc(bytes[i]);
			assert_non_null(block[i]);
			memset(block[i], (int)i, bytes[i]);
		}
	}
	for (unsigned int i = 0; i < COUNT; i++)
		if (block[i])
			heap_free(block[i], bytes[i]);
	assert_int_equal(frames_free_count(), FAKE_FRAMES);
}

static void page_goes_back_with_its_last_object(void **state)
{
	void *object[128];

	(void)state;
	for (unsigned int i = 0; i < 128; i++)
		object[i] = heap_alloc(32);
	assert_int_equal(frames_free_count(), FAKE_FRAMES - 1);
	for (unsigned int i = 0; i < 128; i++) {
		assert_int_equal(frames_free_count(), FAKE_FRAMES - 1);
		heap_free(object[i], 32);
	}
	assert_int_equal(frames_free_count(), FAKE_FRAMES);
}

static void freeing_flushes_no_tlb(void **state)
{
	(void)state;
	fake_tlb_flush_calls = 0;
	for (unsigned int i = 0; i < 1000; i++)
		for (size_t bytes = 32; bytes <= 65536; bytes *= 8)
			heap_free(heap_alloc(bytes), bytes);
	assert_int_equal(fake_tlb_flush_calls, 0);
}

static void no_memory_gives_null(void **state)
{
	void *object;

	(void)state;
	fake_memory_leave(1);
	assert_null(heap_alloc(5000));
	object = heap_alloc(1024);
	assert_non_null(object);
	assert_null(heap_alloc(32));
	assert_non_null(heap_alloc(1024));
	heap_free(object, 1024);
	assert_non_null(heap_alloc(1024));
}

static void sizes_beyond_reason_give_null(void **state)
{
	(void)state;
	assert_null(heap_alloc(SIZE_MAX));
	assert_null(heap_alloc((PAGE_BYTES << PAGE_ORDER_MAX) + 1));
}

static void nothing_can_be_freed(void **state)
{
	(void)state;
	heap_free(NULL, 100);
	heap_free(NULL, 100000);
	assert_int_equal(frames_free_count(), FAKE_FRAMES);
}

static void freeing_what_no_slab_has_given_stops_the_machine(void **state)
{
	struct page *p = frames_alloc(0, 0);

	(void)state;
	expect_panic(heap_free(arch_frame_map(page_to_mfn(p)), 64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		mm_test(block_is_zeroed_also_the_second_time),
		mm_test(blocks_do_not_overlap),
		mm_test(page_goes_back_with_its_last_object),
		mm_test(freeing_flushes_no_tlb),
		mm_test(no_memory_gives_null),
		mm_test(sizes_beyond_reason_give_null),
		mm_test(nothing_can_be_freed),
		mm_test(freeing_what_no_slab_has_given_stops_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
