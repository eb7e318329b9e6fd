/* Tests of domctl on memory and devices: limits, types of frames, the hypercall page, permissions. */
#include <fakes/control_call.h>

static void a_memory_limit_may_be_lower_than_what_there_is(void **state)
{
	mfn_t first;

	(void)state;
	must(domain_frames_alloc(dom[1], 3, 0, &first));
	op.u.max_mem.max_memkb = 19;
	assert_int_equal(domctl(XEN_DOMCTL_max_mem), 0);
	assert_int_equal(dom[1]->pages_max, 4);
	assert_int_equal(domain_frames_alloc(dom[1], 0, 0, &first), E_NOSPC);
	op.u.max_mem.max_memkb = UINT64_MAX;
	assert_int_equal(domctl(XEN_DOMCTL_max_mem), 0);
	assert_int_equal(dom[1]->pages_max, UINT64_MAX >> 2);
}

static uint64_t info_slot(unsigned int i)
{
	return ((const uint64_t *)fake_guest(BUFFER))[i];
}

static void frame_types_replace_the_numbers(void **state)
{
	uint64_t list[8];
	mfn_t first, others;

	(void)state;
	must(domain_frames_alloc(dom[1], 3, 0, &first));
	must(domain_frames_alloc(dom[2], 0, 0, &others));
	for (unsigned int i = 0; i < 8; i++)
		list[i] = first.v + i;
	mfn_to_page(mfn(first.v + 1))->type = PAGE_TYPE_L1 | 1;
	mfn_to_page(mfn(first.v + 2))->type = PAGE_TYPE_L4 | PAGE_TYPE_PINNED | 1;
	mfn_to_page(mfn(first.v + 3))->type = PAGE_TYPE_L2;
	mfn_to_page(mfn(first.v + 4))->type = PAGE_TYPE_WRITABLE | 2;
	mfn_to_page(mfn(first.v + 5))->type = PAGE_TYPE_SEGMENT | 1;
	list[6] = others.v;
	list[7] = arch_virt_to_mfn(dom[1]->shared_info).v;
	memcpy(fake_guest(BUFFER), list, sizeof(list));
	op.u.getpageframeinfo3.num = 8;
	fake_guest_handle(op.u.getpageframeinfo3.array, BUFFER);
	assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3), 0);
	assert_int_equal(info_slot(0), XEN_DOMCTL_PFINFO_NOTAB);
	assert_int_equal(info_slot(1), XEN_DOMCTL_PFINFO_L1TAB);
	assert_int_equal(info_slot(2), XEN_DOMCTL_PFINFO_L4TAB | XEN_DOMCTL_PFINFO_LPINTAB);
	assert_int_equal(info_slot(3), XEN_DOMCTL_PFINFO_NOTAB);
	assert_int_equal(info_slot(4), XEN_DOMCTL_PFINFO_NOTAB);
	assert_int_equal(info_slot(5), XEN_DOMCTL_PFINFO_NOTAB);
	assert_int_equal(info_slot(6), XEN_DOMCTL_PFINFO_XTAB);
	assert_int_equal(info_slot(7), XEN_DOMCTL_PFINFO_XTAB);
	for (unsigned int i = 0; i < 8; i++) {
		mfn_to_page(mfn(first.v + i))->type = PAGE_TYPE_NONE;
		assert_int_equal(mfn_to_page(mfn(first.v + i))->count & PAGE_COUNT_MASK, 1);
	}
}

static void frames_that_are_not_there_are_marked(void **state)
{
	const uint64_t list[] = {0, frame_count, UINT64_MAX, FAKE_MAIN_END + 5};

	(void)state;
	memcpy(fake_guest(BUFFER), list, sizeof(list));
	op.u.getpageframeinfo3.num = 4;
	fake_guest_handle(op.u.getpageframeinfo3.array, BUFFER);
	assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(info_slot(i), XEN_DOMCTL_PFINFO_XTAB);
}

static void a_list_of_frames_has_a_limit_and_a_place(void **state)
{
	(void)state;
	op.u.getpageframeinfo3.num = 1025;
	fake_guest_handle(op.u.getpageframeinfo3.array, BUFFER);
	assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3), E_TOOBIG);
	op.u.getpageframeinfo3.num = UINT64_C(1) << 32 | 1;
	assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3), E_TOOBIG);
	op.u.getpageframeinfo3.num = 1;
	fake_guest_handle(op.u.getpageframeinfo3.array, NOWHERE);
	assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3), E_FAULT);
	op.u.getpageframeinfo3.num = 0;
	assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3), 0);
}

static void the_hypercall_page_goes_into_a_frame_of_the_domain(void **state)
{
	mfn_t own, others;

	(void)state;
	must(domain_frames_alloc(dom[1], 0, 0, &own));
	must(domain_frames_alloc(dom[2], 0, 0, &others));
	op.u.hypercall_init.gmfn = own.v;
	assert_int_equal(domctl(XEN_DOMCTL_hypercall_init), 0);
	assert_int_equal(*(uint8_t *)arch_frame_map(own), 0x90);
	assert_int_equal(mfn_to_page(own)->type & PAGE_TYPE_COUNT_MASK, 0);
	op.u.hypercall_init.gmfn = others.v;
	assert_int_equal(domctl(XEN_DOMCTL_hypercall_init), E_ACCES);
	op.u.hypercall_init.gmfn = frame_count;
	assert_int_equal(domctl(XEN_DOMCTL_hypercall_init), E_ACCES);
	/* A page table is not written over. */
	mfn_to_page(own)->type = PAGE_TYPE_L1 | 1;
	op.u.hypercall_init.gmfn = own.v;
	assert_int_equal(domctl(XEN_DOMCTL_hypercall_init), E_ACCES);
	mfn_to_page(own)->type = PAGE_TYPE_NONE;
}

static void writes_are_not_recorded(void **state)
{
	static const uint32_t not_offered[] = {
		XEN_DOMCTL_SHADOW_OP_ENABLE,	      XEN_DOMCTL_SHADOW_OP_CLEAN,
		XEN_DOMCTL_SHADOW_OP_PEEK,	      XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY,
		XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION,  XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION, 99,
	};

	(void)state;
	op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_OFF;
	assert_int_equal(domctl(XEN_DOMCTL_shadow_op), E_INVAL);
	for (size_t i = 0; i < ARRAY_COUNT(not_offered); i++) {
		op.u.shadow_op.op = not_offered[i];
		assert_int_equal(domctl(XEN_DOMCTL_shadow_op), E_OPNOTSUPP);
	}
}

static long ports(uint32_t first, uint32_t count, uint8_t allow)
{
	memset(&op.u, 0, sizeof(op.u));
	op.u.ioport_permission.first_port = first;
	op.u.ioport_permission.nr_ports = count;
	op.u.ioport_permission.allow_access = allow;
	return domctl(XEN_DOMCTL_ioport_permission);
}

static void ports_are_given_and_taken(void **state)
{
	(void)state;
	assert_int_equal(ports(0x60, 4, 1), 0);
	assert_true(arch_io_is_allowed(dom[1], CONTROL_PORTS, 0x60, 0x63));
	assert_int_equal(ports(0x60, 4, 0), 0);
	assert_false(arch_io_is_allowed(dom[1], CONTROL_PORTS, 0x60, 0x60));
	assert_int_equal(ports(0xffff, 1, 1), 0);
}

static void ports_that_are_not_there_are_refused(void **state)
{
	(void)state;
	assert_int_equal(ports(0, 0, 1), E_INVAL);
	assert_int_equal(ports(0x10000, 1, 1), E_INVAL);
	assert_int_equal(ports(0xffff, 2, 1), E_INVAL);
	assert_int_equal(ports(1, UINT32_MAX, 1), E_INVAL);
	assert_int_equal(ports(UINT32_MAX, UINT32_MAX, 1), E_INVAL);
}

static long iomem(uint64_t first, uint64_t count)
{
	memset(&op.u, 0, sizeof(op.u));
	op.u.iomem_permission.first_mfn = first;
	op.u.iomem_permission.nr_mfns = count;
	op.u.iomem_permission.allow_access = 1;
	return domctl(XEN_DOMCTL_iomem_permission);
}

static void device_memory_is_given_in_its_limits(void **state)
{
	(void)state;
	assert_int_equal(iomem(0xa0, 2), 0);
	assert_true(arch_io_is_allowed(dom[1], CONTROL_FRAMES, 0xa0, 0xa1));
	assert_int_equal(iomem(0xa0, 0), E_INVAL);
	assert_int_equal(iomem(UINT64_C(1) << 28, 1), E_INVAL);
	assert_int_equal(iomem((UINT64_C(1) << 28) - 1, 2), E_INVAL);
	assert_int_equal(iomem(UINT64_MAX, 2), E_INVAL);
	assert_int_equal(iomem(1, UINT64_MAX), E_INVAL);
	/* The fake domain 0 may not use these itself. */
	assert_int_equal(iomem(FAKE_IO_LIMIT, 1), E_PERM);
	assert_int_equal(iomem(FAKE_IO_LIMIT - 1, 2), E_PERM);
}

static void interrupts_are_given(void **state)
{
	(void)state;
	memset(&op.u, 0, sizeof(op.u));
	op.u.irq_permission.pirq = 7;
	op.u.irq_permission.allow_access = 1;
	assert_int_equal(domctl(XEN_DOMCTL_irq_permission), 0);
	assert_true(arch_io_is_allowed(dom[1], CONTROL_IRQS, 7, 7));
	op.u.irq_permission.pirq = FAKE_IO_LIMIT;
	assert_int_equal(domctl(XEN_DOMCTL_irq_permission), E_PERM);
}

static long mapping(uint64_t gfn_first, uint64_t first, uint64_t count)
{
	memset(&op.u, 0, sizeof(op.u));
	op.u.memory_mapping.first_gfn = gfn_first;
	op.u.memory_mapping.first_mfn = first;
	op.u.memory_mapping.nr_mfns = count;
	op.u.memory_mapping.add_mapping = DPCI_ADD_MAPPING;
	return domctl(XEN_DOMCTL_memory_mapping);
}

static void a_mapping_is_fine_where_the_domain_may_map(void **state)
{
	(void)state;
	assert_int_equal(mapping(0xa0, 0xa0, 1), E_PERM);
	assert_int_equal(iomem(0xa0, 2), 0);
	assert_int_equal(mapping(0xa0, 0xa0, 1), 0);
	assert_int_equal(mapping(0xa0, 0xa0, 3), E_PERM);
	assert_int_equal(mapping(0xa0, 0xa0, 0), E_INVAL);
	assert_int_equal(mapping(UINT64_MAX, 0xa0, 1), E_INVAL);
	assert_int_equal(mapping(0, UINT64_MAX, 2), E_INVAL);
	assert_int_equal(mapping(0, FAKE_IO_LIMIT, 1), E_PERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		control_test(a_memory_limit_may_be_lower_than_what_there_is),
		control_test(frame_types_replace_the_numbers),
		control_test(frames_that_are_not_there_are_marked),
		control_test(a_list_of_frames_has_a_limit_and_a_place),
		control_test(the_hypercall_page_goes_into_a_frame_of_the_domain),
		control_test(writes_are_not_recorded),
		control_test(ports_are_given_and_taken),
		control_test(ports_that_are_not_there_are_refused),
		control_test(device_memory_is_given_in_its_limits),
		control_test(interrupts_are_given),
		control_test(a_mapping_is_fine_where_the_domain_may_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
