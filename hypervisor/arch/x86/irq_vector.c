/*
 * Vectors for device interrupts.
 *
 * The upper half of a vector is its priority class. Older processors remember at most two interrupts of one class that
 * they have not taken yet, so vectors are given out class by class: one of each before a second of any.
 *
 * V1  Vector 0x80 is never given out: it is the system call of 32-bit programs, which any guest raises at will.
 */
#include "irq_vector.h"
#include "layout.h"

#define VECTOR_SYSTEM_CALL 0x80
#define CLASS_VECTORS 16u

bool irq_vector_is_for_devices(unsigned int vector)
{
	return vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST && vector != VECTOR_SYSTEM_CALL;
}

static bool vector_take(struct irq_vectors *vectors, unsigned int vector)
{
	if (!irq_vector_is_for_devices(vector) || bit_test(vectors->used, vector))
		return false;
	bit_set(vectors->used, vector);
	return true;
}

enum status irq_vector_alloc(struct irq_vectors *vectors, uint8_t *vector)
{
	for (unsigned int i = 0; i < IRQ_VECTORS; i++) {
		unsigned int candidate = i % CLASS_VECTORS * CLASS_VECTORS + i / CLASS_VECTORS;

		if (vector_take(vectors, candidate)) {
			*vector = (uint8_t)candidate;
			return OK;
		}
	}
	return E_NOSPC;
}

void irq_vector_free(struct irq_vectors *vectors, uint8_t vector) { bit_clear(vectors->used, vector); }
