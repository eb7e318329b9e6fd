/*
 * The hypercall page: one small function a hypercall, at 32 times its number, for kernels that have no code of their own
 * for it. It loads the number and executes SYSCALL, which destroys rcx and r11, so it saves them around.
 *
 * iret (23) does not come back: it is jumped to, and leaves rcx, r11 and rax on the stack on top of the frame, where the
 * hypercall takes them from.
 */
#include "hypercall_page.h"

#include <hyp/abi.h>
#include <hyp/string.h>

#define ENTRY_BYTES 32
#define NUMBER_OFFSET 4
#define INT3 0xcc

static const uint8_t call_code[] = {
	0x51,		/* push %rcx */
	0x41, 0x53,	/* push %r11 */
	0xb8, 0, 0, 0, 0, /* mov $number, %eax */
	0x0f, 0x05,	/* syscall */
	0x41, 0x5b,	/* pop %r11 */
	0x59,		/* pop %rcx */
	0xc3,		/* ret */
};

static const uint8_t iret_code[] = {
	0x51,		/* push %rcx */
	0x41, 0x53,	/* push %r11 */
	0x50,		/* push %rax */
	0xb8, __HYPERVISOR_iret, 0, 0, 0, /* mov $number, %eax */
	0x0f, 0x05,	/* syscall */
};

void hypercall_page_fill(uint8_t *page)
{
	memset(page, INT3, PAGE_BYTES);
	for (unsigned int number = 0; number < PAGE_BYTES / ENTRY_BYTES; number++) {
		uint8_t *entry = page + number * ENTRY_BYTES;

		memcpy(entry, call_code, sizeof(call_code));
		entry[NUMBER_OFFSET] = (uint8_t)number;
	}
	memset(page + __HYPERVISOR_iret * ENTRY_BYTES, INT3, ENTRY_BYTES);
	memcpy(page + __HYPERVISOR_iret * ENTRY_BYTES, iret_code, sizeof(iret_code));
}
