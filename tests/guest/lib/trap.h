#pragma once
/*
 * Exceptions of the test kernel. A trap that nobody waits for fails the test with a dump. TRY waits for one:
 *
 *	TRY("ud2", OUT(), IN());
 *	EXPECT_FAULT(VECTOR_UD, 0);
 *
 * runs the instruction; if it traps, the frame goes to `caught` and the code goes on behind it. Registers that the
 * text destroys are named behind IN.
 */
#include "abi.h"
#include "layout.h"

#define VECTOR_DE 0
#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_BP 3
#define VECTOR_OF 4
#define VECTOR_BR 5
#define VECTOR_UD 6
#define VECTOR_NM 7
#define VECTOR_TS 10
#define VECTOR_NP 11
#define VECTOR_SS 12
#define VECTOR_GP 13
#define VECTOR_PF 14
#define VECTOR_MF 16
#define VECTOR_AC 17
#define VECTOR_XM 19
#define VECTOR_NONE 0xffff

#define PF_P 1
#define PF_W 2
#define PF_U 4
#define PF_I 16

struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct frame) == FRAME_BYTES, "start.S knows the size");

/* The last trap that a TRY waited for. vector is VECTOR_NONE when there was none. */
struct caught {
	struct frame frame;
	unsigned int vector;
	uint64_t error;
	uint64_t rip;
	uint64_t cr2;
	uint64_t instruction;	/* where the tried instruction starts */
	uint8_t mask;		/* of events, as the handler found it */
};
extern struct caught caught;

/* What a TRY in progress left for the handler; offsets are in the macro. */
struct attempt {
	uint64_t resume;
	uint64_t instruction;
	uint64_t rsp;
};
extern struct attempt attempt;

#define OUT(...) __VA_ARGS__
#define IN(...) __VA_ARGS__
#define TRY(instruction_text, outputs, inputs, ...)                                                                \
	do {                                                                                                       \
		caught_clear();                                                                                    \
		asm volatile("lea 888f(%%rip), %%r15; mov %%r15, attempt(%%rip)\n"                                 \
			     "lea 777f(%%rip), %%r15; mov %%r15, attempt + 8(%%rip)\n"                             \
			     "mov %%rsp, attempt + 16(%%rip)\n"                                                    \
			     "777: " instruction_text "\n"                                                         \
			     "888: movq $0, attempt(%%rip)"                                                        \
			     : outputs:inputs                                                                      \
			     : "r15", "memory", "cc" __VA_OPT__(, ) __VA_ARGS__);                                  \
	} while (0)

/* The instruction of the last TRY faulted so, at its own address; any error code if -1. */
#define EXPECT_FAULT(want_vector, want_error) do { \
	EXPECT_EQ(caught.vector, want_vector); \
	if (caught.vector == (want_vector)) { \
		EXPECT_EQ(caught.rip, caught.instruction); \
		if ((long)(want_error) >= 0) \
			EXPECT_EQ(caught.error, want_error); \
	} } while (0)
#define EXPECT_NO_FAULT() EXPECT_EQ(caught.vector, VECTOR_NONE)

void caught_clear(void);
void trap_init(void);
void trap_entry(struct frame *frame);
extern char exception_stubs[];
/* The trap table entry of a vector: DPL and whether the upcall mask is set on entry. */
long trap_set(unsigned int vector, unsigned int dpl, bool mask_events);
struct trap_info *trap_table(void);
[[gnu::noreturn]] void frame_die(const struct frame *frame, const char *why);
/* The flags with which the kernel was entered last. */
extern uint64_t entry_flags;
/* The flags of the iret hypercall by which frames are left: VGCF_in_syscall, or none. */
extern uint64_t iret_flags;
/* When set, sees every frame first; true means that it dealt with it. */
extern bool (*trap_hook)(struct frame *frame);
extern uint64_t failsafe_selectors[4];

long callback_set(unsigned int type, void (*entry)(void), bool mask_events);
void callback_event(void);
void callback_failsafe(void);
void callback_syscall(void);
void callback_syscall32(void);
void callback_sysenter(void);
void callback_nmi(void);

/* Reads and writes that may fault: true if they did not; the fault is in caught. */
bool try_read(const volatile void *address, uint64_t *value);
bool try_write(volatile void *address, uint64_t value);
