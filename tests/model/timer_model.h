#pragma once
/*
 * Timers against a reference that is a plain array: for each timer whether it is set, for when, and on which CPU.
 *
 * Bytes become settings, stops, moves and runs on three CPUs; functions set, stop and move timers, too. Each call of a
 * function must be for a timer that is set, due, on that CPU, and the first there; after each step every CPU's hardware
 * comes in time for its first deadline, or has been told to come.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hyp/fake.h>
#include <hyp/timer.h>

#define TIMER_MODEL_TIMERS 48u
#define TIMER_MODEL_CPUS 3u

#define timer_model_expect(cond)                                                                                       \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			fprintf(stderr, "model: %s, line %d\n", #cond, __LINE__);                                      \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static struct timer_model {
	struct timer timer[TIMER_MODEL_TIMERS];
	struct {
		bool is_set;
		uint64_t deadline_ns;
		unsigned int cpu;
	} reference[TIMER_MODEL_TIMERS];
	unsigned int calls;
	const uint8_t *bytes;
	size_t count;
} timer_model;

static inline uint8_t timer_model_byte(void)
{
	if (!timer_model.count)
		return 0;
	timer_model.count--;
	return *timer_model.bytes++;
}

static inline uint64_t timer_model_first(unsigned int cpu)
{
	uint64_t first_ns = UINT64_MAX;

	for (unsigned int i = 0; i < TIMER_MODEL_TIMERS; i++)
		if (timer_model.reference[i].is_set && timer_model.reference[i].cpu == cpu)
			first_ns = MIN(first_ns, timer_model.reference[i].deadline_ns);
	return first_ns;
}

/* Near, equal, past, far, and at the ends of the range. */
static inline uint64_t timer_model_deadline(void)
{
	uint8_t kind = timer_model_byte();
	uint64_t distance = timer_model_byte();

	switch (kind % 8) {
	case 0:
		return fake_now_ns - distance;
	case 1:
		return UINT64_MAX - distance;
	case 2:
		return (uint64_t)INT64_MAX + 3 - distance;
	case 3:
		return distance;
	case 4:
		return fake_now_ns + (distance << 30);
	default:
		return fake_now_ns + distance;
	}
}

static inline void timer_model_set(unsigned int i)
{
	uint64_t deadline_ns = timer_model_deadline();

	timer_model.reference[i].is_set = true;
	timer_model.reference[i].deadline_ns = MIN(deadline_ns, TIMER_NEVER_NS);
	timer_set(&timer_model.timer[i], deadline_ns);
}

static inline void timer_model_set_here(unsigned int i)
{
	uint64_t deadline_ns = timer_model_deadline();

	timer_model.reference[i].is_set = true;
	timer_model.reference[i].deadline_ns = MIN(deadline_ns, TIMER_NEVER_NS);
	timer_model.reference[i].cpu = fake_cpu_id;
	timer_set_here(&timer_model.timer[i], deadline_ns);
}

static inline void timer_model_stop(unsigned int i)
{
	timer_model.reference[i].is_set = false;
	timer_stop(&timer_model.timer[i]);
}

static inline void timer_model_move(unsigned int i, unsigned int cpu)
{
	timer_model.reference[i].cpu = cpu;
	timer_migrate(&timer_model.timer[i], cpu);
}

static inline void timer_model_change(uint8_t op)
{
	unsigned int i = timer_model_byte() % TIMER_MODEL_TIMERS;

	switch (op % 8) {
	case 0:
		timer_model_stop(i);
		break;
	case 1:
		timer_model_move(i, timer_model_byte() % TIMER_MODEL_CPUS);
		break;
	case 2:
	case 3:
		timer_model_set_here(i);
		break;
	default:
		timer_model_set(i);
		break;
	}
}

static void timer_model_called(struct timer *t)
{
	unsigned int i = (unsigned int)(t - timer_model.timer);

	timer_model.calls++;
	timer_model_expect(timer_model.reference[i].is_set);
	timer_model_expect(timer_model.reference[i].cpu == fake_cpu_id);
	timer_model_expect(timer_model.reference[i].deadline_ns <= fake_now_ns);
	timer_model_expect(timer_model.reference[i].deadline_ns == timer_model_first(fake_cpu_id));
	timer_model_expect(!t->active && timer_is_running(t));
	timer_model.reference[i].is_set = false;
	if (i % 4 == 0)
		timer_model_change(timer_model_byte());
	if (i % 8 == 0)
		timer_model_set(i);
}

static inline void timer_model_check(void)
{
	for (unsigned int i = 0; i < TIMER_MODEL_TIMERS; i++) {
		timer_model_expect(timer_model.timer[i].active == timer_model.reference[i].is_set);
		timer_model_expect(timer_model.timer[i].cpu == timer_model.reference[i].cpu);
	}
	for (unsigned int cpu = 0; cpu < TIMER_MODEL_CPUS; cpu++) {
		timer_model_expect(timer_next_deadline(cpu) == timer_model_first(cpu));
		timer_model_expect(fake_cpus[cpu].timer_deadline_ns <= timer_model_first(cpu) ||
				   fake_cpus[cpu].timer_kicks);
	}
}

static inline void timer_model_run_cpu(unsigned int cpu)
{
	unsigned int before = timer_model.calls;

	fake_cpu_id = cpu;
	fake_cpus[cpu].timer_kicks = 0;
	timer_run(cpu);
	timer_model_expect(timer_model.calls - before <= TIMER_BATCH);
	timer_model_expect(timer_model.calls - before == TIMER_BATCH || timer_model_first(cpu) > fake_now_ns);
}

static inline void timer_model_step(void)
{
	uint8_t op = timer_model_byte();

	switch (op % 8) {
	case 0:
		timer_model_run_cpu(op / 8 % TIMER_MODEL_CPUS);
		break;
	case 1:
		fake_now_ns += timer_model_byte();
		break;
	case 2:
		fake_cpu_id = op / 8 % TIMER_MODEL_CPUS;
		break;
	default:
		timer_model_change(op / 8);
		break;
	}
	timer_model_check();
}

static inline int timer_model_run(const uint8_t *bytes, size_t count)
{
	fake_cpus_reset(TIMER_MODEL_CPUS);
	memset(&timer_model, 0, sizeof(timer_model));
	timer_model.bytes = bytes;
	timer_model.count = count;
	for (unsigned int i = 0; i < TIMER_MODEL_TIMERS; i++)
		timer_init(&timer_model.timer[i], timer_model_called, 0);
	while (timer_model.count)
		timer_model_step();
	for (unsigned int i = 0; i < TIMER_MODEL_TIMERS; i++)
		timer_model_stop(i);
	return 0;
}
