/*
 * Bit arrays of the control interfaces: a pointer to bytes and a number of bits, either of which may be the
 * smaller or the larger than what the hypervisor has to say.
 */
#include <hyp/bits.h>
#include <hyp/guest.h>
#include <hyp/string.h>

#include "domctl.h"

/* Clears the bits from `count` on in an array for CPUS_MAX bits or fewer. */
static void bits_cut(uint64_t *bits, unsigned int words, unsigned int count)
{
	for (unsigned int w = 0; w < words; w++) {
		if (count <= w * 64)
			bits[w] = 0;
		else if (count < (w + 1) * 64)
			bits[w] &= BIT(count % 64) - 1;
	}
}

enum status control_bitmap_in(struct vcpu *v, const struct xenctl_bitmap *from, uint64_t *bits, unsigned int count)
{
	unsigned int common = MIN(from->nr_bits, count);

	if (from->nr_bits > CONTROL_BITMAP_BITS_MAX)
		return E_INVAL;
	memset(bits, 0, BITS_WORDS(count) * sizeof(*bits));
	if (guest_copy_in(v, bits, handle_address(from->bitmap), DIV_UP(common, 8u)))
		return E_FAULT;
	bits_cut(bits, BITS_WORDS(count), common);
	return OK;
}

enum status control_bitmap_out(struct vcpu *v, const struct xenctl_bitmap *to, const uint64_t *bits,
			       unsigned int count)
{
	uint64_t copy[BITS_WORDS(CPUS_MAX)] = {0};
	uint32_t bytes, wanted;

	if (to->nr_bits > CONTROL_BITMAP_BITS_MAX)
		return E_INVAL;
	wanted = DIV_UP(to->nr_bits, 8u);
	bytes = MIN(wanted, DIV_UP(count, 8u));
	memcpy(copy, bits, BITS_WORDS(count) * sizeof(*bits));
	bits_cut(copy, ARRAY_COUNT(copy), count);
	if (guest_copy_out(v, handle_address(to->bitmap), copy, bytes))
		return E_FAULT;
	return guest_clear(v, handle_address(to->bitmap) + bytes, wanted - bytes);
}

enum status control_cpuset_in(struct vcpu *v, const struct xenctl_bitmap *from, struct cpuset *set)
{
	*set = (struct cpuset){0};
	return control_bitmap_in(v, from, set->word, cpu_count);
}

enum status control_cpuset_out(struct vcpu *v, const struct xenctl_bitmap *to, const struct cpuset *set)
{
	return control_bitmap_out(v, to, set->word, cpu_count);
}
