"""From options and prepared files to QEMU's command line. Pure: nothing is run or read here."""

import shlex

ICOUNT_CLOCK = "base=2025-01-01T00:00:00,clock=vm"
OVMF = "/usr/share/ovmf/OVMF.fd"
# Ctrl-A, QEMU's usual key, belongs to the hypervisor, which switches the console's input by it: ours is Ctrl-].
ESCAPE_KEY = 0x1D
# Xen drops what does not fit into its buffer while the serial port is busy; a megabyte of output does not fit by default.
XEN_WORDS = ["serial_tx_buffer=4M"]


def hypervisor_words(options):
    if options.hypervisor == "none":
        return []
    words = ["console=com1", "com1=115200,8n1"]
    if options.dom0_memory:
        words.append(f"dom0_mem={options.dom0_memory}M,max:{options.dom0_memory}M")
    if options.dom0_vcpus:
        words.append(f"dom0_max_vcpus={options.dom0_vcpus}")
    if options.hypervisor == "xen":
        words += XEN_WORDS
    return words + options.hv_args.split()


def kernel_words(options):
    """Natively, domain 0's share of the machine becomes the kernel's own limits, so that comparisons stay fair."""
    if options.hypervisor != "none":
        words = ["console=hvc0", "earlyprintk=xen"]
    else:
        words = ["console=ttyS0,115200"]
        if options.dom0_memory:
            words.append(f"mem={options.dom0_memory}M")
        if options.dom0_vcpus:
            words.append(f"maxcpus={options.dom0_vcpus}")
    if options.exec_command is not None:
        words.append("panic=1")
    return words + options.dom0_args.split()


def comma_escape(text):
    """QEMU's option lists end a value at a comma; a doubled one stands for itself."""
    return text.replace(",", ",,")


def modules(files, words):
    """Multiboot modules for -initrd: each a file and its command line."""
    parts = []
    if files.kernel:
        parts.append(comma_escape(" ".join([files.kernel, *words])))
    if files.root:
        parts.append(comma_escape(files.root))
    return ",".join(parts)


def boot_args(options, files):
    if files.iso:
        firmware = ["-bios", OVMF] if options.firmware == "uefi" else []
        return [*firmware, "-boot", "d", "-cdrom", files.iso]
    words = kernel_words(options)
    if options.hypervisor == "none":
        return ["-kernel", files.kernel, "-initrd", files.root, "-append", " ".join(words)]
    return ["-kernel", files.hypervisor, "-append", " ".join(hypervisor_words(options)), "-initrd", modules(files, words)]


def cpu_args(options):
    if options.icount:
        accel = ["-accel", "tcg", "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", ICOUNT_CLOCK]
    else:
        accel = ["-accel", "tcg,thread=multi" if options.cpus > 1 else "tcg"]
    return [*accel, "-cpu", options.cpu, "-smp", str(options.cpus), "-m", f"{options.memory}M"]


def disk_args(disks):
    """A controller for each bus in use, and a device for each disk."""
    args = []
    buses = [disk.bus for disk in disks]
    if "ahci" in buses:
        args += ["-device", "ahci,id=ahci"]
    if "scsi" in buses:
        args += ["-device", "virtio-scsi-pci,id=scsi"]
    for index, disk in enumerate(disks):
        file_format = "qcow2" if disk.file.endswith(".qcow2") else "raw"
        args += ["-drive", f"if=none,id=disk{index},format={file_format},file={comma_escape(disk.file)}"]
        on_bus = buses[:index].count(disk.bus)
        device = {
            "ahci": f"ide-hd,bus=ahci.{on_bus}",
            "nvme": f"nvme,serial=disk{index}",
            "virtio": "virtio-blk-pci",
            "scsi": f"scsi-hd,bus=scsi.0,scsi-id={on_bus}",
        }[disk.bus]
        args += ["-device", f"{device},drive=disk{index}"]
    return args


def net_args(options):
    if not options.net:
        return []
    device = {"virtio": "virtio-net-pci", "e1000e": "e1000e"}[options.net]
    return ["-netdev", "user,id=net0", "-device", f"{device},netdev=net0"]


def console_args(options, qmp_socket):
    if options.exec_command is None:
        return ["-chardev", "stdio,id=console,mux=on,signal=off", "-serial", "chardev:console",
                "-mon", "chardev=console", "-echr", str(ESCAPE_KEY)]
    return ["-no-reboot", "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
            "-qmp", f"unix:{qmp_socket},server=on,wait=off"]


def qemu_command(options, files, qmp_socket):
    return [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", options.machine,
        *cpu_args(options), *boot_args(options, files), *disk_args(options.disk), *net_args(options),
        *console_args(options, qmp_socket), *(["-gdb", "tcp::1234", "-S"] if options.gdb else []),
        *shlex.split(options.qemu_args),
    ]
