/*
 * How the machine stops: because we are wrong (panic), or because domain 0 is done with it.
 *
 * A panic trusts as little as it can. It may come on any stack, with any lock held, before there are other CPUs or a page
 * table of our own, and while it prints. So: the first CPU that stops has the machine, the others are stopped by NMI; the
 * console's lock is taken from whoever has it; a stack is followed only inside of itself, and a return address believed only
 * inside of the text; a panic within a panic says one line and skips to the end.
 */
#include "panic.h"
#include "cpu.h"
#include "ops.h"
#include "paging.h"
#include "symbols.h"
#include "time.h"
#include "traps.h"
#include <hyp/console.h>
#include <hyp/drivers/acpi_power.h>
#include <hyp/log.h>
#include <hyp/version.h>

#define FRAMES_MAX 32u
#define STACK_WORDS_SHOWN 16u
#define DELAY_PORT 0x80 /* a write takes about a microsecond */
#define REBOOT_DELAY_S 5u
#define STOP_DELAY_US 20000u

bool panic_reboots = true;

/* 1 + the CPU that stops the machine. */
static uint32_t machine_owner;

/* Text. ------------------------------------------------------------------------------------------------------------ */

/* Whatever the log's thresholds are. */
[[gnu::format(printf, 1, 2)]] static void say(const char *format, ...)
{
	char line[256];
	size_t length;
	va_list args;

	va_start(args, format);
	length = (size_t)format_text_v(line, sizeof(line) - 1, format, args);
	va_end(args);
	length = MIN(length, sizeof(line) - 2);
	line[length++] = '\n';
	console_write(line, length);
}

/* `back`: 1 for a return address, which may be the first byte behind a function that ends in a call. */
static void say_address(const char *what, uint64_t address, unsigned int back)
{
	struct symbol symbol = symbol_find(address - back);

	if (symbol.name)
		say("%s%016lx  %s+%#lx/%#lx", what, address, symbol.name, address - symbol.start, symbol.bytes);
	else
		say("%s%016lx", what, address);
}

static void say_build(void)
{
	uint32_t bytes;
	const uint8_t *id = hospes_build_id(&bytes);
	char text[2 * 20 + 1] = "none";

	for (uint32_t i = 0; id && i < bytes && i < 20; i++)
		(void)format_text(text + 2 * (size_t)i, 3, "%02x", id[i]);
	say("Hospes %s, %s, build id %s", hospes_changeset, hospes_compiler, text);
}

/* Stacks. ---------------------------------------------------------------------------------------------------------- */

struct range {
	uint64_t start, end;
};

/* On the CPU's own stacks, all in one region; before that, the loader's stack is in the image. */
static bool stack_is_own(uint64_t rsp)
{
	return rsp >= STACKS_START && rsp < STACKS_START + (uint64_t)CPUS_MAX * STACK_BYTES;
}

/* What may be read around a stack pointer. The page below the primary stack is not mapped. */
static struct range stack_of(uint64_t rsp)
{
	uint64_t base = rsp & ~(uint64_t)(STACK_BYTES - 1), page = (rsp - base) >> PAGE_SHIFT;

	if (!stack_is_own(rsp))
		return (struct range){(uint64_t)image_data_start, (uint64_t)image_end};
	if (page < STACK_IST_PAGES)
		return (struct range){base + page * PAGE_BYTES, base + (page + 1) * PAGE_BYTES};
	return (struct range){base + (STACK_GUARD_PAGE + 1) * PAGE_BYTES, base + STACK_BYTES};
}

static bool range_has(struct range r, uint64_t address, uint64_t bytes)
{
	return address % 8 == 0 && address >= r.start && address < r.end && r.end - address >= bytes;
}

static bool is_text(uint64_t address)
{
	return address >= (uint64_t)image_text_start && address < (uint64_t)image_text_end;
}

/* `rip` 0: the frames alone. Each frame lies above the one before, so this ends; entries from guests clear rbp. */
static void say_trace(uint64_t rip, uint64_t rbp)
{
	struct range stack = stack_of(rbp);

	say("Trace:");
	if (is_text(rip))
		say_address("  ", rip, 0);
	for (unsigned int i = 0; i < FRAMES_MAX && range_has(stack, rbp, 16); i++) {
		const uint64_t *frame = (const uint64_t *)rbp;

		if (!is_text(frame[1]))
			break;
		say_address("  ", frame[1], 1);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

static void say_stack(uint64_t rsp)
{
	struct range stack = stack_of(rsp);

	say("Stack from %016lx:", rsp);
	for (unsigned int i = 0; i < STACK_WORDS_SHOWN && range_has(stack, rsp, 32); i += 4, rsp += 32) {
		const uint64_t *word = (const uint64_t *)rsp;

		say("  %016lx %016lx %016lx %016lx", word[0], word[1], word[2], word[3]);
	}
}

/* Registers. ------------------------------------------------------------------------------------------------------- */

static void say_registers(const struct cpu_user_regs *r)
{
	say_address("rip ", r->rip, 0);
	say("rflags %08lx  cs %04x  ss %04x  vector %u  error code %08x", r->rflags, r->cs, r->ss, r->entry_vector,
	    r->error_code);
	say("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", r->rax, r->rbx, r->rcx, r->rdx);
	say("rsi %016lx  rdi %016lx  rbp %016lx  rsp %016lx", r->rsi, r->rdi, r->rbp, r->rsp);
	say("r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx", r->r8, r->r9, r->r10, r->r11);
	say("r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx", r->r12, r->r13, r->r14, r->r15);
}

static void say_control_registers(void)
{
	say("cr0 %016lx  cr2 %016lx  cr3 %016lx  cr4 %016lx", cr0_read(), cr2_read(), cr3_read(), cr4_read());
	say("ds %04x  es %04x  fs %04x  gs %04x", ds_read(), es_read(), fs_read(), gs_read());
}

static void say_guest(const struct cpu *c)
{
	const struct vcpu *v = c ? c->current : NULL;

	if (v)
		say("On it runs d%uv%u", v->domain->id, v->id);
}

void guest_registers_say(const struct cpu_user_regs *regs)
{
	const struct vcpu *v = current_vcpu();

	if (!v) {
		say("CPU %u: idle", this_cpu()->id);
		return;
	}
	say("CPU %u: d%uv%u, in its %s", this_cpu()->id, v->domain->id, v->id, v->arch.in_kernel ? "kernel" : "user mode");
	say_registers(regs);
	say_control_registers();
}

/* The end. --------------------------------------------------------------------------------------------------------- */

/* NULL while the machine starts and this CPU has no stack of its own. */
static struct cpu *cpu_here(void)
{
	return stack_is_own((uint64_t)__builtin_frame_address(0)) ? this_cpu() : NULL;
}

[[gnu::noreturn]] static void halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* Works without any timer. */
static void delay_us(unsigned int microseconds)
{
	uint64_t end = tsc_read_unordered() + (uint64_t)tsc_khz * microseconds / 1000;

	if (tsc_khz) {
		while (tsc_read_unordered() < end)
			io_pause();
	} else {
		for (unsigned int i = 0; i < microseconds; i++)
			io_out8(DELAY_PORT, 0);
	}
}

/* The local APIC is there if another CPU is. */
static void others_stop(void)
{
	bool are_others = false;

	for (unsigned int i = 0; i < cpu_count; i++)
		are_others |= cpu_table[i] && cpu_table[i] != cpu_here() && read_once(cpu_table[i]->started);
	if (!are_others)
		return;
	smp_stop_others();
	delay_us(STOP_DELAY_US);
}

[[gnu::noreturn]] static void restart_or_halt(unsigned int delay_s)
{
	if (!panic_reboots) {
		say("The machine stays as it is (noreboot): restart it by hand");
		halt();
	}
	if (delay_s)
		say("The machine restarts in %u seconds", delay_s);
	for (unsigned int i = 0; i < delay_s; i++)
		delay_us(1000000);
	machine_reset();
}

/* From here on the machine is this CPU's; any other that wants it waits for its NMI. False: it was this CPU's before. */
static bool machine_take(void)
{
	struct cpu *c = cpu_here();
	uint32_t me = c ? c->id + 1 : 1, owner = 0;

	interrupts_off();
	if (!__atomic_compare_exchange_n(&machine_owner, &owner, me, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		if (owner != me)
			halt();
		console_force();
		return false;
	}
	others_stop();
	console_force();
	return true;
}

static void panic_begin(void)
{
	if (machine_take())
		return;
	say("A panic while the machine stops");
	restart_or_halt(REBOOT_DELAY_S);
}

static void panic_headline(const char *format, va_list args)
{
	const struct cpu *c = cpu_here();
	char text[200];

	(void)format_text_v(text, sizeof(text), format, args);
	say("****************************************");
	say("Panic on CPU %u: %s", c ? c->id : 0, text);
	say("****************************************");
	say_build();
	say_guest(c);
}

[[gnu::noreturn]] static void panic_end(void)
{
	say("This is a defect of Hospes or of the machine. Please report it with all text from \"Panic\" on, the command line");
	say("and what was done before. The build id above names the image that the addresses belong to.");
	restart_or_halt(REBOOT_DELAY_S);
}

void panic(const char *format, ...)
{
	uint64_t rbp = (uint64_t)__builtin_frame_address(0);
	va_list args;

	panic_begin();
	va_start(args, format);
	panic_headline(format, args);
	va_end(args);
	say_control_registers();
	say_trace(0, rbp);
	say_stack(rbp);
	panic_end();
}

void refuse_to_start(const char *format, ...)
{
	char text[240];
	va_list args;

	panic_begin();
	va_start(args, format);
	(void)format_text_v(text, sizeof(text), format, args);
	va_end(args);
	say("****************************************");
	say("Hospes does not start: %s", text);
	say("****************************************");
	restart_or_halt(REBOOT_DELAY_S);
}

void panic_with_registers(const struct cpu_user_regs *regs, const char *format, ...)
{
	va_list args;

	panic_begin();
	va_start(args, format);
	panic_headline(format, args);
	va_end(args);
	say_registers(regs);
	say_control_registers();
	say_trace(regs->rip, regs->rbp);
	say_stack(regs->rsp);
	panic_end();
}

/* Domain 0 is done. ------------------------------------------------------------------------------------------------ */

/* Said before the others stop: one of them may be in the middle of a line. */
static const char *shutdown_text(uint8_t reason)
{
	switch (reason) {
	case SHUTDOWN_poweroff:
		return "halted: halting machine";
	case SHUTDOWN_crash:
		return "crashed: rebooting machine";
	case SHUTDOWN_reboot:
		return "shutdown: rebooting machine";
	case SHUTDOWN_watchdog:
		return "shutdown: watchdog rebooting machine";
	case SHUTDOWN_suspend:
		return "suspended, which it cannot: rebooting machine";
	default:
		return "shutdown (unknown reason): rebooting machine";
	}
}

void arch_machine_shutdown(uint8_t reason)
{
	log_error("Hardware Dom0 %s", shutdown_text(reason));
	if (!machine_take())
		restart_or_halt(0);
	switch (reason) {
	case SHUTDOWN_poweroff:
		/* How to switch off is known only to domain 0's ACPI, which did not ask for it. */
		halt();
	case SHUTDOWN_reboot:
		machine_reset();
	default:
		restart_or_halt(REBOOT_DELAY_S);
	}
}

void machine_power_off(uint16_t pm1a_value, uint16_t pm1b_value)
{
	enum status s;

	(void)machine_take();
	s = acpi_power_sleep(pm1a_value, pm1b_value);
	say("The machine does not switch off (%s): switch it off by hand",
	    s == E_NODEV ? "ACPI has no sleep control" : "it stays on");
	halt();
}
