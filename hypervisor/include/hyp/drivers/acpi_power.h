#pragma once
/* How the machine is switched off and restarted. Any CPU; the others have stopped. */
#include <hyp/acpi_space.h>
#include <hyp/types.h>


/* From the FADT. */
struct acpi_power_config {
	uint16_t pm1a_control, pm1b_control; /* ports; 0: none */
	enum acpi_space reset_space;
	uint64_t reset_address; /* 0: none */
	uint8_t reset_value;
};

void acpi_power_setup(const struct acpi_power_config *config);
/* Writes what domain 0's ACPI found for the sleep state (platform_op enter_acpi_sleep: the whole
   register, with the sleep type). For S5 the machine goes off and this does not return. E_NODEV if there
   is no such register, E_TIMEDOUT if nothing happens. */
enum status acpi_power_sleep(uint16_t pm1a_value, uint16_t pm1b_value);
/* True for the ports of sleep control: domain 0 reads and writes them only through us. */
bool acpi_power_owns_port(uint16_t port);
/* Restarts the machine by the first way that works. */
[[gnu::noreturn]] void machine_reset(void);
