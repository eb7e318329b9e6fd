/*
 * Descriptor tables, and how a CPU enters the hypervisor.
 *
 * The hypervisor's own GDT is one page a CPU, at entries 7168 and up of whatever GDT is loaded; the 14 pages before it
 * are the running guest's. A vCPU's GDT lies in the per-domain slot; when the vCPU is loaded the CPU's page is mapped
 * behind the guest's frames, so the hypervisor's selectors mean the same everywhere. Without a guest the GDT base
 * lies 14 pages before the CPU's page, and nothing but that page is ever used.
 *
 * One IDT serves all CPUs. Gates that ring 3 may reach by INT n: 3 and 4 (as the ABI's guests expect) and 0x80.
 */
#include "cpu.h"
#include "ops.h"
#include "paging.h"
#include "pv/pv.h"
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/string.h>

#define DESCRIPTOR_CODE64 UINT64_C(0x00af9b000000ffff)
#define DESCRIPTOR_CODE64_USER UINT64_C(0x00affb000000ffff)
#define DESCRIPTOR_CODE32_USER UINT64_C(0x00cffb000000ffff)
#define DESCRIPTOR_DATA UINT64_C(0x00cf93000000ffff)
#define DESCRIPTOR_DATA_USER UINT64_C(0x00cff3000000ffff)
#define DESCRIPTOR_TSS UINT64_C(0x0000890000000000)
#define DESCRIPTOR_LDT UINT64_C(0x0000820000000000)

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, flags;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

static struct gate idt[256] __attribute__((aligned(16)));

extern char return_iretq[], trap_stubs[], syscall_entry[], stub_syscall[], stub_syscall32[], stub_sysenter[];

static void gate_set(unsigned int vector, unsigned int ist, unsigned int privilege)
{
	uint64_t entry = (uint64_t)trap_stubs + vector * 16;

	idt[vector] = (struct gate){
		.offset_low = (uint16_t)entry,
		.selector = SELECTOR_HYP_CS,
		.ist = (uint8_t)ist,
		.flags = (uint8_t)(0x8e | privilege << 5),
		.offset_middle = (uint16_t)(entry >> 16),
		.offset_high = (uint32_t)(entry >> 32),
	};
}

void descriptors_init_idt(void)
{
	for (unsigned int v = 0; v < 256; v++)
		gate_set(v, 0, v == 3 || v == 4 || v == 0x80 ? 3 : 0);
	gate_set(1, IST_DEBUG, 0);
	gate_set(2, IST_NMI, 0);
	gate_set(8, IST_DOUBLE_FAULT, 0);
	gate_set(18, IST_MACHINE_CHECK, 0);
}

/* A descriptor of 16 bytes: a system segment with a 64-bit base. */
static void system_descriptor_set(struct cpu_gdt *gdt, unsigned int selector, uint64_t type, uint64_t base, uint32_t limit)
{
	uint64_t *e = &gdt->entry[(selector - HYP_GDT_OFFSET) / 8];

	e[0] = type | (limit & 0xffff) | (uint64_t)(limit & 0xf0000) << 32 | (base & 0xffffff) << 16 |
	       (base & 0xff000000) << 32;
	e[1] = base >> 32;
}

void descriptors_ldt_load(struct cpu *c, const struct vcpu *v)
{
	if (!v->arch.ldt_entries) {
		ldt_load(0);
		return;
	}
	system_descriptor_set(c->gdt, SELECTOR_LDT, DESCRIPTOR_LDT, pv_ldt_address(v), v->arch.ldt_entries * 8 - 1);
	ldt_load(SELECTOR_LDT);
}

static void gdt_init(struct cpu *c)
{
	struct {
		unsigned int selector;
		uint64_t descriptor;
	} flat[] = {
		{SELECTOR_HYP_CS, DESCRIPTOR_CODE64},
		{SELECTOR_HYP_DS, DESCRIPTOR_DATA},
		{FLAT_RING3_CS32, DESCRIPTOR_CODE32_USER},
		{FLAT_RING3_SS64, DESCRIPTOR_DATA_USER},
		{FLAT_RING3_CS64, DESCRIPTOR_CODE64_USER},
	};

	for (unsigned int i = 0; i < ARRAY_COUNT(flat); i++)
		c->gdt->entry[((flat[i].selector & ~7u) - HYP_GDT_OFFSET) / 8] = flat[i].descriptor;
	system_descriptor_set(c->gdt, SELECTOR_TSS, DESCRIPTOR_TSS, (uint64_t)&c->tss, sizeof(c->tss) - 1);
}

/* The end of the hardware part of guest_regs: where the CPU starts to push when it comes from ring 3. */
static uint64_t entry_stack(const struct cpu *c) { return (uint64_t)&cpu_info_of(c->id)->guest_regs.es; }

void descriptors_init_cpu(struct cpu *c)
{
	vaddr_t stack = STACKS_START + (uint64_t)c->id * STACK_BYTES;

	c->gdt = hv_page_alloc();
	c->stub = hv_page_alloc();
	if (!c->gdt || !c->stub)
		panic("no memory for CPU %u's descriptor tables", c->id);
	gdt_init(c);
	c->tss.rsp[0] = entry_stack(c);
	for (unsigned int i = 0; i < STACK_IST_PAGES; i++)
		c->tss.ist[i] = stack + (i + 1) * PAGE_BYTES;
	c->tss.io_bitmap = sizeof(c->tss);
	c->stub->stack = entry_stack(c);
	c->stub->entry = (uint64_t)syscall_entry;
	c->stub->iret = (uint64_t)return_iretq;
	c->stub->roots_switch = (uint64_t)pv_roots_switch;
	c->stub->leaf_update = (uint64_t)pv_leaf_update;
	c->stub->timer_set = (uint64_t)pv_timer_set;
	cpu_info_of(c->id)->stub = c->stub;
	hyp_map_page(STUBS_START + c->id * 2 * PAGE_BYTES, paddr_to_mfn(image_paddr(stub_code_start)), HYP_RX);
	hyp_map_page(STUBS_START + (c->id * 2 + 1) * PAGE_BYTES, arch_virt_to_mfn(c->stub), HYP_RW);
}

static void gdt_load_at(uint64_t base)
{
	struct descriptor_pointer p = {.limit = HYP_GDT_OFFSET + PAGE_BYTES - 1, .base = base};

	gdt_load(&p);
}

/* Reloads CS through a far return; the data segments are null in ring 0. */
static void code_segment_load(void)
{
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:"
			 :
			 : "i"(SELECTOR_HYP_CS)
			 : "rax", "memory");
}

void descriptors_load(struct cpu *c)
{
	struct descriptor_pointer p = {.limit = sizeof(idt) - 1, .base = (uint64_t)idt};
	uint64_t stubs = STUBS_START + c->id * 2 * PAGE_BYTES - (uint64_t)stub_code_start;

	gdt_load_at((uint64_t)c->gdt - HYP_GDT_OFFSET);
	code_segment_load();
	idt_load(&p);
	task_load(SELECTOR_TSS);
	ldt_load(0);
	/* SYSCALL loads cs from bits 47-32; the return to guests is by iretq. */
	msr_write(MSR_STAR, (uint64_t)SELECTOR_HYP_CS << 32 | (uint64_t)FLAT_RING3_CS32 << 48);
	msr_write(MSR_LSTAR, (uint64_t)stub_syscall + stubs);
	msr_write(MSR_CSTAR, (uint64_t)stub_syscall32 + stubs);
	msr_write(MSR_SFMASK, RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_RF | RFLAGS_IOPL);
	if (cpu_features.sysenter) {
		msr_write(MSR_SYSENTER_CS, SELECTOR_HYP_CS);
		msr_write(MSR_SYSENTER_ESP, entry_stack(c));
		msr_write(MSR_SYSENTER_EIP, (uint64_t)stub_sysenter + stubs);
	}
}

void descriptors_map(const struct cpu *c, const struct vcpu *v)
{
	uint64_t *l1 = v->domain->arch.perdomain_l1[v->id / 16];

	write_once(l1[v->id % 16 * (VCPU_DESCRIPTOR_BYTES >> PAGE_SHIFT) + GUEST_GDT_FRAMES],
		   paging_hyp_entry(arch_virt_to_mfn(c->gdt), HYP_RW & ~PTE_GLOBAL));
}

void descriptors_switch(const struct cpu *c, const struct vcpu *v)
{
	gdt_load_at(v ? PERDOMAIN_START + (uint64_t)v->id * VCPU_DESCRIPTOR_BYTES : (uint64_t)c->gdt - HYP_GDT_OFFSET);
}
