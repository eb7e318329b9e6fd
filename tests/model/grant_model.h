#pragma once
/*
 * Grant tables beside a model of them.
 *
 * Bytes become what three domains do: write entries (also while they are in use, also nonsense), map, unmap, copy, swap,
 * make frames page tables, die. The model knows for each entry how often it is in use and by whom, and for each mapping
 * what it is; after each step the references of every frame, the pins and the words of every entry must follow from that.
 */
#include "fakes/three_domains.h"
#include "core/grant/grant_internal.h"

#define MODEL_FRAMES 3
#define MODEL_REFS 6u
#define MODEL_MAPS 64u
#define MODEL_HOSTS 8u

struct model_entry {
	grant_entry_v1_t word;
	uint32_t pins, write_pins;
	uint32_t frame; /* while in use */
	domid_t user;
};

struct model_map {
	bool is_used, is_readonly;
	unsigned int mapper, granter;
	grant_ref_t ref;
	grant_handle_t handle;
	uint32_t parts, frame;
	uint64_t host;
};

static mfn_t frames[DOMAINS][MODEL_FRAMES];
static bool is_table[DOMAINS][MODEL_FRAMES];
static uint8_t contents[DOMAINS][MODEL_FRAMES][PAGE_BYTES];
static struct model_entry entries[DOMAINS][MODEL_REFS];
static struct model_map maps[MODEL_MAPS];

struct model_input {
	const uint8_t *at, *end;
};

static inline uint8_t model_byte(struct model_input *in) { return in->at < in->end ? *in->at++ : 0; }

static inline grant_entry_v1_t *model_shared(unsigned int d, grant_ref_t ref)
{
	return (grant_entry_v1_t *)dom[d]->grant.shared[0] + ref;
}

/* Which of the model's frames it is; false if none. */
static inline bool model_frame_find(uint64_t number, unsigned int *d, unsigned int *i)
{
	for (*d = 0; *d < DOMAINS; ++*d)
		for (*i = 0; *i < MODEL_FRAMES; ++*i)
			if (frames[*d][*i].v == number)
				return true;
	return false;
}

static inline mfn_t model_pick_frame(struct model_input *in, unsigned int d)
{
	uint8_t b = model_byte(in) % 16;

	switch (b) {
	case 9: return arch_virt_to_mfn(dom[d]->shared_info);
	case 10: return arch_virt_to_mfn(dom[d]->grant.shared[0]);
	case 11: return mfn(UINT32_MAX);
	case 12: return mfn(FAKE_LOW_END);
	default: return b < 9 ? frames[b / 3][b % 3] : frames[d][b % 3];
	}
}

static inline grant_ref_t model_pick_ref(struct model_input *in)
{
	uint8_t b = model_byte(in);

	return b == 255 ? GRANT_ENTRIES_PER_FRAME : b == 254 ? UINT32_MAX : b % MODEL_REFS;
}

/* What getting hold of a frame of `owner` answers. */
static inline int16_t model_frame_get(uint64_t number, unsigned int owner, bool writable)
{
	unsigned int d, i;

	if (!model_frame_find(number, &d, &i) || d != owner)
		return GNTST_bad_page;
	return writable && is_table[d][i] ? GNTST_general_error : GNTST_okay;
}

static inline void model_unpin(struct model_entry *e, bool writable)
{
	e->pins--;
	e->write_pins -= writable;
	if (!e->pins)
		e->word.flags &= (uint16_t)~GTF_reading;
	if (!e->write_pins)
		e->word.flags &= (uint16_t)~GTF_writing;
}

static inline int16_t model_pin(unsigned int granter, grant_ref_t ref, unsigned int user, bool writable, uint32_t *frame)
{
	struct model_entry *e;
	int16_t s;

	if (ref >= MODEL_REFS)
		return GNTST_bad_gntref;
	e = &entries[granter][ref];
	if (e->pins && e->user != user)
		return GNTST_general_error;
	if ((e->word.flags & (GTF_type_mask | GTF_sub_page | GTF_PAT | GTF_PWT | GTF_PCD)) != GTF_permit_access ||
	    e->word.domid != user || (writable && (e->word.flags & GTF_readonly)))
		return GNTST_general_error;
	e->word.flags |= (uint16_t)(GTF_reading | (writable ? GTF_writing : 0));
	if (!e->pins)
		e->frame = e->word.frame;
	e->user = (domid_t)user;
	e->pins++;
	e->write_pins += writable;
	*frame = e->frame;
	s = model_frame_get(*frame, granter, writable);
	if (s)
		model_unpin(e, writable);
	return s;
}

#define MODEL_OP(d, op, args) call_once(hypercall_grant_table_op, cpu[d][0], GNTTABOP_##op, &(args), sizeof(args), 1)

static inline void step_write_entry(unsigned int c, struct model_input *in)
{
	static const uint16_t forms[] = {GTF_permit_access, GTF_permit_access, GTF_permit_access | GTF_readonly, GTF_invalid,
					 GTF_permit_access | GTF_sub_page, GTF_transitive, GTF_accept_transfer,
					 GTF_permit_access | GTF_reading | GTF_writing, GTF_permit_access | GTF_PCD};
	uint8_t b = model_byte(in);
	struct model_entry *e = &entries[c][b % MODEL_REFS];

	e->word.flags = forms[model_byte(in) % ARRAY_COUNT(forms)];
	e->word.domid = b / MODEL_REFS % (DOMAINS + 1);
	e->word.frame = (uint32_t)model_pick_frame(in, c).v;
	*model_shared(c, b % MODEL_REFS) = e->word;
}

static inline bool model_host_is_free(unsigned int mapper, uint64_t host)
{
	for (unsigned int i = 0; i < MODEL_MAPS; i++)
		if (maps[i].is_used && maps[i].mapper == mapper && (maps[i].parts & GNTMAP_host_map) && maps[i].host == host)
			return false;
	return true;
}

static inline int16_t model_map(unsigned int c, const struct gnttab_map_grant_ref *op, struct model_map *m)
{
	bool writable = !(op->flags & GNTMAP_readonly);
	struct model_entry *e;
	int16_t s;

	if (!(op->flags & GRANT_PARTS))
		return GNTST_bad_gntref;
	if (op->dom >= DOMAINS)
		return GNTST_bad_domain;
	*m = (struct model_map){.is_used = true, .is_readonly = !writable, .mapper = c, .granter = op->dom, .ref = op->ref,
				.parts = op->flags & GRANT_PARTS, .host = op->host_addr};
	s = model_pin(op->dom, op->ref, c, writable, &m->frame);
	if (s)
		return s;
	e = &entries[op->dom][op->ref];
	if (m->parts == GRANT_PARTS)
		must((enum status)model_pin(op->dom, op->ref, c, writable, &m->frame));
	if (!(m->parts & GNTMAP_host_map) || (op->host_addr % 8 == 0 && model_host_is_free(c, op->host_addr)))
		return GNTST_okay;
	if (m->parts == GRANT_PARTS)
		model_unpin(e, writable);
	model_unpin(e, writable);
	return GNTST_general_error;
}

static inline void step_map(unsigned int c, struct model_input *in)
{
	static const domid_t others[] = {DOMID_SELF, 99};
	uint8_t from = model_byte(in) % 16, flags = model_byte(in), host = model_byte(in);
	struct gnttab_map_grant_ref op = {
		.host_addr = 0x1000 + 8 * (host % MODEL_HOSTS) + (host == 255), .flags = flags & 0x1f, .ref = model_pick_ref(in),
		.dom = from >= 14 ? others[from - 14] : from % DOMAINS};
	struct model_map m = {0};
	unsigned int slot = 0;
	int16_t want;

	while (slot < MODEL_MAPS && maps[slot].is_used)
		slot++;
	if (slot == MODEL_MAPS)
		return;
	want = model_map(c, &op, &m);
	CHECK(MODEL_OP(c, map_grant_ref, op) == OK);
	CHECK(op.status == want);
	if (want)
		return;
	for (unsigned int i = 0; i < MODEL_MAPS; i++)
		CHECK(!maps[i].is_used || maps[i].mapper != c || maps[i].handle != op.handle);
	CHECK(op.dev_bus_addr == mfn_to_paddr(mfn(m.frame)));
	m.handle = op.handle;
	maps[slot] = m;
}

static inline void model_release(struct model_map *m, uint32_t parts)
{
	if (parts & GNTMAP_host_map)
		model_unpin(&entries[m->granter][m->ref], !m->is_readonly);
	if (parts & GNTMAP_device_map)
		model_unpin(&entries[m->granter][m->ref], !m->is_readonly);
	m->parts &= ~parts;
	m->is_used = m->parts;
}

/* Mostly a mapping's own addresses, sometimes others'. */
static inline void step_unmap(unsigned int c, struct model_input *in)
{
	struct model_map *m = &maps[model_byte(in) % MODEL_MAPS];
	uint8_t how = model_byte(in);
	struct gnttab_unmap_grant_ref op = {
		.host_addr = how & 1 ? m->host + (how >= 0xf0 ? 8 : 0) : 0,
		.dev_bus_addr = how & 2 ? mfn_to_paddr(mfn(m->frame)) + (how >= 0xe0 && how < 0xf0 ? PAGE_BYTES : 0) : 0,
		.handle = m->is_used && m->mapper == c ? m->handle : GRANT_HANDLES_PER_PAGE - 1};
	uint32_t parts = ((op.host_addr ? GNTMAP_host_map : 0) | (op.dev_bus_addr ? GNTMAP_device_map : 0)) & m->parts;
	int16_t want = GNTST_okay;

	if (!m->is_used || m->mapper != c)
		want = GNTST_bad_handle;
	else if (parts && op.dev_bus_addr && op.dev_bus_addr != mfn_to_paddr(mfn(m->frame)))
		want = GNTST_general_error;
	else if ((parts & GNTMAP_host_map) && op.host_addr != m->host)
		want = GNTST_general_error;
	CHECK(MODEL_OP(c, unmap_grant_ref, op) == OK);
	/* The entry at a neighbour's address may by chance hold the same frame: then the neighbour's goes instead. */
	if (want == GNTST_general_error && op.host_addr != m->host && op.status == GNTST_okay) {
		for (unsigned int i = 0; i < MODEL_MAPS; i++) {
			struct model_map *n = &maps[i];

			if (n->is_used && n->mapper == c && (n->parts & GNTMAP_host_map) && n->host == op.host_addr) {
				CHECK(n->frame == m->frame && n->is_readonly == m->is_readonly);
				n->host = m->host;
				want = GNTST_okay;
			}
		}
	}
	CHECK(op.status == want);
	if (!want)
		model_release(m, parts);
}

struct model_side {
	unsigned int d, i; /* which frame */
	struct model_entry *entry;
};

static inline int16_t model_side(unsigned int c, const struct gnttab_copy_ptr *p, bool is_ref, bool writable,
				 struct model_side *side)
{
	domid_t id = p->domid == DOMID_SELF ? (domid_t)c : p->domid;
	uint32_t frame;
	int16_t s;

	side->entry = NULL;
	if (!is_ref) {
		s = p->domid != DOMID_SELF ? GNTST_permission_denied : model_frame_get(p->u.gmfn, c, writable);
		frame = (uint32_t)p->u.gmfn;
	} else if (id >= DOMAINS) {
		return GNTST_bad_domain;
	} else {
		s = model_pin(id, p->u.ref, c, writable, &frame);
		side->entry = s ? NULL : &entries[id][p->u.ref];
	}
	if (!s)
		CHECK(model_frame_find(frame, &side->d, &side->i));
	return s;
}

static inline struct gnttab_copy_ptr model_pick_side(unsigned int c, struct model_input *in, bool is_ref)
{
	uint8_t who = model_byte(in), offset = model_byte(in);
	struct gnttab_copy_ptr p = {.offset = (uint16_t)(offset >= 250 ? 4090 + offset - 250 : offset * 16)};

	if (is_ref)
		p.u.ref = model_pick_ref(in);
	else
		p.u.gmfn = model_pick_frame(in, c).v;
	if (is_ref)
		p.domid = who % 8 == 7 ? DOMID_SELF : who % 8 == 6 ? 99 : who % DOMAINS;
	else
		p.domid = who < 250 ? DOMID_SELF : who % DOMAINS;
	return p;
}

static inline int16_t model_copy(unsigned int c, const struct gnttab_copy *op, struct model_side *from, struct model_side *to)
{
	int16_t s;

	if (op->source.offset + op->len > (int)PAGE_BYTES || op->dest.offset + op->len > (int)PAGE_BYTES)
		return GNTST_bad_copy_arg;
	s = model_side(c, &op->source, op->flags & GNTCOPY_source_gref, false, from);
	if (s)
		return s;
	s = model_side(c, &op->dest, op->flags & GNTCOPY_dest_gref, true, to);
	if (!s) {
		memmove(contents[to->d][to->i] + op->dest.offset, contents[from->d][from->i] + op->source.offset, op->len);
		if (to->entry)
			model_unpin(to->entry, true);
	}
	if (from->entry)
		model_unpin(from->entry, false);
	return s;
}

static inline void step_copy(unsigned int c, struct model_input *in)
{
	struct gnttab_copy op = {.flags = model_byte(in) % 4, .len = (uint16_t)(model_byte(in) * 17)};
	struct model_side from, to;
	int16_t want;

	op.source = model_pick_side(c, in, op.flags & GNTCOPY_source_gref);
	op.dest = model_pick_side(c, in, op.flags & GNTCOPY_dest_gref);
	want = model_copy(c, &op, &from, &to);
	CHECK(MODEL_OP(c, copy, op) == OK);
	CHECK(op.status == want);
	if (!want)
		CHECK(!memcmp(arch_frame_map(frames[to.d][to.i]), contents[to.d][to.i], PAGE_BYTES));
}

static inline void step_swap(unsigned int c, struct model_input *in)
{
	struct gnttab_swap_grant_ref op = {.ref_a = model_pick_ref(in), .ref_b = model_pick_ref(in)};
	int16_t want = op.ref_a >= MODEL_REFS || op.ref_b >= MODEL_REFS ? GNTST_bad_gntref
		       : entries[c][op.ref_a].pins || entries[c][op.ref_b].pins ? GNTST_eagain : GNTST_okay;

	CHECK(MODEL_OP(c, swap_grant_ref, op) == OK);
	CHECK(op.status == want);
	if (!want) {
		grant_entry_v1_t word = entries[c][op.ref_a].word;

		entries[c][op.ref_a].word = entries[c][op.ref_b].word;
		entries[c][op.ref_b].word = word;
	}
}

static inline uint32_t model_writers(uint32_t frame)
{
	uint32_t writers = 0;

	for (unsigned int i = 0; i < MODEL_MAPS; i++)
		if (maps[i].is_used && maps[i].frame == frame && !maps[i].is_readonly)
			writers++;
	return writers;
}

/* The guest turns a frame that nobody writes into a page table, or back. */
static inline void step_table(unsigned int c, struct model_input *in)
{
	unsigned int i = model_byte(in) % MODEL_FRAMES;

	if (model_writers((uint32_t)frames[c][i].v))
		return;
	is_table[c][i] = !is_table[c][i];
	mfn_to_page(frames[c][i])->type = is_table[c][i] ? PAGE_TYPE_L1 | 1 : PAGE_TYPE_NONE;
}

static inline void model_domain_start(unsigned int d)
{
	memset(entries[d], 0, sizeof(entries[d]));
	memset(dom[d]->grant.shared[0], 0, PAGE_BYTES);
	for (unsigned int i = 0; i < MODEL_FRAMES; i++) {
		if (mfn_is_invalid(frames[d][i]))
			must(domain_frames_alloc(dom[d], 0, 0, &frames[d][i]));
		is_table[d][i] = false;
		mfn_to_page(frames[d][i])->type = PAGE_TYPE_NONE;
		memset(contents[d][i], (int)(d * MODEL_FRAMES + i), PAGE_BYTES);
		memset(arch_frame_map(frames[d][i]), (int)(d * MODEL_FRAMES + i), PAGE_BYTES);
	}
}

/* All that a slot of the model stands for goes, as the mapper would do it. */
static inline void model_unmap_whole(struct model_map *m)
{
	struct gnttab_unmap_grant_ref op = {.host_addr = m->parts & GNTMAP_host_map ? m->host : 0,
					    .dev_bus_addr = mfn_to_paddr(mfn(m->frame)), .handle = m->handle};

	CHECK(MODEL_OP(m->mapper, unmap_grant_ref, op) == OK);
	CHECK(op.status == GNTST_okay);
	model_release(m, m->parts);
}

/* What it mapped goes with it; those who mapped from it keep what they have until they let go, and it until then. */
static inline void step_death(unsigned int c)
{
	for (unsigned int i = 0; i < MODEL_FRAMES; i++)
		if (is_table[c][i])
			mfn_to_page(frames[c][i])->type = PAGE_TYPE_NONE;
	for (unsigned int i = 0; i < MODEL_MAPS; i++)
		if (maps[i].is_used && maps[i].mapper == c)
			model_release(&maps[i], maps[i].parts);
	domain_end(c);
	for (unsigned int i = 0; i < MODEL_MAPS; i++)
		if (maps[i].is_used && maps[i].granter == c)
			model_unmap_whole(&maps[i]);
	CHECK(!domain_find((domid_t)c));
	for (unsigned int i = 0; i < MODEL_FRAMES; i++) {
		CHECK((mfn_to_page(frames[c][i])->count & PAGE_COUNT_MASK) == 0 || mfn_to_page(frames[c][i])->owner != c);
		frames[c][i] = MFN_INVALID;
	}
	domain_start(c);
	model_domain_start(c);
}

static inline void model_frame_compare(unsigned int d, unsigned int i)
{
	uint32_t references = 1, writers = 0;
	const struct page *p = mfn_to_page(frames[d][i]);

	for (unsigned int k = 0; k < MODEL_MAPS; k++) {
		const struct model_map *m = &maps[k];
		uint32_t held = (m->parts & GNTMAP_host_map ? 2u : 0) + (m->parts & GNTMAP_device_map ? 1u : 0);

		if (!m->is_used || m->frame != frames[d][i].v)
			continue;
		references += held;
		writers += m->is_readonly ? 0 : held;
	}
	CHECK((p->count & PAGE_COUNT_MASK) == references && p->owner == d);
	CHECK((p->type & PAGE_TYPE_COUNT_MASK) == (is_table[d][i] ? 1 : writers));
}

static inline void model_entry_compare(unsigned int d, grant_ref_t ref)
{
	const struct model_entry *e = &entries[d][ref];
	const struct grant_active *a = grant_active_find(dom[d], ref);

	CHECK(!memcmp(&e->word, model_shared(d, ref), sizeof(e->word)));
	CHECK(a || !e->pins);
	if (!a)
		return;
	CHECK(a->pins == e->pins && a->write_pins == e->write_pins);
	CHECK(!e->pins || (a->frame == e->frame && a->user == e->user));
}

static inline void model_compare(void)
{
	unsigned int hosts = 0;

	for (unsigned int d = 0; d < DOMAINS; d++) {
		for (unsigned int i = 0; i < MODEL_FRAMES; i++)
			model_frame_compare(d, i);
		for (grant_ref_t ref = 0; ref < MODEL_REFS; ref++)
			model_entry_compare(d, ref);
		CHECK(!spin_is_locked(&dom[d]->grant.lock) && !spin_is_locked(&dom[d]->grant.maptrack_lock));
		hosts += fake_grant_count(dom[d]);
	}
	for (unsigned int k = 0; k < MODEL_MAPS; k++) {
		const struct model_map *m = &maps[k];

		if (!m->is_used || !(m->parts & GNTMAP_host_map))
			continue;
		CHECK(fake_grant_is_mapped(dom[m->mapper], m->host, mfn(m->frame), !m->is_readonly));
		hosts--;
	}
	CHECK(hosts == 0);
}

static inline void model_step(struct model_input *in)
{
	uint8_t op = model_byte(in);
	unsigned int c = op / 16 % DOMAINS;

	switch (op % 16) {
	case 0: case 1: case 2: step_write_entry(c, in); break;
	case 3: case 4: case 5: case 6: step_map(c, in); break;
	case 7: case 8: case 9: step_unmap(c, in); break;
	case 10: case 11: case 12: step_copy(c, in); break;
	case 13: step_swap(c, in); break;
	case 14: step_table(c, in); break;
	case 15:
		if (c && model_byte(in) % 8 == 0)
			step_death(c);
		break;
	}
}

/* The domains are made once; each history begins with nothing mapped and nothing granted. */
static inline void model_start(void)
{
	if (!dom[0]) {
		three_domains_start();
		for (unsigned int d = 0; d < DOMAINS; d++)
			for (unsigned int i = 0; i < MODEL_FRAMES; i++)
				frames[d][i] = MFN_INVALID;
	}
	for (unsigned int i = 0; i < MODEL_MAPS; i++)
		if (maps[i].is_used)
			model_unmap_whole(&maps[i]);
	for (unsigned int d = 0; d < DOMAINS; d++)
		model_domain_start(d);
}

static inline void grant_model_end(void)
{
	model_start();
	three_domains_end();
}

/* Returns 0; a difference stops the program. */
static inline int grant_model_run(const uint8_t *bytes, size_t count)
{
	struct model_input in = {bytes, bytes + count};

	model_start();
	while (in.at < in.end) {
		model_step(&in);
		model_compare();
	}
	return 0;
}
