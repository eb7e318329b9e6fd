#pragma once
/* Sets of CPUs of the machine, and which CPU this is (arch_cpu_id). */
#include <hyp/arch_cpu.h>
#include <hyp/bits.h>

#define CPUS_MAX 256

struct cpuset {
	uint64_t word[BITS_WORDS(CPUS_MAX)];
};

/* CPUs that run guests. Changes only while the machine starts or stops. */
extern struct cpuset cpus_online;
extern unsigned int cpu_count;

/* From the architecture. */
/* Makes `cpu` pass through its work before it next runs a guest (an interrupt if it is another CPU). */
void arch_cpu_kick(unsigned int cpu);

static inline bool cpuset_has(const struct cpuset *s, unsigned int cpu) { return bit_test(s->word, cpu); }
static inline void cpuset_add(struct cpuset *s, unsigned int cpu) { bit_set(s->word, cpu); }
static inline void cpuset_remove(struct cpuset *s, unsigned int cpu) { bit_clear(s->word, cpu); }
static inline void cpuset_add_atomic(struct cpuset *s, unsigned int cpu) { (void)bit_test_and_set_atomic(s->word, cpu); }
static inline void cpuset_remove_atomic(struct cpuset *s, unsigned int cpu)
{
	(void)bit_test_and_clear_atomic(s->word, cpu);
}
static inline unsigned int cpuset_next(const struct cpuset *s, unsigned int from)
{
	return bit_find_set(s->word, CPUS_MAX, from);
}
static inline bool cpuset_is_empty(const struct cpuset *s) { return cpuset_next(s, 0) == CPUS_MAX; }
static inline struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b)
{
	struct cpuset r;

	for (unsigned int i = 0; i < ARRAY_COUNT(r.word); i++)
		r.word[i] = a->word[i] & b->word[i];
	return r;
}
static inline unsigned int cpuset_count(const struct cpuset *s)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ARRAY_COUNT(s->word); i++)
		n += bit_count(s->word[i]);
	return n;
}
#define cpuset_for_each(cpu, set)                                                                                      \
	for (unsigned int cpu = cpuset_next((set), 0); cpu < CPUS_MAX; cpu = cpuset_next((set), cpu + 1))
