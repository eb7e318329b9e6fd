#pragma once
/* Everything a test needs. */
#include "abi.h"
#include "layout.h"
#include "hypercall.h"
#include "test.h"
#include "page.h"
#include "trap.h"
#include "user.h"
#include "event.h"
#include "smp.h"
#include "machine.h"

/* The general registers as the builder left them, in the order of start.S, and rflags last. */
enum { BOOT_RAX, BOOT_RBX, BOOT_RCX, BOOT_RDX, BOOT_RSI, BOOT_RDI, BOOT_RBP, BOOT_RSP, BOOT_R8, BOOT_R9, BOOT_R10,
       BOOT_R11, BOOT_R12, BOOT_R13, BOOT_R14, BOOT_R15, BOOT_RFLAGS, BOOT_REGISTERS };
extern uint64_t boot_registers[BOOT_REGISTERS];
/* What boot gave, kept before the runtime touched anything. */
struct boot_state {
	uint16_t cs, ss, ds, es, fs, gs;
	uint8_t upcall_mask;
};
extern struct boot_state boot_state;
extern struct start_info *start_info;
extern struct shared_info *shared;
/* -DGUEST_... words of the kernel's command line: true if the word is there. */
bool option_is(const char *word);
/* For a test that is about Hospes alone: false on Xen. */
bool is_hospes(void);
