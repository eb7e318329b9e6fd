#pragma once
/*
 * The paravirtual machine: what the files of this folder offer each other and the entry code.
 * All of it runs on the CPU of the vCPU `v` that is current, interrupts off, with its registers in guest_regs();
 * exceptions to that are marked.
 */
#include "../cpu.h"
#include <hyp/domain.h>
#include <hyp/page_table.h>

/* What vm_assist may switch. */
#define VM_ASSIST_KNOWN                                                                                                \
	(BIT(VMASST_TYPE_4gb_segments) | BIT(VMASST_TYPE_4gb_segments_notify) | BIT(VMASST_TYPE_writable_pagetables) |  \
	 BIT(VMASST_TYPE_pae_extended_cr3) | BIT(VMASST_TYPE_architectural_iopl) |                                      \
	 BIT(VMASST_TYPE_runstate_update_flag))

/* Bounces (bounce.c): the guest kernel is entered as by an exception; registers and mode change. -------------------- */

/* Exception `vector`; `error_code` is pushed if the vector has one. A guest without a handler for it is crashed. */
void pv_inject(struct vcpu *v, unsigned int vector, uint32_t error_code);
/* INT `vector`, which never has an error code (SDM volume 3, 6.13). */
void pv_inject_software(struct vcpu *v, unsigned int vector);
/* #PF: also sets the guest's cr2. */
void pv_inject_page_fault(struct vcpu *v, vaddr_t address, uint32_t error_code);
/* Any other entry: a callback, with no error code. */
void pv_inject_callback(struct vcpu *v, uint64_t handler, bool mask_events);
void pv_inject_failsafe(struct vcpu *v);
/* The event upcall, if one is due. */
void pv_deliver_events(struct vcpu *v);
void pv_deliver_nmi(struct vcpu *v);

/* Modes (mode.c): user and kernel mode of the guest, both in ring 3. */
void pv_enter_kernel(struct vcpu *v);
void pv_enter_user(struct vcpu *v);

/* The copy of v's state for the paths that assembly takes alone (fast_path.c): something of it changed, on whatever CPU; the
   mode did; make it anew. */
void fast_path_changed(struct vcpu *v);
/* The same for all vCPUs of a domain, wherever they run. */
void fast_path_domain_changed(const struct domain *d);
/* Nothing but the roots; nothing but the kernel's stack, of the current vCPU. */
void fast_path_roots_changed(const struct vcpu *v);
void fast_path_stack_changed(const struct vcpu *v);
void fast_path_mode(struct cpu *c, const struct vcpu *v);
void fast_path_update(struct cpu *c, struct vcpu *v);

/* Faults (fault.c): exceptions that the CPU raised in the guest. */
void pv_exception(struct vcpu *v, struct cpu_user_regs *regs);
/* The CPU refused what the guest wants to return to: an exception there. The instruction there has not begun, so nothing is
   emulated. */
void pv_return_fault(struct vcpu *v, const struct cpu_user_regs *regs);
void pv_syscall(struct vcpu *v, struct cpu_user_regs *regs);

/* CR4 as a guest of d gets it that asks for `value` (privileged.c). */
uint64_t pv_cr4_allowed(const struct domain *d, uint64_t value);
/* Privileged instructions (privileged.c): after #GP(0) in guest kernel or user mode, and after #UD with the forced-emulation
   prefix. True: done, or the right exception was injected. False: not ours, the caller bounces the exception. */
bool pv_emulate_privileged(struct vcpu *v, struct cpu_user_regs *regs);
bool pv_emulate_forced(struct vcpu *v, struct cpu_user_regs *regs);
/* Writes to page tables that are mapped read-only (pt_emulate.c). True: done. */
bool pv_emulate_pt_write(struct vcpu *v, struct cpu_user_regs *regs, vaddr_t address);
/* What hypercall mmu_update does with one element that changes a leaf of the caller's own (mmu.c). False: nothing happened. */
bool pv_leaf_update(uint64_t ptr, uint64_t raw);
/* What hypercall vcpu_op does with v's own one-shot timer (guest_timer.c). False: nothing happened. */
bool pv_timer_set(uint64_t timeout_ns, uint32_t vcpu_id, uint32_t flags);
/* The bytes at rip; fewer than `max` where the next page cannot be read. Returns how many. */
unsigned int pv_fetch(struct vcpu *v, const struct cpu_user_regs *regs, uint8_t *bytes, unsigned int max);

/* CPUID (cpuid.c): what the guest's kernel sees. Any CPU, any context. out = eax, ebx, ecx, edx. */
void pv_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
/* Before and after the other CPUs start: reads what the boot CPU can do; decides what guests see of it. `words`: the command
   line's cpuid=, features to hide (no-NAME) and to show. */
void pv_cpuid_read(const char *words);
void pv_cpuid_init(const char *words);
/* MSRs (msr.c). False: #GP. */
bool pv_msr_read(struct vcpu *v, uint32_t index, uint64_t *value);
bool pv_msr_write(struct vcpu *v, uint32_t index, uint64_t value);
/* Ports (ioport.c). `bytes` 1, 2, 4. Withheld ports read as all ones (abi: PIT in domU reads 0), and swallow writes. */
uint32_t pv_port_in(struct vcpu *v, uint16_t port, unsigned int bytes);
void pv_port_out(struct vcpu *v, uint16_t port, unsigned int bytes, uint32_t value);
/* May the code that runs now (kernel by virtual IOPL, user by IOPL 3 or the bitmap) use these ports at all? */
bool pv_port_is_open(struct vcpu *v, uint16_t port, unsigned int bytes);

/* Segments (segments.c). */
vaddr_t pv_ldt_address(const struct vcpu *v);
/* A page fault in the LDT window: maps the guest's page there if it is a good one. */
bool pv_ldt_fault(struct vcpu *v, vaddr_t address);
/* Drops GDT and LDT frames. v is current or does not run; another CPU only for a paused vCPU. d->mm_lock not held. */
void pv_gdt_drop(struct vcpu *v);
void pv_ldt_drop(struct vcpu *v);
enum status pv_gdt_set(struct vcpu *v, const uint64_t *frames, unsigned int entries);
enum status pv_ldt_set(struct vcpu *v, vaddr_t base, uint64_t entries);
/* A descriptor as guests may have them, with its privilege forced; E_INVAL for others. */
enum status pv_descriptor_fix(uint64_t *descriptor);
/* Reads the bases of fs and gs into v->arch (FSGSBASE lets the guest change them), and sets the active ones. */
void pv_fs_base_set(struct vcpu *v, uint64_t base);
void pv_gs_kernel_base_set(struct vcpu *v, uint64_t base);
void pv_gs_user_base_set(struct vcpu *v, uint64_t base);
uint64_t pv_gs_user_base_get(struct vcpu *v);
uint64_t pv_gs_kernel_base_get(struct vcpu *v);

/* Once the features of the CPU are known: what an entry of a guest's page table may not say on it (pt_entry.c). */
void pt_entry_init(void);
/* Before there are domains: whether entries of theirs that are not present are kept from naming memory, which ends at
   `memory_end`, on a CPU with L1TF. */
void pt_entry_absent_init(paddr_t memory_end, bool dom0, bool domu);
/* What arch_domain's absent_address is for d. */
uint64_t pt_entry_absent_address(const struct domain *d);

/* Roots (root.c): the L4 tables of a vCPU. mm_lock of the domain is taken inside. */
enum status pv_root_set(struct vcpu *v, mfn_t root, bool user);
/* The same for both at once, from kernel mode, for entry/stub.S: if nothing stands in the way. False: nothing was done. */
bool pv_roots_switch(mfn_t kernel, mfn_t user);
/* Gives back what the roots of v hold; d->mm_lock is held, v does not run. */
void pv_roots_drop(struct vcpu *v);

/* Time (guest_time.c): v's own record, when it begins to run on another CPU. */
void pv_time_publish(struct vcpu *v);
/* The same for v, which runs here, if that is long ago, and the areas that it has registered. */
void pv_time_renew(struct vcpu *v);
/* v begins to run: the areas that it has registered. */
void pv_vcpu_started(struct vcpu *v);

/* Context (context.c): a whole vcpu_guest_context in and out. v does not run. Any CPU. */
enum status pv_context_set(struct vcpu *v, const struct vcpu_guest_context *c);
void pv_context_get(struct vcpu *v, struct vcpu_guest_context *c);
