/*
 * The trap table, the C side of every entry, and faults that are waited for. A frame from user mode ends the
 * user_run that is under way; a frame from the kernel must be an event, or what a TRY waits for.
 */
#include "guest.h"

struct caught caught;
struct attempt attempt;
uint64_t entry_flags;
uint64_t iret_flags;
bool (*trap_hook)(struct frame *frame);
uint64_t failsafe_selectors[4];
static struct trap_info table[257];

struct trap_info *trap_table(void)
{
	return table;
}

void trap_init(void)
{
	for (unsigned int vector = 0; vector < 256; vector++) {
		/* int3, into and the system-call vectors may be raised by software, as kernels set them. */
		unsigned int dpl = vector == 3 || vector == 4 || vector == 0x80 ? 3 : 0;

		table[vector] = (struct trap_info) {
			.vector = (uint8_t)vector,
			.flags = (uint8_t)(dpl | 4),
			.cs = FLAT_KERNEL_CS,
			.address = (unsigned long)exception_stubs + vector * 16,
		};
	}
	if (hc_set_trap_table(table))
		FAIL("set_trap_table is refused");
	if (callback_set(CALLBACKTYPE_event, callback_event, true) ||
	    callback_set(CALLBACKTYPE_failsafe, callback_failsafe, true) ||
	    callback_set(CALLBACKTYPE_syscall, callback_syscall, true))
		FAIL("the callbacks are refused");
}

long trap_set(unsigned int vector, unsigned int dpl, bool mask_events)
{
	struct trap_info one[2] = { table[vector], {} };

	one[0].flags = (uint8_t)(dpl | (mask_events ? 4 : 0));
	return hc_set_trap_table(one);
}

long callback_set(unsigned int type, void (*entry)(void), bool mask_events)
{
	struct callback_register callback = {
		.type = (uint16_t)type,
		.flags = mask_events ? CALLBACKF_mask_events : 0,
		.address = (unsigned long)entry,
	};

	return hc_callback_op(CALLBACKOP_register, &callback);
}

void caught_clear(void)
{
	caught = (struct caught) { .vector = VECTOR_NONE };
}

static void caught_fill(const struct frame *frame)
{
	caught.frame = *frame;
	caught.vector = (unsigned int)frame->vector;
	caught.error = frame->error;
	caught.rip = frame->rip;
	caught.cr2 = vcpu_info_here()->arch.cr2;
	caught.instruction = attempt.instruction;
	caught.mask = vcpu_info_here()->evtchn_upcall_mask;
}

void trap_entry(struct frame *frame)
{
	if (trap_hook && trap_hook(frame))
		return;
	if (frame->vector == VECTOR_EVENT && (frame->cs & 3) == 0) {
		event_upcall();
		return;
	}
	if ((frame->cs & 3) == 3)
		user_leave(frame);
	if (!attempt.resume)
		frame_die(frame, "a trap that nobody waits for");
	caught_fill(frame);
	frame->rip = attempt.resume;
	frame->rsp = attempt.rsp;
	frame->rflags &= ~EFLAGS_TF;
	attempt.resume = 0;
}

void frame_die(const struct frame *frame, const char *why)
{
	print("vector %ld error 0x%lx rip 0x%lx cs 0x%lx rflags 0x%lx rsp 0x%lx ss 0x%lx cr2 0x%lx\n",
	      frame->vector, frame->error, frame->rip, frame->cs, frame->rflags, frame->rsp, frame->ss,
	      vcpu_info_here()->arch.cr2);
	print("rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx r8 %lx r9 %lx r10 %lx r11 %lx\n", frame->rax,
	      frame->rbx, frame->rcx, frame->rdx, frame->rsi, frame->rdi, frame->rbp, frame->r8, frame->r9,
	      frame->r10, frame->r11);
	FAIL(why);
}

bool try_read(const volatile void *address, uint64_t *value)
{
	uint64_t got = 0;

	TRY("mov (%[address]), %[got]", OUT([got] "+r"(got)), IN([address] "r"(address)));
	*value = got;
	return caught.vector == VECTOR_NONE;
}

bool try_write(volatile void *address, uint64_t value)
{
	TRY("mov %[value], (%[address])", OUT(), IN([address] "r"(address), [value] "r"(value)));
	return caught.vector == VECTOR_NONE;
}
