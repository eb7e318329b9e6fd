# Every source of the hypervisor, by layer. The same lists drive the machine build and the host build.
# PURE builds for both; MACHINE only for the machine; FAKE only for the host's tests.

PURE :=

PURE += $(addprefix hypervisor/arch/x86/pv/insn, .c _decode.c _table.c _write.c)

PURE += hypervisor/lib/conring.c hypervisor/lib/console.c hypervisor/lib/console_input.c hypervisor/lib/format.c \
  hypervisor/lib/log.c hypervisor/lib/rate_limit.c hypervisor/lib/string_copy.c
PURE += $(addprefix hypervisor/drivers/, calibrate.c debugcon.c hpet.c i8259.c ioapic.c lapic.c msi.c pci.c pit.c pmtimer.c \
  rtc.c serial.c vga.c)

PURE += $(addprefix hypervisor/boot/, acpi.c boot_info.c cmdline.c elf.c memmap.c multiboot1.c multiboot2.c text.c xen_notes.c)

PURE += $(addprefix hypervisor/core/evtchn/evtchn_, bind.c close.c deliver.c port.c query.c virq.c) \
  hypervisor/hypercall/event_channel.c

PURE += $(addprefix hypervisor/core/mm/, domain_frames.c frames.c heap.c page_ref.c shared_page.c tlbclock.c)

PURE += $(addprefix hypervisor/core/grant/grant_, copy.c entry.c map.c maptrack.c table.c) \
  hypervisor/hypercall/grant_table.c

PURE += $(addprefix hypervisor/core/time/,pairing.c timer.c vcpu_timer.c)
PURE += $(addprefix hypervisor/core/sched/,affinity.c cap.c cpus.c placement.c runqueue.c sched.c)
PURE += $(addprefix hypervisor/core/domain/,domain.c domain_kill.c domain_pause.c domain_shutdown.c runstate.c vcpu.c watchdog.c)

PURE += $(addprefix hypervisor/hypercall/memory_op, .c _exchange.c _map.c _reservation.c _resource.c)

MACHINE :=

MACHINE += hypervisor/lib/string.c
MACHINE += $(addprefix hypervisor/drivers/, acpi_power.c)

ASM :=

FAKE :=
FAKE += hypervisor/arch/fake/cpu.c hypervisor/arch/fake/domain.c
FAKE += tests/fakes/io_fake.c
FAKE += hypervisor/arch/fake/memory.c
FAKE += hypervisor/arch/fake/grant.c hypervisor/arch/fake/pirq.c
