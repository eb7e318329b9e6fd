#pragma once
/*
 * The fake machine's memory, as tests see it: small, with holes, crossing 4 GiB, and unkind when told to be.
 */
#include <hyp/mm.h>
#include <hyp/types.h>

/*
 * Memory lies in three ranges of frames with holes around them: low memory from frame 1, a range that crosses 4 GiB,
 * and, with frame numbers in between, nothing.
 */
#define FAKE_LOW_START UINT64_C(0x1)
#define FAKE_LOW_END UINT64_C(0xa0)
#define FAKE_MAIN_START UINT64_C(0x100)
#define FAKE_MAIN_END UINT64_C(0x1100)
#define FAKE_HIGH_START UINT64_C(0xffc00)
#define FAKE_HIGH_END UINT64_C(0x100c00)
#define FAKE_FRAMES (FAKE_LOW_END - FAKE_LOW_START + FAKE_MAIN_END - FAKE_MAIN_START + FAKE_HIGH_END - FAKE_HIGH_START)

/* What a byte of memory holds that nobody has scrubbed. */
#define FAKE_DIRT 0xd5

/* Forgets everything, sets allocator, heap and TLB clock up anew, and hands them all memory. Before each test. */
void fake_memory_init(void);
/* The same without giving the allocator any memory: the test calls frames_add with ranges of the above. Of each range
   only the first `frames_per_range` frames are put in order; the others may not be used. Fast: for fuzzers. */
void fake_memory_init_empty(uint64_t frames_per_range);
bool fake_memory_has(mfn_t m);

/* Takes free frames away until `count` are left (as few as there are if there are fewer); returns them again. */
void fake_memory_leave(uint64_t count);
void fake_memory_unleave(void);

/*
 * Guest memory: addresses FAKE_GUEST_START up to FAKE_GUEST_END, the same for every vCPU. Others are E_FAULT.
 * The hypervisor's addresses start at FAKE_HYPERVISOR_START in this machine and are refused, too.
 */
#define FAKE_GUEST_START UINT64_C(0x10000)
#define FAKE_GUEST_BYTES UINT64_C(0x100000)
#define FAKE_GUEST_END (FAKE_GUEST_START + FAKE_GUEST_BYTES)
/* The bytes at a guest address, for the test to fill and look at. */
void *fake_guest(vaddr_t address);
/* A pointer for a handle of the ABI. */
#define fake_guest_handle(handle, address) ((handle).p = (void *)(uintptr_t)(address))
/* From now on the n-th access of each copy or clear fails (1: the next); 0: none does. */
void fake_guest_fail_at(unsigned int n);
/* How many copies and clears there were since fake_memory_init. */
unsigned int fake_guest_accesses(void);

/* The TLBs: a CPU that loads an entry keeps it until it flushes. */
void fake_tlb_load(unsigned int cpu, mfn_t m);
bool fake_tlb_has(unsigned int cpu, mfn_t m);
/* This CPU flushes for a reason of its own, as at a change of the address space. */
void fake_tlb_flush_own(unsigned int cpu);
/* How often arch_tlb_flush was called, and whom it flushed the last time. */
extern unsigned int fake_tlb_flush_calls;
extern struct cpuset fake_tlb_flush_last;
