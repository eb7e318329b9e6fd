/*
 * How fast the time stamp counts.
 *
 * A sample reads the time stamp, the timer, and the time stamp again: the timer's value belongs to some
 * moment between, so the sample is as good as this window is short. An emulator or the firmware may take
 * the CPU away inside any one of them; so each end of a measurement takes several samples and keeps the one
 * with the shortest window, and of three measurements the one that was disturbed least counts: the shortest
 * windows and the shortest gap between readings.
 *
 * I1  Every loop ends, also with a timer that stands still, jumps or is not there.
 */
#include <hyp/drivers/calibrate.h>
#include <hyp/drivers/hpet.h>
#include <hyp/drivers/pit.h>
#include <hyp/drivers/pmtimer.h>
#include <hyp/io.h>

#define MEASUREMENTS 3
#define SAMPLES 8
#define SPANS_PER_SECOND 50 /* 20 ms: well below the 55 ms after which the PIT is round */
#define READS_UNTIL_CHANGE_MAX 100000
#define READS_MAX 10000000
#define KHZ_MIN 1000
#define KHZ_MAX 100000000

struct sample {
	uint64_t tsc; /* the middle of the window */
	uint64_t ticks;
	uint64_t window;
};

static struct sample sample_once(const struct calibrate_timer *timer, uint64_t (*read_tsc)(void))
{
	uint64_t before = read_tsc();
	uint64_t ticks = timer->read();
	uint64_t window = read_tsc() - before;

	return (struct sample){before + window / 2, ticks & timer->mask, window};
}

static struct sample sample_best(const struct calibrate_timer *timer, uint64_t (*read_tsc)(void))
{
	struct sample best = sample_once(timer, read_tsc);

	for (unsigned int i = 1; i < SAMPLES; i++) {
		struct sample s = sample_once(timer, read_tsc);

		if (s.window < best.window)
			best = s;
	}
	return best;
}

static bool counts(const struct calibrate_timer *timer)
{
	uint64_t first = timer->read() & timer->mask;

	for (unsigned int i = 0; i < READS_UNTIL_CHANGE_MAX; i++) {
		if ((timer->read() & timer->mask) != first)
			return true;
	}
	return false;
}

/* Looks at the time stamp between readings of the timer. In a long gap a short counter goes round unseen. */
struct watch {
	uint64_t last;
	uint64_t gap; /* the longest */
};

static void watch_until(struct watch *watch, uint64_t now)
{
	watch->gap = MAX(watch->gap, now - watch->last);
	watch->last = now;
}

/* Waits until a span after `start` has passed; false if it never does. */
static bool wait_span(const struct calibrate_timer *timer, uint64_t (*read_tsc)(void), uint64_t start,
		      struct watch *watch)
{
	uint64_t span = timer->hz / SPANS_PER_SECOND;

	for (unsigned int i = 0; i < READS_MAX; i++) {
		bool passed = ((timer->read() - start) & timer->mask) >= span;

		watch_until(watch, read_tsc());
		if (passed)
			return true;
	}
	return false;
}

struct measurement {
	uint64_t khz;
	uint64_t window;
};

static bool measure(const struct calibrate_timer *timer, uint64_t (*read_tsc)(void), struct measurement *m)
{
	struct sample start = sample_best(timer, read_tsc), end;
	struct watch watch = {.last = start.tsc};
	uint64_t ticks;

	if (!wait_span(timer, read_tsc, start.ticks, &watch))
		return false;
	end = sample_best(timer, read_tsc);
	watch_until(&watch, end.tsc);
	ticks = (end.ticks - start.ticks) & timer->mask;
	if (!ticks || end.tsc <= start.tsc)
		return false;
	/* Both factors stay below 2^34 for spans of a second, so the product fits. */
	m->khz = (end.tsc - start.tsc) * (timer->hz / 1000) / ticks;
	m->khz += (end.tsc - start.tsc) * (timer->hz % 1000) / ticks / 1000;
	m->window = start.window + watch.gap + end.window;
	return m->khz >= KHZ_MIN && m->khz <= KHZ_MAX;
}

static bool measure_best(const struct calibrate_timer *timer, uint64_t (*read_tsc)(void), uint32_t *khz)
{
	struct measurement best = {.window = UINT64_MAX};

	for (unsigned int i = 0; i < MEASUREMENTS; i++) {
		struct measurement m;

		if (measure(timer, read_tsc, &m) && m.window < best.window)
			best = m;
	}
	*khz = (uint32_t)best.khz;
	return best.window != UINT64_MAX;
}

enum status calibrate_tsc(const struct calibrate_timer *timers, unsigned int count, uint64_t (*read_tsc)(void),
			  uint32_t *khz, const struct calibrate_timer **used)
{
	uint32_t measured;

	for (unsigned int i = 0; i < count; i++) {
		if (counts(&timers[i]) && measure_best(&timers[i], read_tsc, &measured)) {
			*khz = measured;
			*used = &timers[i];
			return OK;
		}
	}
	return E_NODEV;
}

enum status calibrate_tsc_on_machine(uint32_t *khz, const char **timer_name)
{
	struct calibrate_timer timers[3];
	const struct calibrate_timer *used;
	unsigned int count = 0;
	enum status status;

	if (hpet_is_present())
		timers[count++] =
			(struct calibrate_timer){"HPET", hpet_hz(), hpet_counter_mask(), hpet_counter_read};
	if (pmtimer_is_present())
		timers[count++] =
			(struct calibrate_timer){"PM timer", PMTIMER_HZ, pmtimer_mask(), pmtimer_read};
	if (pit_channel2_start())
		timers[count++] = (struct calibrate_timer){"PIT", PIT_HZ, PIT_COUNTER_MASK, pit_channel2_read};
	status = calibrate_tsc(timers, count, tsc_read, khz, &used);
	if (!status)
		*timer_name = used->name;
	return status;
}
