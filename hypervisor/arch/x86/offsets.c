/* The numbers that assembly needs of C's structures; the build turns the marked lines into offsets.h. */
#include "cpu.h"

#define EMIT(name, value) __asm__ volatile("\n#OFFSET " #name " %c0" : : "i"(value))

void offsets_emit(void);
void offsets_emit(void)
{
	EMIT(REGS_CS, offsetof(struct cpu_user_regs, cs));
	EMIT(STUB_SCRATCH, offsetof(struct stub_data, scratch));
	EMIT(STUB_STACK, offsetof(struct stub_data, stack));
	EMIT(STUB_ENTRY, offsetof(struct stub_data, entry));
	EMIT(FLAT_USER_CS64, FLAT_RING3_CS64);
	EMIT(FLAT_USER_CS32, FLAT_RING3_CS32);
	EMIT(FLAT_USER_SS, FLAT_RING3_SS64);
}
