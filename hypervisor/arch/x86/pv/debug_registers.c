/*
 * Which debug registers a guest may have.
 *
 * The registers are real: they are loaded while the guest runs and stay loaded in the hypervisor. So they must not name
 * what the hypervisor touches:
 *
 *   D1  Addresses are canonical and not the hypervisor's, enabled or not. Breakpoints are aligned to their length, and
 *       the hypervisor's range to more than that, so none reaches into it from outside.
 *   D2  Breakpoints on ports are never given to the CPU: the hypervisor uses ports itself. Guests cannot use a port
 *       without a trap, where debug_ports_hit is asked.
 *   D3  General detect is refused: it would trap the hypervisor's own accesses. Reserved bits are as the CPU wants them.
 */
#include "debug_registers.h"

#include "../layout.h"
#include <hyp/string.h>

#define DR6_RESERVED_ZERO (BIT(12))
#define DR7_RESERVED_ZERO UINT64_C(0xd800)
#define DR7_GENERAL_DETECT BIT(13)
#define DR7_ENABLES UINT64_C(0xff)

#define BREAKPOINTS 4u
enum { ON_EXECUTION, ON_WRITE, ON_PORT, ON_ACCESS };

static bool is_enabled(uint64_t control, unsigned int n) { return control >> (2 * n) & 3; }
static unsigned int kind_of(uint64_t control, unsigned int n) { return control >> (16 + 4 * n) & 3; }

static unsigned int bytes_of(uint64_t control, unsigned int n)
{
	static const uint8_t bytes[] = {1, 2, 8, 4};

	return bytes[control >> (18 + 4 * n) & 3];
}

static bool address_is_allowed(uint64_t address)
{
	uint64_t top = address >> 47;

	return (top == 0 || top == 0x1ffff) && (address < HYP_START || address >= HYP_END);
}

/* Splits a control word into what the CPU gets and the enable bits of breakpoints on ports. */
static enum status control_decode(uint64_t value, bool cr4_de, uint64_t *real, uint64_t *ports)
{
	uint64_t of_ports = 0;

	if (value >> 32)
		return E_INVAL;
	value = (value & ~DR7_RESERVED_ZERO) | DR7_FIXED;
	if (value & DR7_GENERAL_DETECT)
		return E_PERM;
	for (unsigned int n = 0; n < BREAKPOINTS; n++) {
		if (!is_enabled(value, n))
			continue;
		/* The CPU leaves undefined what other lengths would do. */
		if (kind_of(value, n) == ON_EXECUTION && bytes_of(value, n) != 1)
			return E_PERM;
		if (kind_of(value, n) != ON_PORT)
			continue;
		/* Without CR4.DE the kind is undefined, and there are no ports of eight bytes. */
		if (!cr4_de || bytes_of(value, n) == 8)
			return E_PERM;
		of_ports |= value & UINT64_C(3) << (2 * n);
	}
	*real = value & ~of_ports;
	*ports = of_ports;
	return OK;
}

/* Registers 4 and 5 are other names of 6 and 7, unless CR4.DE takes them away. */
static enum status index_resolve(unsigned int *index, bool cr4_de)
{
	if (*index >= DEBUG_REGISTERS)
		return E_NODEV;
	if (*index != 4 && *index != 5)
		return OK;
	if (cr4_de)
		return E_NODEV;
	*index += 2;
	return OK;
}

void debug_registers_reset(uint64_t registers[DEBUG_REGISTERS])
{
	memset(registers, 0, DEBUG_REGISTERS * sizeof(*registers));
	registers[6] = DR6_FIXED;
	registers[7] = DR7_FIXED;
}

enum status debug_register_set(uint64_t registers[DEBUG_REGISTERS], unsigned int index, uint64_t value, bool cr4_de)
{
	enum status s = index_resolve(&index, cr4_de);

	if (s)
		return s;
	switch (index) {
	case 6:
		if (value >> 32)
			return E_INVAL;
		registers[6] = (value & ~DR6_RESERVED_ZERO) | DR6_FIXED;
		return OK;
	case 7:
		return control_decode(value, cr4_de, &registers[7], &registers[5]);
	default:
		if (!address_is_allowed(value))
			return E_PERM;
		registers[index] = value;
		return OK;
	}
}

enum status debug_register_get(const uint64_t registers[DEBUG_REGISTERS], unsigned int index, bool cr4_de,
			       uint64_t *value)
{
	enum status s = index_resolve(&index, cr4_de);

	if (s)
		return s;
	*value = registers[index] | (index == 7 ? registers[5] & DR7_ENABLES : 0);
	return OK;
}

enum status debug_registers_load(uint64_t registers[DEBUG_REGISTERS], const uint64_t saved[DEBUG_REGISTERS], bool cr4_de)
{
	uint64_t loaded[DEBUG_REGISTERS];

	debug_registers_reset(loaded);
	for (unsigned int i = 0; i < DEBUG_REGISTERS; i++) {
		uint64_t value = saved[i] | (i == 7 ? saved[5] & DR7_ENABLES : 0);
		enum status s = i == 4 || i == 5 ? OK : debug_register_set(loaded, i, value, cr4_de);

		if (s)
			return s;
	}
	memcpy(registers, loaded, sizeof(loaded));
	return OK;
}

uint64_t debug_ports_hit(const uint64_t registers[DEBUG_REGISTERS], uint16_t port, unsigned int bytes)
{
	uint64_t hit = 0;

	for (unsigned int n = 0; n < BREAKPOINTS; n++) {
		unsigned int length = bytes_of(registers[7], n);
		uint64_t first = registers[n] & ~(uint64_t)(length - 1);

		if (is_enabled(registers[5], n) && first < (uint64_t)port + bytes && first + length > port)
			hit |= BIT(n);
	}
	return hit;
}
