#pragma once
/*
 * The x86 part of domains and vCPUs: a paravirtual machine.
 * Letters as in <hyp/domain.h>; [m] the domain's mm_lock.
 */
#include <hyp/abi.h>
#include <hyp/lock.h>
#include <hyp/types.h>

struct page;

#define GDT_FRAMES 14

/* One registered entry point of the guest kernel. */
struct pv_callback {
	uint64_t address; /* 0: none */
	bool mask_events; /* the upcall mask is set on entry */
};

/* Where the last walk of the kernel's page tables came to (pv/pt_walk.h). */
struct pt_memo {
	mfn_t root;
	vaddr_t region;	     /* the address, without what a level-1 table covers */
	uint64_t changes;    /* d->tables_changed then */
	struct page *table;  /* of level 1; NULL: none yet */
	uint64_t *entries;   /* its */
};

/* Where entries from its user mode find the guest's kernel. */
struct kernel_stack {
	uint64_t ss, sp;
};

struct cpu;

struct arch_vcpu {
	const struct cpu *held_by;  /* whose registers still hold its state, NULL: none's; see switch.c */
	struct cpu_user_regs regs;  /* [c] while it does not run; else on the stack of its CPU */
	bool in_kernel;		    /* [c] guest kernel mode, with the kernel's page table */
	struct pt_memo walked;	    /* [m] */
	struct trap_info *traps;    /* [c] 256 entries */
	uint64_t gdt_frame[GDT_FRAMES]; /* [m] referenced segment-descriptor frames */
	unsigned int gdt_entries;   /* [m] */
	vaddr_t ldt_base;	    /* [c] */
	unsigned int ldt_entries;   /* [c] */
	struct page *ldt_page[16];  /* [c] */
	struct kernel_stack kernel_stack;
	uint64_t fs_base, gs_base_kernel, gs_base_user; /* [c] while it does not run; see pv/segments.c */
	struct pv_callback event, failsafe, syscall, syscall32, sysenter;
	unsigned int iopl;	    /* virtual, 0..3 */
	vaddr_t io_bitmap;
	unsigned int io_bitmap_ports;
	uint64_t debug[8];	    /* [c] guest's DR0-3, DR6, DR7 */
	uint64_t cr4;		    /* guest's view */
	bool task_switched;	    /* guest's CR0.TS */
	bool nmi_pending, nmi_masked;
	bool failsafe_pending;	    /* a segment register could not be loaded */
	uint64_t xcr0, xcr0_accum;
	void *fpu;		    /* XSAVE or FXSAVE image, 64-byte aligned */
	uint64_t tsc_aux;
	uint32_t time_area_version; /* of its second time record; even */
	uint64_t time_published;    /* the counter of the CPU that wrote its first one */
};

/* An NMI waits for the vCPU, which would take it. */
static inline bool arch_vcpu_has_nmi(const struct arch_vcpu *v)
{
	return read_once(v->nmi_pending) && !v->nmi_masked && v->traps[2].address;
}

/* A domain's time-stamp counter as its builder asked for it (pv/guest_tsc.c). */
struct guest_tsc {
	uint32_t mode, incarnation;
	uint32_t khz;	  /* of one that is emulated; 0: the machine's is read */
	uint64_t zero_ns; /* the system time at which it is 0, modulo 2^64 */
};

struct arch_domain {
	uint64_t *perdomain_l3;	    /* [I] page table of the per-domain slot */
	uint64_t *perdomain_l2;	    /* [I] */
	uint64_t *perdomain_l1[8];  /* [D] each for 16 vCPUs */
	unsigned int relinquish_vcpu; /* teardown: how far it came */
	struct pirq_table *pirqs;   /* NULL unless it has interrupts */
	uint32_t pci_config_address; /* the 0xcf8 latch of the domain */
	uint8_t rtc_index;	    /* its port 0x70 */
	struct io_permissions *io;  /* [D] set; ports, frames and interrupts that it may use; NULL: none */
	struct cpu_policy *policy;  /* [D] what CPUID shows; NULL: the default for paravirtual guests */
	uint64_t absent_address;    /* [I] address bits of entries that are not present which may not name memory */
	struct guest_tsc tsc;	    /* set before it runs */
	uint32_t nmi_reason;	    /* [a] XEN_NMIREASON_ of NMIs that its vCPU 0 has not taken yet */
};
