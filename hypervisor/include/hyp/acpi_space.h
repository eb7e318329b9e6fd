#pragma once
/* Where a register of ACPI's lies (ACPI specification, generic address structure). */
enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_PORTS = 1, ACPI_SPACE_PCI = 2 };
