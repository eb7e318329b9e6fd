/*
 * What: vcpu_op initialise with an event pending, so that the long validation of its page tables is preempted, restarts
 *       and ends well; also with a wrong argument half-way.
 * Why: XSA-296: the continuation of this call reached a BUG in the hypervisor.
 * How: gives vCPU 1 an L4 that was never validated, with many tables below, while the timer runs and events are pending.
 * A failure means: a guest stops the machine.
 * Machine: cpus=1 vcpus=2
 */
#include <guest.h>

#define TABLES 40
#define HERE 11ul

static struct vcpu_guest_context context;
static volatile bool ran;

static void second(void *argument)
{
	(void)argument;
	ran = true;
}

static uint64_t *big_root(void)
{
	uint64_t *top = top_table_alloc(), *level3 = page_alloc(), *level2 = page_alloc(), *leaf = page_alloc();

	for (unsigned int i = 0; i < TABLES; i++) {
		uint64_t *level1 = page_alloc();

		for (unsigned int j = 0; j < 512; j++)
			level1[j] = pte_make(mfn_of(leaf), PTE_RW_FLAGS);
		EXPECT_STATUS(table_seal(level1), 0);
		level2[i] = pte_make(mfn_of(level1), PTE_RW_FLAGS);
	}
	EXPECT_STATUS(table_seal(level2), 0);
	level3[0] = pte_make(mfn_of(level2), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level3), 0);
	EXPECT_STATUS(table_unseal(top), 0);
	top[HERE] = pte_make(mfn_of(level3), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(top), 0);
	return top;
}

void test_main(void)
{
	uint64_t *top = big_root();
	struct vcpu_set_periodic_timer periodic = { .period_ns = 1000000 };
	long port = port_bind_ipi(0);

	REQUIRE(port > 0);
	EXPECT_TRUE(port_bind_virq(VIRQ_TIMER, 0) > 0);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_set_periodic_timer, 0, &periodic), 0);
	vcpu_context_fill(&context, 1, second, NULL);
	context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of(top));
	/* Pending and not masked: as soon as the hypercall is left half-way, the upcall comes. */
	port_send((unsigned int)port);
	vcpu_info_here()->evtchn_upcall_mask = 0;
	context.gs_base_user = 0x800000000000ul;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EINVAL);
	context.gs_base_user = 0;
	port_send((unsigned int)port);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_initialise, 1, &context), 0);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_up, 1, NULL), 0);
	EXPECT_TRUE(vcpu_join(1));
	EXPECT_TRUE(ran);
	/* vCPU 1 still holds the root. */
	EXPECT_REFUSED(table_unseal(top));
}
