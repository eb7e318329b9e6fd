/*
 * What: iret as an entry of a multicall ends the multicall: what follows it is not executed.
 * Why: XSA-213: the rest ran in user mode's context, with the user's page tables: reference counts broke.
 * How: a multicall of a store, an iret to kernel and to user mode, and a second store, which must not happen.
 * A failure means: a guest runs hypercalls from user mode and escapes.
 */
#include <guest.h>

void landing(void);
asm(".pushsection .text; landing: int3; .popsection");
USER_CODE(code_ud2, "ud2");

static struct multicall_entry calls[3];
static struct mmu_update updates[2];
static uint64_t *page;
static unsigned int arrived;
static uint64_t arrived_rax, arrived_rip;

void multicall_with_frame(const struct iret_context *context);
/* The iret frame must be at rsp when the hypercall is made. */
asm(".pushsection .text\n"
    "multicall_with_frame:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "mov %rsp, multicall_rsp\n"
    "sub $72, %rsp\n"
    "mov %rdi, %rsi; mov %rsp, %rdi; mov $9, %ecx; rep movsq\n"
    "mov $13, %eax; mov $multicall_calls, %rdi; mov (%rdi), %rdi; mov $3, %esi; syscall\n"
    "ud2\n"
    ".popsection");
uint64_t multicall_rsp;
struct multicall_entry *multicall_calls = calls;

static bool hook(struct frame *at)
{
	if (at->vector != VECTOR_BP && at->vector != VECTOR_UD)
		return false;
	arrived = (unsigned int)at->vector;
	arrived_rax = at->rax;
	arrived_rip = at->rip;
	frame_leave(multicall_rsp);
}

static void run(const struct iret_context *context)
{
	page[0] = page[1] = 0;
	arrived = VECTOR_NONE;
	updates[0] = (struct mmu_update) { .ptr = machine_of(&page[0]), .val = 1 };
	updates[1] = (struct mmu_update) { .ptr = machine_of(&page[1]), .val = 1 };
	calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_mmu_update,
					     .args = { (uintptr_t)&updates[0], 1, 0, DOMID_SELF } };
	calls[1] = (struct multicall_entry) { .op = __HYPERVISOR_iret };
	calls[2] = (struct multicall_entry){ .op = __HYPERVISOR_mmu_update,
					     .args = { (uintptr_t)&updates[1], 1, 0, DOMID_SELF } };
	multicall_with_frame(context);
	EXPECT_EQ(page[0], 1);
	EXPECT_EQ(page[1], 0);
	EXPECT_EQ(arrived, context->cs == USER_CS ? VECTOR_UD : VECTOR_BP);
	EXPECT_EQ(arrived_rax, context->rax);
	EXPECT_EQ(arrived_rip, context->rip + (context->cs == USER_CS ? 0 : 1));
}

void test_main(void)
{
	static uint8_t stack[4096] __attribute__((aligned(16)));
	/* rax is what the hypervisor tells itself to restart a call. */
	struct iret_context context = { .rax = (uint64_t)-XEN_ERESTART, .rip = (uintptr_t)landing,
					.cs = FLAT_KERNEL_CS & ~3ul, .rflags = 2,
					.rsp = (uintptr_t)stack + 2048, .ss = FLAT_KERNEL_SS };

	user_init();
	page = page_alloc();
	trap_hook = hook;
	run(&context);
	EXPECT_STATUS(hc_stack_switch(FLAT_KERNEL_SS, (uintptr_t)stack + 4096), 0);
	context.rip = user_address(code_ud2);
	context.cs = USER_CS;
	context.ss = USER_SS;
	context.rsp = USER_STACK_TOP;
	run(&context);
	events_disable();
	/* Whole again. */
	EXPECT_STATUS(hc_xen_version(XENVER_pagesize, NULL), PAGE_BYTES);
}
