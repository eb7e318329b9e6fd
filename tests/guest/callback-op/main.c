/*
 * What: callback_op register and unregister: every type, non-canonical addresses, unknown types; an NMI sent to ourselves
 *       comes by vector 2 and is masked until iret.
 * Why: the entry points of a kernel; NMIs for watchdogs and backtraces.
 * How: registers good and bad addresses; sends NMIs inside and outside an NMI handler.
 * A failure means: the hypervisor jumps to a bad address, or NMIs nest.
 */
#include <guest.h>

static unsigned int nmis, depth, deepest;

static bool hook(struct frame *at)
{
	if (at->vector != VECTOR_NMI)
		return false;
	nmis++;
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (nmis == 1)
		hc_vcpu_op(VCPUOP_send_nmi, 0, NULL);
	depth--;
	return true;
}

static void registrations(void)
{
	struct callback_register callback = { .type = CALLBACKTYPE_event, .address = 0x800000000000ul };
	struct callback_unregister gone;

	EXPECT_STATUS(hc_callback_op(CALLBACKOP_register, &callback), -XEN_EINVAL);
	callback.address = (uintptr_t)callback_event;
	callback.type = 99;
	EXPECT_ONE_OF(hc_callback_op(CALLBACKOP_register, &callback), -XEN_ENOSYS, -XEN_EINVAL);
	EXPECT_REFUSED(hc_callback_op(99, &callback));
	EXPECT_STATUS(hc_callback_op(CALLBACKOP_register, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
	EXPECT_STATUS(callback_set(CALLBACKTYPE_event, callback_event, true), 0);
	/* They stay: a kernel cannot do without, and registers others in their place. */
	static const uint16_t types[] = {CALLBACKTYPE_event, CALLBACKTYPE_failsafe, CALLBACKTYPE_syscall,
					 CALLBACKTYPE_sysenter, CALLBACKTYPE_syscall32};

	for (unsigned int i = 0; i < sizeof(types) / sizeof(*types); i++) {
		gone.type = types[i];
		EXPECT_STATUS(hc_callback_op(CALLBACKOP_unregister, &gone), -XEN_EINVAL);
	}
	gone.type = 8;
	EXPECT_STATUS(hc_callback_op(CALLBACKOP_unregister, &gone), -XEN_ENOSYS);
}

static void nmi(void)
{
	trap_hook = hook;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
	EXPECT_EQ(nmis, 2);
	EXPECT_EQ(deepest, 1);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_send_nmi, 7, NULL), -XEN_ENOENT);
}

void test_main(void)
{
	registrations();
	nmi();
}
