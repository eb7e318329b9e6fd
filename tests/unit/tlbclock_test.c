/* The TLB clock, alone and against a reference that remembers everything. */
#include "fakes/mm_fake.h"

static const struct cpuset all = {{0xf}};

static bool is_stale(unsigned int cpu, uint16_t stamp)
{
	struct cpuset stale = tlb_clock_filter(&all, stamp);

	return cpuset_has(&stale, cpu);
}

static void cpu_that_flushed_before_the_stamp_needs_a_flush(void **state)
{
	(void)state;
	fake_tlb_flush_own(1);
	assert_true(is_stale(1, tlb_clock_now()));
}

static void cpu_that_flushed_after_the_stamp_needs_none(void **state)
{
	uint16_t stamp = tlb_clock_now();

	(void)state;
	fake_tlb_flush_own(1);
	assert_false(is_stale(1, stamp));
	assert_true(is_stale(2, stamp));
}

static void only_the_cpus_asked_about_are_answered(void **state)
{
	struct cpuset some = {{0x5}}, stale = tlb_clock_filter(&some, tlb_clock_now());

	(void)state;
	assert_int_equal(stale.word[0], 0x5);
}

static void time_stands_still_while_nobody_takes_it(void **state)
{
	uint16_t before = tlb_clock_now();

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		fake_tlb_flush_own(i % 4);
	assert_int_equal(tlb_clock_now(), before + 1);
}

static void flush_stale_flushes_exactly_the_stale(void **state)
{
	uint16_t stamp = tlb_clock_now();

	(void)state;
	fake_tlb_flush_own(0);
	tlb_clock_flush_stale(&all, stamp);
	assert_int_equal(fake_tlb_flush_last.word[0], 0xe);
	tlb_clock_flush_stale(&all, stamp);
	assert_int_equal(fake_tlb_flush_calls, 1);
}

static void idle_cpu_is_left_alone_until_it_is_busy(void **state)
{
	uint16_t stamp;

	(void)state;
	tlb_clock_idle(1);
	stamp = tlb_clock_now();
	assert_false(is_stale(1, stamp));
	assert_true(is_stale(2, stamp));
	tlb_clock_busy(1);
	assert_true(is_stale(1, stamp));
	fake_tlb_flush_own(1);
	assert_false(is_stale(1, stamp));
}

/* Runs the clock until it has come round and stands at 0. */
static void come_round(void)
{
	while (tlb_clock_now())
		fake_tlb_flush_own(0);
}

static void everything_is_stale_while_the_clock_stands_at_its_end(void **state)
{
	uint16_t stamp = tlb_clock_now();

	(void)state;
	come_round();
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		fake_tlb_flush_own(cpu);
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		assert_true(is_stale(cpu, stamp));
	assert_int_equal(tlb_clock_now(), 0);
}

static void service_flushes_everybody_and_starts_the_clock_anew(void **state)
{
	uint16_t stamp = 0x9000;

	(void)state;
	come_round();
	fake_tlb_flush_calls = 0;
	tlb_clock_service();
	assert_int_equal(fake_tlb_flush_calls, 1);
	assert_int_equal(fake_tlb_flush_last.word[0], 0xf);
	assert_int_equal(tlb_clock_now(), 1);
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		assert_false(is_stale(cpu, stamp));
	tlb_clock_service();
	assert_int_equal(fake_tlb_flush_calls, 1);
}

static void stamp_taken_while_the_clock_stood_is_stale_for_who_flushed_before(void **state)
{
	uint16_t stamp;

	(void)state;
	come_round();
	fake_tlb_flush_own(2);
	stamp = tlb_clock_now();
	tlb_clock_service();
	/* The service has flushed: conservative, but a flush after the restart is enough. */
	assert_true(is_stale(2, stamp));
	fake_tlb_flush_own(2);
	assert_false(is_stale(2, stamp));
}

static void flush_stale_starts_the_clock_anew_by_itself(void **state)
{
	(void)state;
	come_round();
	tlb_clock_flush_stale(&all, 5);
	assert_int_equal(tlb_clock_now(), 1);
}

/*
 * The reference: frames that are mapped, then unmapped with a stamp, then reused after tlb_clock_flush_stale. CPUs load
 * translations of mapped frames and flush at random. At each reuse no CPU may hold a translation of the frame. Long
 * enough for the clock to come round many times, with frames that sleep through that.
 */
enum { FRAMES = 24, CPUS = 4 };

static struct {
	bool is_mapped;
	uint16_t stamp;
	bool held[CPUS];
} frame[FRAMES];

static void reference_flush(unsigned int cpu)
{
	for (unsigned int f = 0; f < FRAMES; f++)
		frame[f].held[cpu] = false;
}

static void reference_reuse(unsigned int f)
{
	unsigned int calls = fake_tlb_flush_calls;

	fake_tlb_flush_last = (struct cpuset){0};
	tlb_clock_flush_stale(&all, frame[f].stamp);
	if (fake_tlb_flush_calls == calls + 2) /* the restart of the clock and one more */
		fake_tlb_flush_last = all;
	cpuset_for_each(cpu, &fake_tlb_flush_last)
		reference_flush(cpu);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++)
		assert_false(frame[f].held[cpu]);
	frame[f].is_mapped = true;
}

static void no_stale_translation_survives_until_reuse(void **state)
{
	uint32_t seed = 7;

	(void)state;
	memset(frame, 0, sizeof(frame));
	for (unsigned int step = 0; step < 1500000; step++) {
		seed = seed * 1664525 + 1013904223;

		unsigned int f = (seed >> 20) % FRAMES, cpu = (seed >> 16) % CPUS, what = (seed >> 25) % 8;

		/* Some frames are touched seldom, so that their stamps grow old. */
		if (f < 6 && (step & 0x3fff))
			f += 6;
		if (what == 0) {
			fake_tlb_flush_own(cpu);
			reference_flush(cpu);
		} else if (what < 4) {
			if (frame[f].is_mapped)
				frame[f].held[cpu] = true;
		} else if (frame[f].is_mapped) {
			frame[f].is_mapped = false;
			frame[f].stamp = tlb_clock_now();
		} else {
			reference_reuse(f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		mm_test(cpu_that_flushed_before_the_stamp_needs_a_flush),
		mm_test(cpu_that_flushed_after_the_stamp_needs_none),
		mm_test(only_the_cpus_asked_about_are_answered),
		mm_test(time_stands_still_while_nobody_takes_it),
		mm_test(flush_stale_flushes_exactly_the_stale),
		mm_test(idle_cpu_is_left_alone_until_it_is_busy),
		mm_test(everything_is_stale_while_the_clock_stands_at_its_end),
		mm_test(service_flushes_everybody_and_starts_the_clock_anew),
		mm_test(stamp_taken_while_the_clock_stood_is_stale_for_who_flushed_before),
		mm_test(flush_stale_starts_the_clock_anew_by_itself),
		mm_test(no_stale_translation_survives_until_reuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
