/*
 * Grant mappings of the fake machine. An entry holds a reference to its frame, and a writable type unless it is
 * read-only, of its own: so a test sees whether the core and the architecture each keep theirs.
 */
#include <hyp/domain.h>
#include <hyp/fake_grant.h>
#include <hyp/grant.h>
#include <hyp/log.h>
#include <hyp/mm.h>

enum status fake_grant_install_status, fake_grant_remove_status;
unsigned int fake_grant_flushes;
void (*fake_grant_on_flush)(struct domain *mapper);

static struct mapping {
	const struct domain *mapper; /* NULL: not in use */
	uint64_t host_addr;
	mfn_t frame;
	bool writable, is_pte_address;
} mappings[FAKE_GRANT_MAPPINGS];

void fake_grants_reset(void)
{
	for (unsigned int i = 0; i < FAKE_GRANT_MAPPINGS; i++)
		mappings[i] = (struct mapping){.mapper = NULL};
	fake_grant_install_status = fake_grant_remove_status = OK;
	fake_grant_flushes = 0;
	fake_grant_on_flush = NULL;
}

static struct mapping *mapping_find(const struct domain *mapper, uint64_t host_addr)
{
	for (unsigned int i = 0; i < FAKE_GRANT_MAPPINGS; i++)
		if (mappings[i].mapper == mapper && (!mapper || mappings[i].host_addr == host_addr))
			return &mappings[i];
	return NULL;
}

static void mapping_drop(struct mapping *m)
{
	m->mapper = NULL;
	if (m->writable)
		page_put_with_writable(mfn_to_page(m->frame));
	else
		page_put(mfn_to_page(m->frame));
}

static enum status references_take(mfn_t frame, bool writable)
{
	struct page *p = mfn_to_page(frame);
	struct domain *owner = domain_find(p->owner);
	enum status s;

	CHECK(owner);
	s = writable ? page_get_with_writable(p, owner) : page_get(p, owner);
	domain_put(owner);
	return s;
}

/* Like the machine: entries are eight bytes wide and aligned, and one that is there already is not replaced. */
enum status arch_grant_install(struct vcpu *v, uint64_t host_addr, uint32_t flags, mfn_t frame)
{
	struct mapping m = {
		.mapper = v->domain,
		.host_addr = host_addr,
		.frame = frame,
		.writable = !(flags & GNTMAP_readonly),
		.is_pte_address = flags & GNTMAP_contains_pte,
	}, *slot = mapping_find(NULL, 0);
	enum status s;

	if (fake_grant_install_status != OK)
		return fake_grant_install_status;
	if (!slot || host_addr % 8 || mapping_find(v->domain, host_addr))
		return E_INVAL;
	s = references_take(frame, m.writable);
	if (s == OK)
		*slot = m;
	return s;
}

enum status arch_grant_remove(struct vcpu *v, uint64_t host_addr, uint32_t flags, mfn_t frame)
{
	struct mapping *m = mapping_find(v->domain, host_addr);

	if (fake_grant_remove_status != OK)
		return fake_grant_remove_status;
	if (!m || !mfn_equal(m->frame, frame) || m->writable != !(flags & GNTMAP_readonly) ||
	    m->is_pte_address != !!(flags & GNTMAP_contains_pte))
		return E_INVAL;
	mapping_drop(m);
	return OK;
}

void arch_grant_flush(struct domain *mapper)
{
	fake_grant_flushes++;
	if (fake_grant_on_flush)
		fake_grant_on_flush(mapper);
}

bool fake_grant_is_mapped(const struct domain *mapper, uint64_t host_addr, mfn_t frame, bool writable)
{
	const struct mapping *m = mapping_find(mapper, host_addr);

	return m && mfn_equal(m->frame, frame) && m->writable == writable;
}

unsigned int fake_grant_count(const struct domain *mapper)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < FAKE_GRANT_MAPPINGS; i++)
		count += mappings[i].mapper == mapper;
	return count;
}

void fake_grant_clear(const struct domain *mapper, uint64_t host_addr)
{
	struct mapping *m = mapping_find(mapper, host_addr);

	CHECK(m);
	mapping_drop(m);
}

void fake_grant_clear_all(const struct domain *mapper)
{
	for (unsigned int i = 0; i < FAKE_GRANT_MAPPINGS; i++)
		if (mappings[i].mapper == mapper)
			mapping_drop(&mappings[i]);
}
