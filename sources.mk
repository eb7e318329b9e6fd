# Every source of the hypervisor, by layer. The same lists drive the machine build and the host build.
# PURE builds for both; MACHINE only for the machine; FAKE only for the host's tests.

PURE :=

PURE += $(addprefix hypervisor/arch/x86/pv/insn, .c _decode.c _table.c _write.c)

MACHINE :=

ASM :=

FAKE :=
