#pragma once
/*
 * A CPU of the machine: what is kept per CPU, and how to find it.
 *
 * struct cpu_info lies at the top of each CPU's primary stack; any stack pointer of that CPU leads to it. It starts
 * with the registers of the guest that was interrupted.
 */
#include "fpu_image.h"
#include "layout.h"
#include "tsc_sync.h"
#include <hyp/cpu.h>
#include <hyp/domain.h>
#include <hyp/pv/insn.h>

/* The GDT page at the top of every vCPU's GDT, one a CPU. Index = (selector - HYP_GDT_OFFSET) / 8. */
struct cpu_gdt {
	uint64_t entry[512];
};

struct task_state {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_bitmap;
} __attribute__((packed));

#define IST_DOUBLE_FAULT 1
#define IST_NMI 2
#define IST_MACHINE_CHECK 3
#define IST_DEBUG 4

/*
 * The data page behind a CPU's copy of the stub code. What follows `mode` is a copy of the current vCPU's state, for the
 * paths that assembly takes alone; fast_path_update (pv/fast_path.c) keeps it true, and `mode` says what may be done.
 */
enum { FAST_NOTHING, FAST_USER, FAST_KERNEL };
struct stub_data {
	uint64_t scratch, stack, entry;
	uint64_t saved_rax, saved_rcx, saved_rdx;
	uint64_t iret;		/* return_iretq */
	uint32_t mode;		/* FAST_* */
	uint32_t mode_in[2];	/* which it is in user mode, in kernel mode */
	uint64_t kernel_cr3, user_cr3;
	uint64_t frame;		/* where the frame of a system call lies on the kernel stack */
	uint64_t handler;	/* of system calls */
	uint64_t fault_handler;	/* of page faults; 0: by C */
	struct vcpu_info *info;
	bool *in_kernel;
	bool *work;
	struct kernel_stack *kernel_stack;
	uint64_t roots_switch;	/* pv_roots_switch */
	uint64_t leaf_update;	/* pv_leaf_update */
	uint64_t timer_set;	/* pv_timer_set */
};

/* The frame of an entry without an error code on the guest's kernel stack: rcx, r11, rip, cs, rflags, rsp, ss. */
#define FRAME_BYTES 56u
/* The instruction's two bytes. */
#define RDMSR_CODE 0x320f

struct cpu {
	unsigned int id;
	uint32_t apic_id, acpi_id;
	volatile bool started;
	bool refused; /* [a] it lacks something that the boot CPU has */
	bool arrived;	       /* [a] it waits for the boot CPU to compare their time-stamp counters */
	struct tsc_meeting meeting;
	uint64_t tsc_base;     /* its time-stamp counter at system time 0 */
	struct task_state tss __attribute__((aligned(16)));
	struct cpu_gdt *gdt;
	struct stub_data *stub;
	struct vcpu *current;	   /* whose registers are loaded; NULL: idle */
	const struct vcpu *holds;  /* the last that was; compared, never followed (switch.c) */
	uint64_t preempt_deadline; /* TSC: a hypercall should stop at its next preemption point */
	uint32_t flush_asked;	   /* [a] flushes of this CPU that others asked for, counted */
	uint32_t flush_answered;   /* [a] up to which it has done them */
	bool caches_wanted;	   /* [a] with the next flush it writes its caches back */
	bool stop_requested;	   /* by smp_stop_others; seen at the next NMI */
	uint32_t kick_pending;	   /* [a] an IPI is on its way */
	volatile bool nmi_arrived; /* set by the NMI, for the way back to a guest */
	bool registers_wanted;	   /* [a] a key asks for its guest's registers, on the way back too */
	uint64_t xcr0;		   /* what the register holds */
	uint64_t dr7;		   /* what the register holds */
	struct domain *leaving;	   /* its translations go with the next root_load */
	bool timer_due;
	bool fast_stale;      /* the stub's copy of the vCPU's state is to be made anew */
	bool work; /* something is to be done before a guest goes on: set by every interrupt, and by arch_cpu_kick here */
	uint64_t interrupts;
	uint64_t store_bytes;	 /* what the last store to a page table said, */
	struct insn_store store; /* and its meaning */
};

struct cpu_info {
	struct cpu_user_regs guest_regs; /* the stack grows down from here */
	struct cpu *cpu;
	struct stub_data *stub;
};
/* The CPU aligns the stack to 16 before it pushes a frame: the end of the frame must be aligned already. */
static_assert((sizeof(struct cpu_info) - offsetof(struct cpu_user_regs, es)) % 16 == 0);

static_assert(STACK_BYTES == ARCH_STACK_BYTES && offsetof(struct cpu, id) == 0 &&
	      STACK_BYTES - sizeof(struct cpu_info) + offsetof(struct cpu_info, cpu) == ARCH_STACK_CPU);

static inline struct cpu_info *cpu_info(void)
{
	uint64_t rsp;

	__asm__("mov %%rsp, %0" : "=r"(rsp));
	return (struct cpu_info *)((rsp & ~(uint64_t)(STACK_BYTES - 1)) + STACK_BYTES) - 1;
}
static inline struct cpu *this_cpu(void) { return cpu_info()->cpu; }
static inline struct vcpu *current_vcpu(void) { return this_cpu()->current; }
static inline struct cpu_user_regs *guest_regs(void) { return &cpu_info()->guest_regs; }

extern struct cpu *cpu_table[CPUS_MAX];

/* The primary stack's cpu_info of a CPU. */
static inline struct cpu_info *cpu_info_of(unsigned int cpu)
{
	return (struct cpu_info *)(STACKS_START + (uint64_t)(cpu + 1) * STACK_BYTES) - 1;
}

/* What this machine's CPUs can do; the boot CPU decides, the others must have it too. */
struct cpu_features {
	bool nx, smep, smap, umip, pcid, fsgsbase, xsave, xsaveopt, pge, sysenter, rdtscp, x2apic,
		tsc_deadline, tsc_invariant, page_1gb, pat;
	bool l1tf; /* a load through an entry that is not present may be served from the first-level cache */
	bool amd; /* AMD or Hygon: SYSCALL from 32-bit code, no SYSENTER in long mode */
	bool c1e; /* may stop the timers of the local APICs once all its cores halt */
	unsigned int physical_bits;
	uint64_t xcr0; /* what the hypervisor switches */
	struct fpu_format fpu;
};
extern struct cpu_features cpu_features;

/* Brackets around accesses to guest pages; see guest_pages.inc. */
#define SMAP_SITE(instruction)                                                                                                   \
	__asm__ volatile("1: " instruction "\n\t"                                                                                \
			 ".pushsection .smap_sites, \"a\"\n\t"                                                                   \
			 ".quad 1b\n\t"                                                                                          \
			 ".popsection"                                                                                           \
			 :                                                                                                       \
			 :                                                                                                       \
			 : "memory", "cc")
static inline void guest_access_begin(void) { SMAP_SITE("stac"); }
static inline void guest_access_end(void) { SMAP_SITE("clac"); }

/* cpu.c: reads the boot CPU's features; sets this CPU's control registers and MSRs. */
void cpu_features_read(void);
/* Once, when it is known whether SMAP is used, and before the image's text is protected. */
void cpu_smap_settle(void);
/* Has this CPU all that the boot CPU has? Later CPUs. */
bool cpu_features_suffice(void);
void cpu_setup_registers(void);
/* Before each sleep of a CPU with cpu_features.c1e: the firmware may switch that state on, as when domain 0 enables ACPI. */
void cpu_c1e_off(void);

/* descriptors.c: builds and loads this CPU's GDT page, TSS, IDT, SYSCALL entry. */
void descriptors_init_idt(void);
void descriptors_init_cpu(struct cpu *c);
void descriptors_load(struct cpu *c);
/* Makes the GDT of `v` (NULL: the hypervisor's alone) this CPU's. */
void descriptors_switch(const struct cpu *c, const struct vcpu *v);
/* Shows c's own page behind v's GDT. Before the root is loaded, which flushes what the CPU remembers of another's. */
void descriptors_map(const struct cpu *c, const struct vcpu *v);

/* The LDT of `v`, or none, is this CPU's. */
void descriptors_ldt_load(struct cpu *c, const struct vcpu *v);

/* smp.c */
/* `trampoline`: a page of RAM below 1 MiB that nobody uses. */
void smp_start_others(paddr_t trampoline);
struct cpu *cpu_create(unsigned int id, uint32_t apic_id, uint32_t acpi_id);
void tlb_flush_answer(void);
/* Every CPU writes its caches back and empties them; returns when all have. */
void caches_write_back(void);
/* Interrupts every other CPU and has it stop for good (panic, shutdown). */
void smp_stop_others(void);
