#pragma once
/*
 * User mode: a page-table root of its own with one region, USER_BASE, that the kernel's tables map too. Code comes
 * from the test's USER_CODE blocks, which are copied there; data and stack pages follow.
 */
#include "trap.h"

#define USER_BASE 0x400000ul
#define USER_PAGES 16
#define USER_STACK_TOP (USER_BASE + USER_PAGES * 4096)
/* A page that only the test uses. */
#define USER_DATA (USER_BASE + 8 * 4096)

#define USER_CS 0xe033
#define USER_SS 0xe02b
#define USER_CS32 0xe023

/* Code that runs in user mode: position independent, ends by something that traps. */
#define USER_CODE(name, text) \
	asm(".pushsection .user, \"ax\"\n" #name ": " text "\n.popsection"); \
	extern char name[]

extern char user_text_start[], user_text_end[];

/* Builds the tables once. The page behind USER_BASE + n * 4096 is user_page(n), as the kernel sees it elsewhere. */
void user_init(void);
void *user_page(unsigned int index);
uint64_t user_address(const char *code);
uint64_t *user_top_table(void);
/* The L1 entry that maps a page of the region, and its machine address. */
uint64_t *user_entry(unsigned int index);

/* A frame that starts name with a stack and flags. */
struct frame user_frame(const char *code);
/* Runs it until it comes back by anything; the frame is then what the kernel was given. Gives frame->vector. */
unsigned int user_run(struct frame *frame);
[[gnu::noreturn]] void user_leave(struct frame *frame);

void frame_run(const struct frame *frame, uint64_t *return_rsp);
[[gnu::noreturn]] void frame_leave(uint64_t return_rsp);
/* Leaves to a frame of the kernel itself, returning here when it traps in any way. */
unsigned int kernel_run(struct frame *frame);
