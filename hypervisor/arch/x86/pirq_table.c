/*
 * The numbers of a domain's PIRQs.
 *
 *   FREE -> RESERVED -> MESSAGE -> FREE     numbers from gsi_count on, given out downwards from the end
 *   FREE -> GSI -> FREE                     numbers below gsi_count, each for its own line only
 *
 * P1  Only GSI and MESSAGE have a port, and nothing with a port becomes FREE.
 * P2  MESSAGE always has its interrupt open; GSI has it while it has a port. So a line that nobody uses takes no vector.
 */
#include "pirq_table.h"

struct pirq *pirq_find(const struct pirq_numbers *n, int64_t number)
{
	if (number < 0 || number >= n->count || n->pirq[number].kind == PIRQ_FREE)
		return NULL;
	return &n->pirq[number];
}

enum status pirq_choose_gsi(const struct pirq_numbers *n, int64_t gsi, int64_t wanted, uint32_t *number)
{
	if (gsi < 0 || gsi >= n->gsi_count)
		return E_INVAL;
	if (wanted >= 0 && wanted != gsi)
		return E_INVAL;
	*number = (uint32_t)gsi;
	return OK;
}

enum status pirq_choose_message(const struct pirq_numbers *n, int64_t wanted, uint32_t *number)
{
	if (wanted >= 0) {
		const struct pirq *p = pirq_find(n, wanted);

		if (!p || p->kind != PIRQ_RESERVED)
			return E_INVAL;
		*number = (uint32_t)wanted;
		return OK;
	}
	for (uint32_t i = n->count; i > n->gsi_count; i--) {
		if (n->pirq[i - 1].kind == PIRQ_FREE) {
			*number = i - 1;
			return OK;
		}
	}
	return E_NOSPC;
}

enum status pirq_bind_check(const struct pirq_numbers *n, uint32_t number)
{
	const struct pirq *p = pirq_find(n, number);

	if (!p || p->kind == PIRQ_RESERVED)
		return E_INVAL;
	return p->port ? E_EXIST : OK;
}

enum status pirq_unmap_check(const struct pirq_numbers *n, int64_t number)
{
	const struct pirq *p = pirq_find(n, number);

	if (!p)
		return E_INVAL;
	return p->port ? E_BUSY : OK;
}
