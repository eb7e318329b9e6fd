/*
 * Instructions that trap because a guest's kernel runs in ring 3, done on its behalf.
 *
 * The bytes are fetched once and decoded; `rows` says who may execute what and by which function. A function looks at all
 * that can go wrong first and changes the guest's registers last, so an instruction is done whole or not at all; string
 * instructions are done an iteration at a time, as on the CPU. What has no row, or is not allowed, is the guest's own
 * fault: the exception goes on to it.
 *
 * RIP moves past the instruction without a look at where that is: an address that is not canonical faults in the guest
 * when it runs on, and the way out of the hypervisor is prepared for it.
 */
#include "guest_tsc.h"
#include "pv.h"
#include "debug_calls.h"
#include "debug_registers.h"
#include "ioport.h"
#include "../ops.h"
#include "../raw.h"
#include "../switch.h"
#include <hyp/guest.h>
#include <hyp/log.h>
#include <hyp/pv/cpu_policy.h>
#include <hyp/pv/insn.h>
#include <hyp/string.h>

#define VECTOR_DEBUG 1
#define PF_PRESENT 1u
#define PF_WRITE 2u
#define PF_FETCH 16u
/* Iterations of a string instruction until the guest may be interrupted; each may be a slow access to a device. */
#define ITERATIONS_MAX 64u

/* CR4 as every guest sees it, and what its kernel may switch. */
#define CR4_FIXED (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define CR0_VALUE UINT64_C(0x80050033)

enum outcome {
	REFUSED,   /* nothing happened; the exception is the guest's */
	DONE,	   /* the instruction is over */
	STEPPED,   /* a string instruction moved its registers, and RIP if it is over */
	AGAIN,	   /* to be executed again */
	INJECTED,  /* another exception was raised in its place */
};

/* Code. ------------------------------------------------------------------------------------------------------------ */

struct code {
	uint64_t address; /* of the instruction */
	enum insn_mode mode;
};

static unsigned int fetch(struct vcpu *v, uint64_t address, uint8_t *bytes, unsigned int max)
{
	unsigned int first = (unsigned int)MIN((uint64_t)max, PAGE_BYTES - address % PAGE_BYTES);

	if (guest_copy_in(v, bytes, address, first) != OK)
		return 0;
	if (first < max && guest_copy_in(v, bytes + first, address + first, max - first) != OK)
		return first;
	return max;
}

unsigned int pv_fetch(struct vcpu *v, const struct cpu_user_regs *regs, uint8_t *bytes, unsigned int max)
{
	return fetch(v, regs->rip, bytes, max);
}

/* The descriptor of the code segment, as the CPU would read it. The guest may have changed it since it was loaded: then it
   gets what it wrote. */
static bool code_descriptor_read(struct vcpu *v, uint16_t selector, uint64_t *descriptor)
{
	struct descriptor_pointer gdt;
	uint64_t offset = selector & 0xfff8u;
	vaddr_t table;

	if (selector & 4) {
		if (offset / 8 >= v->arch.ldt_entries)
			return false;
		table = pv_ldt_address(v);
	} else {
		__asm__ volatile("sgdt %0" : "=m"(gdt));
		if (offset + 7 > gdt.limit)
			return false;
		table = gdt.base;
	}
	/* A hypervisor's address, but the page of a guest's table may be missing. */
	return guest_copy_raw(descriptor, (const void *)(table + offset), sizeof(*descriptor)) == 0;
}

#define DESCRIPTOR_LONG BIT(53)
#define DESCRIPTOR_32 BIT(54)

/* Kernels always have 64-bit code; their programs may have 32-bit code, at a base. */
static bool code_find(struct vcpu *v, const struct cpu_user_regs *regs, struct code *code)
{
	uint64_t d;

	code->address = regs->rip;
	code->mode = INSN_MODE_64;
	if (v->arch.in_kernel || regs->cs == FLAT_RING3_CS64)
		return true;
	if (!code_descriptor_read(v, regs->cs, &d))
		return false;
	if (d & DESCRIPTOR_LONG)
		return true;
	if (!(d & DESCRIPTOR_32))
		return false;
	code->mode = INSN_MODE_32;
	code->address = (uint32_t)((d >> 16 & 0xffffff) + (d >> 56 << 24) + regs->rip);
	return true;
}

/* DONE: there it is. The instruction is at least `min` bytes long, or it is none of ours. */
static enum outcome decode(struct vcpu *v, const struct cpu_user_regs *regs, unsigned int min, struct insn *insn)
{
	uint8_t bytes[INSN_FETCH_MAX];
	unsigned int count;
	struct code code;

	if (!code_find(v, regs, &code))
		return REFUSED;
	count = fetch(v, code.address, bytes, sizeof(bytes));
	switch (insn_decode(bytes, count, code.mode, insn)) {
	case OK:
		return DONE;
	case E_FAULT:
		if (count < min)
			return REFUSED;
		/* It was there when the CPU executed it, and is not any more. */
		pv_inject_page_fault(v, code.address + count, PF_FETCH);
		return INJECTED;
	default:
		return REFUSED;
	}
}

/* Registers of the CPU. -------------------------------------------------------------------------------------------- */

static void pair_write(struct cpu_user_regs *regs, uint64_t value)
{
	regs->rax = (uint32_t)value;
	regs->rdx = value >> 32;
}

static uint64_t pair_read(const struct cpu_user_regs *regs)
{
	return (uint64_t)(uint32_t)regs->rdx << 32 | (uint32_t)regs->rax;
}

static enum outcome op_rdmsr(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	uint64_t value;

	(void)insn;
	if (!pv_msr_read(v, (uint32_t)regs->rcx, &value))
		return REFUSED;
	pair_write(regs, value);
	return DONE;
}

static enum outcome op_wrmsr(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	(void)insn;
	return pv_msr_write(v, (uint32_t)regs->rcx, pair_read(regs)) ? DONE : REFUSED;
}

static uint64_t cr2_of(const struct vcpu *v) { return v->info ? read_once(v->info->arch.cr2) : 0; }

static enum outcome op_mov_from_cr(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	uint64_t value;

	switch (insn->reg) {
	case 0:
		value = CR0_VALUE | (v->arch.task_switched ? CR0_TS : 0);
		break;
	case 2:
		value = cr2_of(v);
		break;
	case 3:
		value = mfn_to_paddr(v->roots.kernel);
		break;
	case 4:
		value = CR4_FIXED | v->arch.cr4;
		break;
	default:
		return REFUSED;
	}
	insn_reg_write(regs, insn, insn->rm, 8, value);
	return DONE;
}

static enum outcome task_switched_set(struct vcpu *v, bool on)
{
	v->arch.task_switched = on;
	vcpu_load_control(this_cpu(), v);
	return DONE;
}

static enum outcome cr0_set(struct vcpu *v, uint64_t value)
{
	if ((value ^ CR0_VALUE) & ~CR0_TS)
		return REFUSED;
	return task_switched_set(v, value & CR0_TS);
}

static enum outcome cr3_set(struct vcpu *v, uint64_t value)
{
	switch (pv_root_set(v, paddr_to_mfn(value), false)) {
	case OK:
		return DONE;
	case E_RESTART:
		return AGAIN;
	default:
		return REFUSED;
	}
}

/* Bits that a guest may not choose are as they are, whatever it writes: kernels write back what they read, with bits of
   their own set that mean nothing here. */
uint64_t pv_cr4_allowed(const struct domain *d, uint64_t value)
{
	const struct cpu_policy *p = domain_policy(d);
	uint64_t allowed = CR4_TSD | CR4_DE | (cpu_policy_has(p, XEN_X86_FEATURE_FSGSBASE) ? CR4_FSGSBASE : 0) |
			   (cpu_policy_has(p, XEN_X86_FEATURE_XSAVE) ? CR4_OSXSAVE : 0);

	return CR4_FIXED | (value & allowed);
}

static enum outcome cr4_set(struct vcpu *v, uint64_t value)
{
	v->arch.cr4 = pv_cr4_allowed(v->domain, value);
	vcpu_load_control(this_cpu(), v);
	return DONE;
}

static enum outcome op_mov_to_cr(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	uint64_t value = insn_reg_read(regs, insn, insn->rm, 8);

	switch (insn->reg) {
	case 0:
		return cr0_set(v, value);
	case 2:
		if (v->info)
			write_once(v->info->arch.cr2, value);
		return DONE;
	case 3:
		return cr3_set(v, value);
	case 4:
		return cr4_set(v, value);
	default:
		return REFUSED;
	}
}

static enum outcome op_clts(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	(void)regs;
	(void)insn;
	return task_switched_set(v, false);
}

static enum outcome op_mov_from_dr(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	uint64_t value;

	if (pv_debug_get(v, insn->reg, &value) != OK)
		return REFUSED;
	insn_reg_write(regs, insn, insn->rm, 8, value);
	return DONE;
}

static enum outcome op_mov_to_dr(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	return pv_debug_set(v, insn->reg, insn_reg_read(regs, insn, insn->rm, 8)) == OK ? DONE : REFUSED;
}

static enum outcome op_xsetbv(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	uint64_t value = pair_read(regs), allowed = cpu_policy_xcr0(domain_policy(v->domain)) & cpu_features.xcr0;

	(void)insn;
	if ((uint32_t)regs->rcx != 0 || !(v->arch.cr4 & CR4_OSXSAVE) || !xcr0_is_valid(value, allowed))
		return REFUSED;
	v->arch.xcr0 = value;
	v->arch.xcr0_accum |= value;
	vcpu_load_xcr0(this_cpu(), v);
	return DONE;
}

/* Interrupts, caches, time, identity. ------------------------------------------------------------------------------ */

/* Guests mask events in memory that they share. What traps here comes from code that is not aware of it, and is ignored:
   it would pair with POPF, which the CPU ignores too. */
static enum outcome op_interrupt_flag(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	(void)regs;
	(void)insn;
	return pv_iopl_permits(v) ? DONE : REFUSED;
}

/* Only drivers of real devices need it. INVD is refused: it would throw others' data away. */
static enum outcome op_wbinvd(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	(void)regs;
	(void)insn;
	if (v->domain->privileged)
		wbinvd();
	return DONE;
}

/* Traps with CR4.TSD, which is the guest kernel's way to keep its programs from it, and ours to emulate the counter. */
static enum outcome op_rdtsc(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	if (!v->arch.in_kernel && (v->arch.cr4 & CR4_TSD))
		return REFUSED;
	if (insn->op == INSN_RDTSCP) {
		if (!cpu_policy_has(domain_policy(v->domain), XEN_X86_FEATURE_RDTSCP))
			return REFUSED;
		regs->rcx = (uint32_t)v->arch.tsc_aux;
	}
	pair_write(regs, guest_tsc_read(v->domain));
	return DONE;
}

static void cpuid_answer(struct vcpu *v, struct cpu_user_regs *regs)
{
	uint32_t out[4];

	pv_cpuid(v, (uint32_t)regs->rax, (uint32_t)regs->rcx, out);
	regs->rax = out[CPUID_EAX];
	regs->rbx = out[CPUID_EBX];
	regs->rcx = out[CPUID_ECX];
	regs->rdx = out[CPUID_EDX];
}

static enum outcome op_cpuid(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	(void)insn;
	cpuid_answer(v, regs);
	return DONE;
}

/* Ports. ----------------------------------------------------------------------------------------------------------- */

static enum outcome op_in(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	uint16_t port = insn_port(insn, regs);

	if (!pv_port_is_open(v, port, insn->width))
		return REFUSED;
	insn_reg_write(regs, insn, INSN_RAX, insn->width, pv_port_in(v, port, insn->width));
	return DONE;
}

static enum outcome op_out(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	uint16_t port = insn_port(insn, regs);

	if (!pv_port_is_open(v, port, insn->width))
		return REFUSED;
	pv_port_out(v, port, insn->width, (uint32_t)insn_reg_read(regs, insn, INSN_RAX, insn->width));
	return DONE;
}

/* Raises the page fault of an access that failed: the first byte that cannot be read, or else the one that was written. */
static enum outcome data_fault(struct vcpu *v, uint64_t address, unsigned int bytes, uint32_t access)
{
	uint8_t byte;

	for (unsigned int i = 0; i < bytes; i++) {
		if (guest_copy_in(v, &byte, address + i, 1) == OK)
			continue;
		pv_inject_page_fault(v, address + i, access);
		return INJECTED;
	}
	pv_inject_page_fault(v, address, access | PF_PRESENT);
	return INJECTED;
}

/* Stores page by page, so that a fault names the right one. */
static enum outcome data_write(struct vcpu *v, uint64_t address, const void *data, unsigned int bytes)
{
	unsigned int first = (unsigned int)MIN((uint64_t)bytes, PAGE_BYTES - address % PAGE_BYTES);

	if (guest_copy_out(v, address, data, first) != OK)
		return data_fault(v, address, first, PF_WRITE);
	if (first < bytes && guest_copy_out(v, address + first, (const uint8_t *)data + first, bytes - first) != OK)
		return data_fault(v, address + first, bytes - first, PF_WRITE);
	return DONE;
}

static uint64_t gs_base_active(struct vcpu *v)
{
	return v->arch.in_kernel ? pv_gs_kernel_base_get(v) : pv_gs_user_base_get(v);
}

/* One iteration. Memory is looked at before the port is read: what a device gave cannot be given back. */
static enum outcome ins_step(struct vcpu *v, const struct insn *insn, uint16_t port, uint64_t address)
{
	uint32_t value = 0;

	if (guest_copy_in(v, &value, address, insn->width) != OK)
		return data_fault(v, address, insn->width, PF_WRITE);
	value = pv_port_in(v, port, insn->width);
	return data_write(v, address, &value, insn->width);
}

static enum outcome outs_step(struct vcpu *v, const struct insn *insn, uint16_t port, uint64_t address)
{
	uint32_t value = 0;

	if (guest_copy_in(v, &value, address, insn->width) != OK)
		return data_fault(v, address, insn->width, 0);
	pv_port_out(v, port, insn->width, value);
	return DONE;
}

/* Programs of 32 bits have segments whose bases are not known here: they get their #GP. */
static enum outcome string_step(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	uint16_t port = insn_port(insn, regs);
	uint64_t address;

	if (insn_address(insn, regs, msr_read(MSR_FS_BASE), gs_base_active(v), &address) != OK)
		return REFUSED;
	return insn->op == INSN_INS ? ins_step(v, insn, port, address) : outs_step(v, insn, port, address);
}

/* The instruction is over when RIP has moved; if it has not, the guest executes the rest. */
static enum outcome op_string(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	uint64_t rip = regs->rip;
	bool steps_singly = regs->rflags & RFLAGS_TF || v->arch.debug[5];

	if (!pv_port_is_open(v, insn_port(insn, regs), insn->width))
		return REFUSED;
	for (unsigned int i = 0; i < ITERATIONS_MAX && regs->rip == rip; i++) {
		if (!insn_string_is_empty(insn, regs)) {
			enum outcome outcome = string_step(v, regs, insn);

			if (outcome != DONE)
				return i && outcome == REFUSED ? AGAIN : outcome;
		}
		insn_string_advance(insn, regs);
		if (steps_singly)
			break;
	}
	return STEPPED;
}

/* What there is. --------------------------------------------------------------------------------------------------- */

/* Zero: the guest's kernel only. Functions that decide by themselves have `programs` too. */
static const struct row {
	enum outcome (*function)(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn);
	bool programs;
} rows[] = {
	[INSN_CLI] = {op_interrupt_flag, true},
	[INSN_STI] = {op_interrupt_flag, true},
	[INSN_CLTS] = {op_clts, false},
	[INSN_WBINVD] = {op_wbinvd, false},
	[INSN_CPUID] = {op_cpuid, true},
	[INSN_RDMSR] = {op_rdmsr, false},
	[INSN_WRMSR] = {op_wrmsr, false},
	[INSN_RDTSC] = {op_rdtsc, true},
	[INSN_RDTSCP] = {op_rdtsc, true},
	[INSN_XSETBV] = {op_xsetbv, false},
	[INSN_MOV_FROM_CR] = {op_mov_from_cr, false},
	[INSN_MOV_TO_CR] = {op_mov_to_cr, false},
	[INSN_MOV_FROM_DR] = {op_mov_from_dr, false},
	[INSN_MOV_TO_DR] = {op_mov_to_dr, false},
	[INSN_IN] = {op_in, true},
	[INSN_OUT] = {op_out, true},
	[INSN_INS] = {op_string, true},
	[INSN_OUTS] = {op_string, true},
};

static enum outcome execute(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	const struct row *row = insn->op < ARRAY_COUNT(rows) ? &rows[insn->op] : NULL;

	if (!row || !row->function || (!v->arch.in_kernel && !row->programs))
		return REFUSED;
	return row->function(v, regs, insn);
}

static bool is_port_access(const struct insn *insn) { return insn->op >= INSN_IN && insn->op <= INSN_OUTS; }

/* The traps that the CPU would raise after the instruction, as bits of DR6: a single step, breakpoints on ports. */
static uint64_t traps_after(const struct vcpu *v, const struct cpu_user_regs *regs, const struct insn *insn)
{
	uint64_t traps = regs->rflags & RFLAGS_TF ? DR6_SINGLE_STEP : 0;

	if (is_port_access(insn) && !insn_string_is_empty(insn, regs))
		traps |= debug_ports_hit(v->arch.debug, insn_port(insn, regs), insn->width);
	return traps;
}

static bool emulate(struct vcpu *v, struct cpu_user_regs *regs, const struct insn *insn)
{
	uint64_t traps = traps_after(v, regs, insn);

	switch (execute(v, regs, insn)) {
	case REFUSED:
		return false;
	case DONE:
		insn_advance(insn, regs);
		break;
	case STEPPED:
		break;
	case AGAIN:
	case INJECTED:
		return true;
	}
	if (traps) {
		v->arch.debug[6] |= traps;
		pv_inject(v, VECTOR_DEBUG, 0);
	}
	return true;
}

#define RDMSR_BYTES 2u

/* What a kernel reads at each switch of processes: no decoder for its two bytes. */
static bool is_read_of_user_gs_base(struct vcpu *v, const struct cpu_user_regs *regs)
{
	uint16_t code;

	return v->arch.in_kernel && (uint32_t)regs->rcx == MSR_KERNEL_GS_BASE && !(regs->rflags & RFLAGS_TF) &&
	       guest_copy_in(v, &code, regs->rip, sizeof(code)) == OK && code == RDMSR_CODE;
}

bool pv_emulate_privileged(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct insn insn;
	enum outcome outcome;

	if (is_read_of_user_gs_base(v, regs)) {
		pair_write(regs, pv_gs_user_base_get(v));
		regs->rip += RDMSR_BYTES;
		regs->rflags &= ~RFLAGS_RF;
		return true;
	}
	outcome = decode(v, regs, 0, &insn);
	if (outcome != DONE)
		return outcome == INJECTED;
	return !insn.forced && emulate(v, regs, &insn);
}

#define FORCED_CPUID_BYTES 7u
#define FORCED_CPUID UINT64_C(0xa20f6e65780b0f) /* ud2, "xen", cpuid */

/* A kernel's, with nothing between the prefix and the instruction: no decoder for these either. */
static bool is_forced_cpuid(struct vcpu *v, const struct cpu_user_regs *regs)
{
	uint64_t code = 0;

	return v->arch.in_kernel && !(regs->rflags & RFLAGS_TF) &&
	       guest_copy_in(v, &code, regs->rip, FORCED_CPUID_BYTES) == OK && code == FORCED_CPUID;
}

/* The prefix begins with an invalid opcode, which is one if it ends before the prefix does. By it a guest asks for what
   would not trap. */
bool pv_emulate_forced(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct insn insn;
	enum outcome outcome;

	if (is_forced_cpuid(v, regs)) {
		cpuid_answer(v, regs);
		regs->rip += FORCED_CPUID_BYTES;
		regs->rflags &= ~RFLAGS_RF;
		return true;
	}
	outcome = decode(v, regs, INSN_FORCED_BYTES, &insn);
	if (outcome != DONE)
		return outcome == INJECTED;
	return insn.forced && insn.op == INSN_CPUID && emulate(v, regs, &insn);
}
