# Every source of the hypervisor, by layer. The same lists drive the machine build and the host build.
# PURE builds for both; MACHINE only for the machine; FAKE only for the host's tests.

PURE :=

PURE += hypervisor/arch/x86/fpu_image.c
PURE += $(addprefix hypervisor/arch/x86/pv/insn, .c _decode.c _store.c _table.c _write.c)
PURE += $(addprefix hypervisor/arch/x86/pv/, cpuid_features.c cpuid_policy.c debug_registers.c hypercall_page.c io_permissions.c \
  msr_policy.c range_set.c)

PURE += hypervisor/lib/conring.c hypervisor/lib/console.c hypervisor/lib/console_input.c hypervisor/lib/format.c \
  hypervisor/lib/lock.c hypervisor/lib/log.c hypervisor/lib/rate_limit.c hypervisor/lib/string_copy.c
PURE += $(addprefix hypervisor/drivers/, calibrate.c debugcon.c hpet.c i8259.c ioapic.c lapic.c msi.c pci.c pit.c pmtimer.c \
  rtc.c serial.c vga.c)

PURE += $(addprefix hypervisor/boot/, acpi.c boot_info.c cmdline.c elf.c memmap.c multiboot1.c multiboot2.c text.c xen_notes.c)

PURE += $(addprefix hypervisor/core/evtchn/evtchn_, bind.c close.c deliver.c port.c query.c virq.c) \
  hypervisor/hypercall/event_channel.c

PURE += $(addprefix hypervisor/core/mm/, domain_frames.c frames.c heap.c page_ref.c shared_page.c tlbclock.c)
PURE += $(addprefix hypervisor/hypercall/memory_op, .c _exchange.c _map.c _reservation.c _resource.c)

PURE += $(addprefix hypervisor/core/grant/grant_, copy.c entry.c map.c maptrack.c table.c) \
  hypervisor/hypercall/grant_table.c

PURE += $(addprefix hypervisor/core/time/,pairing.c timer.c vcpu_timer.c)
PURE += $(addprefix hypervisor/hypercall/,sched_op.c set_timer_op.c vcpu_op.c)
PURE += $(addprefix hypervisor/core/sched/,affinity.c cap.c cpus.c placement.c pool.c runqueue.c sched.c)
PURE += $(addprefix hypervisor/core/domain/,domain.c domain_kill.c domain_pause.c domain_shutdown.c runstate.c vcpu.c watchdog.c)

MACHINE :=

MACHINE += $(addprefix hypervisor/arch/x86/pv/, cpuid.c debug_calls.c ioport.c msr.c privileged.c)
MACHINE += hypervisor/lib/string.c
MACHINE += $(addprefix hypervisor/drivers/, acpi_power.c)

ASM :=

FAKE :=
FAKE += hypervisor/arch/fake/cpu.c hypervisor/arch/fake/domain.c
FAKE += tests/fakes/io_fake.c
FAKE += hypervisor/arch/fake/memory.c hypervisor/arch/fake/page_table.c
FAKE += hypervisor/arch/fake/grant.c hypervisor/arch/fake/pirq.c

PURE += $(addprefix hypervisor/hypercall/, compat.c console_io.c dispatch.c multicall.c xen_version.c)
PURE += $(addprefix hypervisor/core/mm/, page_table.c page_type.c vcpu_roots.c)

MACHINE += $(addprefix hypervisor/arch/x86/, cpu.c descriptors.c guest_memory.c paging.c smp.c switch.c time.c tlb.c traps.c)
MACHINE += $(addprefix hypervisor/arch/x86/pv/, bounce.c context.c cpu_calls.c descriptor.c domain.c fault.c grant_map.c guest_time.c guest_timer.c \
  guest_tsc.c iret.c mmu.c mmuext.c mode.c pt_emulate.c pt_entry.c root.c segments.c va_mapping.c)

ASM += $(addprefix hypervisor/arch/x86/entry/, ap_start.S copy.S head.S stub.S traps.S)
PURE += hypervisor/core/domain/special.c
MACHINE += hypervisor/arch/x86/pv/dom0_build.c hypervisor/arch/x86/pv/fast_path.c
MACHINE += $(addprefix hypervisor/init/, consoles.c cpus.c debug_keys.c domain0.c loader.c memory.c start.c version.c)

PURE += $(addprefix hypervisor/arch/x86/, irq_source.c irq_vector.c pirq_table.c tsc_scale.c tsc_sync.c)
MACHINE += $(addprefix hypervisor/arch/x86/, efi_info.c irq.c panic.c pirq.c symbols.c wallclock.c)
MACHINE += $(addprefix hypervisor/arch/x86/pv/, firmware_info.c mca.c physdev.c platform.c)

PURE += $(addprefix hypervisor/hypercall/domctl, .c _bitmap.c _device.c _domain.c _info.c _memory.c _policy.c _sched.c _vcpu.c)
PURE += $(addprefix hypervisor/hypercall/sysctl, .c _console.c _cpu.c _domains.c _machine.c _sched.c)
MACHINE += hypervisor/arch/x86/sysctl_arch.c hypervisor/arch/x86/pv/domctl_arch.c
FAKE += hypervisor/arch/fake/control.c
PURE += hypervisor/arch/x86/pv/cpuid_names.c
