#pragma once
/* How the machine stops. panic() is in <hyp/log.h>, panic_with_registers() in traps.h. */
#include <hyp/abi.h>
#include <hyp/types.h>

/* After a panic, or a shutdown that is not a power-off, the machine restarts (option noreboot: it halts). */
extern bool panic_reboots;

/* Prints what runs on this CPU and its guest's registers: for the console's key. */
void guest_registers_say(const struct cpu_user_regs *regs);

/* Stops the other CPUs and switches the machine off with what ACPI wants in its sleep control registers; halts if the
   machine stays on. */
[[gnu::noreturn]] void machine_power_off(uint16_t pm1a_value, uint16_t pm1b_value);

/* The machine cannot be started with what it was given: says what is wrong, and restarts or halts. Nobody's defect. */
[[gnu::noreturn, gnu::format(printf, 1, 2)]] void refuse_to_start(const char *format, ...);
