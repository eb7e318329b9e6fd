# Every source of the hypervisor, by layer. The same lists drive the machine build and the host build.
# PURE builds for both; MACHINE only for the machine; FAKE only for the host's tests.

PURE :=

MACHINE :=

ASM :=

FAKE :=
