#pragma once
/* What the steps of start-up share; each file is one step. See start.c for the order. */
#include <hyp/boot/acpi.h>
#include <hyp/boot/boot_info.h>
#include <hyp/boot/cmdline.h>
#include <hyp/types.h>

/* Large, and needed only while the machine starts. */
struct startup {
	uint32_t magic;
	paddr_t info_at;
	struct boot_info info;
	struct boot_options options;
	struct acpi_info acpi;
	struct memmap free; /* RAM that nobody uses yet */
	/* Copies: the loader's memory is given out. */
	char command_line[1024];
	char dom0_command_line[1024];
	paddr_t trampoline; /* a page below 1 MiB for starting CPUs, or 0 */
};
extern struct startup startup;

/* boot_memory for the first 4 GiB, as the loader's tables show it. */
extern const struct boot_memory loader_memory;

/* loader.c: reads what the loader left, and the command line. Stops the machine if it makes no sense. */
void startup_read_loader(void);
/* consoles.c */
void startup_consoles(void);
/* conring_size=, once there is memory to give. */
void startup_console_ring(void);
/* memory.c: what of the memory is free, then the tables for it, then the allocators. */
void startup_memory_plan(void);
void startup_memory(void);
/* The modules' memory is free once domain 0 has its copies. */
void startup_memory_release_modules(void);
/* Is the frame RAM by the firmware's map? */
bool machine_frame_is_ram(mfn_t frame);
/* cpus.c */
void startup_boot_cpu(void);
void startup_timers(void);
void startup_other_cpus(void);
/* debug_keys.c */
void startup_debug_keys(void);
/* domain0.c */
void startup_domain0(void);
