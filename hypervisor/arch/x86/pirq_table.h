#pragma once
/* The numbers of a domain's PIRQs; see pirq_table.c. Pure; the caller has the lock. */
#include <hyp/types.h>

struct irq;

enum pirq_kind {
	PIRQ_FREE,
	PIRQ_RESERVED, /* given out, not yet mapped */
	PIRQ_GSI,      /* open only while it is bound */
	PIRQ_MESSAGE,  /* open */
};

struct pirq {
	uint8_t kind;	 /* enum pirq_kind */
	uint32_t port;	 /* 0: not bound */
	struct irq *irq; /* NULL: not open */
};

struct pirq_numbers {
	uint32_t gsi_count; /* the numbers below it */
	uint32_t count;
	struct pirq *pirq;
};

/* The entry of a number that is in use; NULL for others. */
struct pirq *pirq_find(const struct pirq_numbers *n, int64_t number);
/* E_INVAL: no such GSI, or `wanted` is another number (negative: any). */
enum status pirq_choose_gsi(const struct pirq_numbers *n, int64_t gsi, int64_t wanted, uint32_t *number);
/* A free number for a message, the highest first; or `wanted`, if that was reserved. E_INVAL, E_NOSPC. */
enum status pirq_choose_message(const struct pirq_numbers *n, int64_t wanted, uint32_t *number);
/* May a port be bound to it? E_INVAL: it is not mapped; E_EXIST: one is. */
enum status pirq_bind_check(const struct pirq_numbers *n, uint32_t number);
/* May it be given back? E_INVAL: it is not in use; E_BUSY: a port is bound. */
enum status pirq_unmap_check(const struct pirq_numbers *n, int64_t number);
