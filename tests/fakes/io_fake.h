#pragma once
/*
 * The other side of hyp/io.h on the host: ports, memory-mapped registers, model-specific registers and the
 * time stamp are what a test says they are. Without a model, ports read all-ones and drop writes, as an
 * empty bus does; memory-mapped registers are plain memory; model-specific registers keep what was written.
 */
#include <hyp/io.h>

struct io_fake_ports {
	uint32_t (*in)(uint16_t port, unsigned int bytes);
	void (*out)(uint16_t port, unsigned int bytes, uint32_t value);
};

struct io_fake_registers {
	uint32_t (*read)(uint64_t offset, unsigned int bytes);
	void (*write)(uint64_t offset, unsigned int bytes, uint32_t value);
};

/* Forgets everything. Each test starts with it. */
void io_fake_reset(void);
void io_fake_set_ports(const struct io_fake_ports *model);
/* What mmio_map gives for machine addresses start ... start + bytes; anything else cannot be mapped.
   `registers` may be NULL: plain memory. */
void io_fake_add_memory(paddr_t start, void *memory, uint64_t bytes, const struct io_fake_registers *registers);
/* Model-specific registers: called after each write; may be NULL. */
void io_fake_set_msr_hook(void (*written)(uint32_t index, uint64_t value));
/* Every reading of the time stamp advances it by `step` afterwards. */
void io_fake_set_tsc(uint64_t tsc, uint64_t step);
