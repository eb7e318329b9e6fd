#pragma once
/* For tests of memory: domains that are no more than an account, and a machine that is fresh for each test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hyp/domain.h>
#include <hyp/fake.h>
#include <hyp/fake_memory.h>
#include <hyp/heap.h>
#include <hyp/mm.h>
#include <hyp/string.h>

/* `d` is alive with one reference, no memory and a limit of `pages_max`. */
static inline void mm_domain_init(struct domain *d, domid_t id, uint64_t pages_max)
{
	memset(d, 0, sizeof(*d));
	d->id = id;
	d->references = 1;
	d->pages_max = pages_max;
	d->state = DOMAIN_ALIVE;
}

static inline int mm_setup(void **state)
{
	(void)state;
	fake_cpus_reset(4);
	fake_memory_init();
	return 0;
}

/* Expects that `statement` stops the machine. */
#define expect_panic(statement)                                                                                        \
	do {                                                                                                           \
		jmp_buf jump;                                                                                          \
		volatile bool stopped = true;                                                                          \
		fake_panic_jump = &jump;                                                                               \
		if (!setjmp(jump)) {                                                                                   \
			statement;                                                                                     \
			stopped = false;                                                                               \
		}                                                                                                      \
		fake_panic_jump = NULL;                                                                                \
		assert_true(stopped);                                                                                  \
	} while (0)

#define mm_test(name) cmocka_unit_test_setup(name, mm_setup)

static inline bool frame_is_zero(mfn_t m)
{
	const uint8_t *bytes = arch_frame_map(m);

	for (size_t i = 0; i < PAGE_BYTES; i++)
		if (bytes[i])
			return false;
	return true;
}
