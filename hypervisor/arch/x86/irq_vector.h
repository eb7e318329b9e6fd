#pragma once
/* Which vectors device interrupts use: one set for all CPUs, so that an interrupt can move to another CPU and keep its
   vector. Pure; the caller has the lock. */
#include <hyp/bits.h>

#define IRQ_VECTORS 256u

struct irq_vectors {
	uint64_t used[BITS_WORDS(IRQ_VECTORS)];
};

/* True for the vectors that may be given to a device. */
bool irq_vector_is_for_devices(unsigned int vector);
/* E_NOSPC: all are in use. */
enum status irq_vector_alloc(struct irq_vectors *vectors, uint8_t *vector);
/* The vector is in use. */
void irq_vector_free(struct irq_vectors *vectors, uint8_t vector);
