/*
 * A 32-bit program without a library: system calls by int 0x80 and by the kernel's vdso (SYSCALL on AMD's processors,
 * SYSENTER on Intel's), a segment of an LDT, all again and again while another such process runs.
 */
#define ROUNDS 20000
#define SYS_EXIT 1
#define SYS_FORK 2
#define SYS_WAITPID 7
#define SYS_GETPID 20
#define SYS_GETPPID 64
#define SYS_MODIFY_LDT 123
#define SYS_YIELD 158
#define AT_SYSINFO 32

struct user_desc {
	unsigned int entry, base, limit, flags;
};

static unsigned int entry_point, word = 0x12345678;

static int call_int80(int number, int a, int b, int c)
{
	int result;

	asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

static int call_vdso(int number, int a, int b, int c)
{
	int result;

	asm volatile("call *%[entry]" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), [entry] "m"(entry_point) : "memory");
	return result;
}

static void expect(int holds, int code)
{
	if (!holds)
		call_int80(SYS_EXIT, code, 0, 0);
}

static void work(void)
{
	struct user_desc d = {3, (unsigned int)&word, 0xfffff, 1 | 1 << 4 | 1 << 6};
	int pid = call_int80(SYS_GETPID, 0, 0, 0), parent = call_int80(SYS_GETPPID, 0, 0, 0);
	unsigned int read;

	expect(call_vdso(SYS_MODIFY_LDT, 1, (int)&d, sizeof(d)) == 0, 10);
	asm volatile("mov %0, %%gs" : : "r"(3 << 3 | 7));
	for (int i = 0; i < ROUNDS; i++) {
		expect(call_vdso(SYS_GETPID, 0, 0, 0) == pid, 11);
		expect(call_int80(SYS_GETPPID, 0, 0, 0) == parent, 12);
		expect(call_vdso(SYS_GETPPID, 0, 0, 0) == parent, 13);
		asm volatile("movl %%gs:0, %0" : "=r"(read));
		expect(read == 0x12345678, 14);
		if (i % 64 == 0)
			call_vdso(SYS_YIELD, 0, 0, 0);
	}
}

void start(unsigned int *stack);
void start(unsigned int *stack)
{
	unsigned int *at = stack + 1 + *stack + 1;
	int children[3], status = 0, all = 0;

	while (*at++)
		;
	for (; *at; at += 2)
		if (*at == AT_SYSINFO)
			entry_point = at[1];
	expect(entry_point != 0, 9);
	for (int i = 0; i < 3; i++) {
		children[i] = call_vdso(SYS_FORK, 0, 0, 0);
		if (!children[i]) {
			work();
			call_vdso(SYS_EXIT, 0, 0, 0);
		}
	}
	for (int i = 0; i < 3; i++) {
		call_int80(SYS_WAITPID, children[i], (int)&status, 0);
		all |= status;
	}
	call_vdso(SYS_EXIT, all ? all >> 8 & 0xff ? all >> 8 & 0xff : 1 : 0, 0, 0);
}

asm(".globl _start; _start: mov %esp, %eax; and $-16, %esp; sub $12, %esp; push %eax; call start");
