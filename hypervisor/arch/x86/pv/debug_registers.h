#pragma once
/*
 * The debug registers that a guest may have; see debug_registers.c. Pure.
 *
 * A guest's registers are kept as eight words: 0 to 3 addresses, 6 and 7 status and control as the CPU gets them, 5 the
 * enable bits of breakpoints on ports, which the CPU never gets; 4 is unused.
 */
#include <hyp/types.h>

#define DEBUG_REGISTERS 8u
#define DR6_FIXED UINT64_C(0xffff0ff0)
#define DR6_SINGLE_STEP BIT(14)
#define DR7_FIXED UINT64_C(0x400)

/* The registers after reset. */
void debug_registers_reset(uint64_t registers[DEBUG_REGISTERS]);
/*
 * The guest writes `value` to register `index`; `cr4_de` is its CR4.DE. E_PERM: an address or a control that could stop
 * the hypervisor, or ports without CR4.DE. E_INVAL: reserved bits above the lower half of status and control;
 * E_NODEV: no such register, and registers 4 and 5 with CR4.DE; without it they are 6 and 7. Nothing changes unless OK.
 */
enum status debug_register_set(uint64_t registers[DEBUG_REGISTERS], unsigned int index, uint64_t value, bool cr4_de);
/* What the guest reads. E_INVAL, E_NODEV as above. */
enum status debug_register_get(const uint64_t registers[DEBUG_REGISTERS], unsigned int index, bool cr4_de,
			       uint64_t *value);
/* The words of a saved context (struct vcpu_guest_context) become the registers. Errors as of single writes, and then
   nothing changed. */
enum status debug_registers_load(uint64_t registers[DEBUG_REGISTERS], const uint64_t saved[DEBUG_REGISTERS], bool cr4_de);
/* Which of the breakpoints on ports an access hits: bits 0 to 3, as in DR6. */
uint64_t debug_ports_hit(const uint64_t registers[DEBUG_REGISTERS], uint16_t port, unsigned int bytes);
