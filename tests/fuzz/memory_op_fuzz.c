/*
 * memory_op from two domains with arguments of any kind: fields and lists are mostly plausible, so that calls get far,
 * and sometimes raw. Guest memory fails and calls are interrupted at points that the input chooses. After each call
 * every frame is accounted for; at the end the domains die and all memory is back.
 */
#include <limits.h>

#include <fakes/fuzz_input.h>

#include <hyp/domain.h>
#include <hyp/mm.h>
#include <hyp/string.h>

#define ARG FAKE_GUEST_START
#define LIST (FAKE_GUEST_START + 0x1000)
#define OUT (FAKE_GUEST_START + 0x2000)
#define RANGE 128u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static const uint64_t range_start[] = {FAKE_LOW_START, FAKE_MAIN_START, FAKE_HIGH_START};

static uint64_t number(void)
{
	uint8_t kind = next8();

	return kind < 220 ? kind % 20 : kind < 230 ? UINT64_C(1) << (next8() % 64) : kind < 240 ? ~UINT64_C(0) : next64();
}

static void *address(void)
{
	static const uint64_t places[] = {LIST, LIST, LIST, OUT, OUT, OUT, 0, FAKE_GUEST_END - 20, UINT64_MAX - 7,
					  0xffff830000000000};

	return (void *)(uintptr_t)places[next8() % ARRAY_COUNT(places)];
}

static domid_t domain_id(void)
{
	static const domid_t ids[] = {DOMID_SELF, DOMID_SELF, 0, 5, 5, 77, DOMID_XEN, DOMID_INVALID};

	return ids[next8() % ARRAY_COUNT(ids)];
}

static struct xen_memory_reservation reservation(void)
{
	struct xen_memory_reservation r = {.nr_extents = number(), .extent_order = next8() % 12, .domid = domain_id()};
	uint8_t flags = next8();

	r.extent_start.p = address();
	r.mem_flags = flags < 100 ? 0 : flags < 240 ? flags % 40 : (unsigned int)next64();
	return r;
}

static union argument {
	struct xen_memory_reservation reservation;
	struct xen_memory_exchange exchange;
	struct xen_memory_domain domain;
	struct xen_machphys_mfn_list mfn_list;
	struct xen_memory_map map;
	struct xen_foreign_memory_map foreign_map;
	struct xen_mem_acquire_resource resource;
	struct xen_reserved_device_memory_map reserved;
	uint64_t raw[10];
} argument_for(unsigned int op)
{
	union argument a = {0};

	switch (op) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
	case XENMEM_claim_pages:
		a.reservation = reservation();
		break;
	case XENMEM_exchange:
		a.exchange.in = reservation();
		a.exchange.out = reservation();
		/* Mostly sizes that fit. */
		if (next8() < 200)
			a.exchange.out.nr_extents = a.exchange.in.nr_extents << (a.exchange.in.extent_order & 15) >>
						    (a.exchange.out.extent_order & 15);
		if (next8() < 200)
			a.exchange.out.domid = a.exchange.in.domid;
		a.exchange.nr_exchanged = next8() < 200 ? 0 : number();
		break;
	case XENMEM_machphys_mfn_list:
		a.mfn_list.max_extents = (unsigned int)number();
		a.mfn_list.extent_start.p = address();
		break;
	case XENMEM_memory_map:
	case XENMEM_machine_memory_map:
		a.map.nr_entries = (unsigned int)number();
		a.map.buffer.p = address();
		break;
	case XENMEM_set_memory_map:
		a.foreign_map.domid = domain_id();
		a.foreign_map.map.nr_entries = (unsigned int)number();
		a.foreign_map.map.buffer.p = address();
		break;
	case XENMEM_acquire_resource:
		a.resource = (struct xen_mem_acquire_resource){.domid = domain_id(), .type = next8() % 3,
							       .id = next8() % 8 == 0, .nr_frames = (uint32_t)number(),
							       .frame = number()};
		a.resource.frame_list.p = address();
		break;
	default:
		for (unsigned int i = 0; i < ARRAY_COUNT(a.raw); i++)
			a.raw[i] = number();
	}
	return a;
}

static uint64_t some_frame(void)
{
	uint8_t kind = next8();

	return kind < 250 ? range_start[kind % 3] + next8() % RANGE : number();
}

static void fill_lists(void)
{
	uint64_t *list = fake_guest(LIST), *out = fake_guest(OUT);

	for (unsigned int i = next8() % 20; i-- > 0;) {
		list[i] = some_frame();
		out[i] = some_frame();
	}
}

static void call_once(struct vcpu *v)
{
	uint8_t op = next8() % 32, start = next8();
	union argument a = argument_for(op);
	struct hypercall call = {.arg = {op | (start > 240 ? number() << 6 : 0), start == 240 ? 0 : ARG}};

	memcpy(fake_guest(ARG), &a, sizeof(a));
	(void)call_in_trouble(hypercall_memory_op, v, &call, UINT_MAX);
}

static void check(struct domain *const *domains)
{
	uint64_t pages[2] = {0}, free = 0;

	for (unsigned int r = 0; r < 3; r++)
		for (uint64_t m = range_start[r]; m < range_start[r] + RANGE; m++) {
			const struct page *p = &frame_table[m];

			if (p->owner == DOMID_INVALID)
				free++;
			for (unsigned int i = 0; i < 2; i++)
				pages[i] += p->owner == domains[i]->id && !(p->count & PAGE_COUNT_SHARED);
			/* Nobody refers to anything here but as the owner. */
			CHECK((p->count & PAGE_COUNT_MASK) <= 1);
		}
	CHECK(free == frames_free_count());
	for (unsigned int i = 0; i < 2; i++)
		CHECK(domains[i]->pages == pages[i] && pages[i] <= domains[i]->pages_max);
	CHECK(frames_claimed_count() == domains[0]->pages_claimed + domains[1]->pages_claimed);
}

static struct domain *create(domid_t id, bool privileged, struct vcpu **v)
{
	struct domain_config config = {.id = id, .privileged = privileged, .vcpu_max = 1, .evtchn_port_max = 10,
				       .grant_frames_max = 2, .maptrack_frames_max = 1};
	struct domain *d;

	CHECK(domain_create(&config, &d) == OK && vcpu_create(d, 0, v) == OK);
	d->pages_max = 200;
	return d;
}

static void destroy(struct domain *d)
{
	domain_get(d);
	while (domain_kill(d) != OK)
		;
	domain_put(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	struct domain *domains[2];
	struct vcpu *vcpus[2];

	input = bytes;
	input_left = count;
	fake_cpus_reset(2);
	fake_memory_init_empty(RANGE);
	for (unsigned int r = 0; r < 3; r++)
		frames_add(mfn(range_start[r]), mfn(range_start[r] + RANGE));
	fake_domains_reset();
	domains[0] = create(0, true, &vcpus[0]);
	domains[1] = create(5, false, &vcpus[1]);
	while (input_left) {
		fill_lists();
		call_once(vcpus[next8() % 4 == 0]);
		check(domains);
	}
	destroy(domains[1]);
	destroy(domains[0]);
	CHECK(frames_free_count() == 3 * RANGE);
	return 0;
}
