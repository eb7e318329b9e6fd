/*
 * What: a hypercall changes rax, rcx and r11 and nothing else: general, vector, flags and segment registers stay.
 * Why: the ABI promises it, and inline stubs rely on it.
 * How: loads all registers with patterns, makes calls of several kinds, compares.
 * A failure means: kernels compute with wrong values after a hypercall.
 */
#include <guest.h>

static uint64_t before[16] = { 0,    0xb1, 0,	   0xd2, 0x51,	 0xd1,	 0xbb,	 0,
			       0x88, 0x99, 0x1010, 0,	 0x1212, 0x1313, 0x1414, 0x1515 };
static uint64_t after[16];
static uint8_t vectors[16][16] __attribute__((aligned(16)));
static uint8_t vectors_after[16][16] __attribute__((aligned(16)));

void call_with_patterns(long number);
asm(".pushsection .text\n"
    "call_with_patterns:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "mov %rdi, %rax\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "movaps registers_vectors + \\n * 16, %xmm\\n\n"
    ".endr\n"
    "mov registers_before + 8, %rbx; mov registers_before + 24, %rdx; mov registers_before + 32, %rsi\n"
    "mov registers_before + 40, %rdi; mov registers_before + 48, %rbp; mov registers_before + 64, %r8\n"
    "mov registers_before + 72, %r9; mov registers_before + 80, %r10; mov registers_before + 96, %r12\n"
    "mov registers_before + 104, %r13; mov registers_before + 112, %r14; mov registers_before + 120, %r15\n"
    "syscall\n"
    "mov %rbx, registers_after + 8; mov %rdx, registers_after + 24; mov %rsi, registers_after + 32\n"
    "mov %rdi, registers_after + 40; mov %rbp, registers_after + 48; mov %r8, registers_after + 64\n"
    "mov %r9, registers_after + 72; mov %r10, registers_after + 80; mov %r12, registers_after + 96\n"
    "mov %r13, registers_after + 104; mov %r14, registers_after + 112; mov %r15, registers_after + 120\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "movaps %xmm\\n, registers_vectors_after + \\n * 16\n"
    ".endr\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "ret\n"
    ".set registers_before, before\n.set registers_after, after\n"
    ".set registers_vectors, vectors\n.set registers_vectors_after, vectors_after\n"
    ".popsection");

void test_main(void)
{
	static const uint8_t numbers[] = { 17, 29, 26, 99, 12, 32 };

	for (unsigned int i = 0; i < sizeof(vectors); i++)
		vectors[i / 16][i % 16] = (uint8_t)(i * 31 + 5);
	for (unsigned int i = 0; i < sizeof(numbers); i++) {
		bytes_fill(after, 0, sizeof(after));
		call_with_patterns(numbers[i]);
		EXPECT_EQ(bytes_compare(before, after, sizeof(before)), 0);
		EXPECT_EQ(bytes_compare(vectors, vectors_after, sizeof(vectors)), 0);
	}
	uint64_t flags;

	asm volatile("std; stc; mov $17, %%eax; mov $7, %%edi; syscall; pushfq; pop %0; cld"
		     : "=r"(flags)
		     :
		     : "rax", "rcx", "r11", "rdi", "memory", "cc");
	EXPECT_EQ(flags & (EFLAGS_DF | EFLAGS_CF), EFLAGS_DF | EFLAGS_CF);
}
