#pragma once
/*
 * For fuzzers of the x86 machine's own hypercalls, which are compiled for the host with what they call replaced: one domain
 * calls, privileged or not, with a page of guest memory. What lies behind a call answers as the input says.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fakes/fuzz_bytes.h>

#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>

#define GUEST_START UINT64_C(0x10000)
#define GUEST_BYTES 0x1000u

static uint8_t guest_memory[GUEST_BYTES];
static struct domain caller;
static struct vcpu caller_vcpu = {.domain = &caller};

void panic(const char *format, ...)
{
	fprintf(stderr, "panic: %s\n", format);
	abort();
}

/* One CPU: whoever waits, waits for ever. */
void spin_wait(const struct spinlock *l, uint16_t ticket)
{
	(void)l;
	(void)ticket;
	panic("a lock is taken twice");
}

void log_at(enum log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

bool arch_guest_range_is_valid(const struct vcpu *v, vaddr_t address, uint64_t bytes)
{
	(void)v;
	return address >= GUEST_START && address <= GUEST_START + GUEST_BYTES && bytes <= GUEST_START + GUEST_BYTES - address;
}

enum status guest_copy_in(struct vcpu *v, void *to, vaddr_t from, size_t bytes)
{
	if (!arch_guest_range_is_valid(v, from, bytes) || next8() == 1)
		return E_FAULT;
	memcpy(to, guest_memory + (from - GUEST_START), bytes);
	return OK;
}

enum status guest_copy_out(struct vcpu *v, vaddr_t to, const void *from, size_t bytes)
{
	if (!arch_guest_range_is_valid(v, to, bytes) || next8() == 1)
		return E_FAULT;
	memcpy(guest_memory + (to - GUEST_START), from, bytes);
	return OK;
}

/* How something ended that anybody may ask for. */
static inline enum status answer(void)
{
	static const enum status answers[] = {OK, OK, OK, OK, OK, E_INVAL, E_BUSY, E_NOENT, E_NODEV, E_NOSPC, E_NOMEM, E_EXIST};

	return answers[next8() % ARRAY_COUNT(answers)];
}

/* How something ended that is domain 0's alone. */
static inline enum status answer_to_domain_0(void)
{
	CHECK(caller.privileged);
	return answer();
}

static inline uint64_t argument_word(void)
{
	uint8_t kind = next8();

	if (kind < 140)
		return kind % 8;
	return kind < 200 ? GUEST_START + 8 * (kind % 64) : kind < 225 ? UINT64_C(1) << next8() % 64 : next64();
}

static inline void arguments_make(void)
{
	for (unsigned int i = 0; i < 16; i++) {
		uint64_t word = next8() % 4 ? argument_word() : (uint64_t)argument_word() << 32 | (uint32_t)argument_word();

		memcpy(guest_memory + 8 * i, &word, sizeof(word));
	}
}
