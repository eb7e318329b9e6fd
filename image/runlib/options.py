"""The command line of ./run.

Every option is a row of argparse's; what can be refused by looking at the words alone is refused here, with exit
status 2, before anything is installed or built.
"""

import argparse
import os
import re
from dataclasses import dataclass

DISK_BUSES = ("ahci", "nvme", "virtio", "scsi")
CARDS = ("virtio", "e1000e")
DEBIAN_KERNELS = ("amd64", "cloud", "rt")
CPU = "max,-smap"
# Under -icount TCG counts each byte of a `rep stosb` as an instruction, which would hide what is to be measured.
CPU_ICOUNT = CPU + ",-erms,-fsrm"
TIMEOUT_S = 300

EPILOGUE = """\
exit status with --exec: that of CMD; or
  121  the machine was reset before CMD had ended
  122  the machine was powered off or halted before CMD had ended
  123  QEMU failed
  124  the time ran out
without --exec: QEMU's own, or 124. 1: something could not be installed or built. 2: wrong usage.
"""


@dataclass(frozen=True)
class Disk:
    bus: str
    file: str


def size_mib(word):
    """A size of memory: 512, 512M, 4G."""
    match = re.fullmatch(r"([1-9][0-9]*)([MmGg]?)", word)
    if not match:
        raise argparse.ArgumentTypeError(f"'{word}' is not a size such as 512M or 4G")
    return int(match[1]) * (1024 if match[2] in ("G", "g") else 1)


def count(word):
    if not re.fullmatch(r"[1-9][0-9]*", word):
        raise argparse.ArgumentTypeError(f"'{word}' is not a number from 1")
    return int(word)


def existing_file(word):
    if not os.path.exists(word):
        raise argparse.ArgumentTypeError(f"{word}: there is no such file")
    return os.path.abspath(word)


def disk(word):
    bus, colon, file = word.partition(":")
    if not colon or bus not in DISK_BUSES:
        bus, file = "virtio", word
    return Disk(bus, existing_file(file))


def kernel(word):
    if word in DEBIAN_KERNELS or word == "none":
        return word
    return existing_file(word)


def parser_make():
    parser = argparse.ArgumentParser(
        prog="run", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOGUE,
        description="Builds the system and boots it in QEMU: without --exec to a shell of domain 0.")
    add = parser.add_argument
    add("--hypervisor", choices=("hospes", "xen", "none"), default="hospes",
        help="boot ours, Debian's Xen 4.17, or the kernel natively; the same kernel and root each time (hospes)")
    add("--exec", dest="exec_command", metavar="CMD",
        help="run CMD in domain 0's shell, print what it prints, power off, exit with its status")
    add("--timeout", type=count, metavar="S",
        help=f"end the machine after S seconds (with --exec {TIMEOUT_S}, else never)")
    add("--log", metavar="F", help="with --exec: write the console's log to F (else to standard error)")
    add("--cpus", type=count, default=1, metavar="N", help="CPUs of the machine (1)")
    add("--memory", type=size_mib, default=1024, metavar="M", help="memory of the machine, as 512M or 4G (1G)")
    add("--cpu", metavar="MODEL", help=f"QEMU's CPU model ({CPU})")
    add("--machine", choices=("q35", "pc"), default="q35", help="QEMU's machine type (q35)")
    add("--icount", action="store_true", help="guest time counts instructions, so that figures repeat; one CPU")
    add("--dom0-memory", type=size_mib, metavar="M", help="memory of domain 0 (all that is free)")
    add("--dom0-vcpus", type=count, metavar="N", help="vCPUs of domain 0 (as many as CPUs)")
    add("--kernel", type=kernel, default="amd64", metavar="K",
        help="amd64, cloud or rt: Debian's linux-image of that flavour; or a FILE; or none (amd64)")
    add("--root", type=existing_file, metavar="FILE", help="an initramfs of one's own instead of the one made here")
    add("--packages", default="", metavar="LIST", help="Debian packages to put into the root, with what they depend on")
    add("--no-tools", dest="tools", action="store_false", help="a root without the control tools and the sample guest")
    add("--guest", action=argparse.BooleanOptionalAction,
        help="start the sample guest beside domain 0 (without --exec; not with it)")
    add("--disk", type=disk, action="append", default=[], metavar="[BUS:]FILE",
        help="a disk, raw or .qcow2; BUS is " + ", ".join(DISK_BUSES) + " (virtio); repeatable")
    add("--net", nargs="?", choices=CARDS, const=CARDS[0], help="a network card on QEMU's user network (virtio)")
    add("--firmware", choices=("bios", "uefi"), default="bios", help="uefi implies --iso (bios)")
    add("--iso", action="store_true", help="boot from an ISO by GRUB, not by QEMU's -kernel")
    add("--gdb", action="store_true", help="QEMU waits for gdb on port 1234")
    add("--hv-args", default="", metavar="WORDS", help="more words for the hypervisor's command line")
    add("--dom0-args", default="", metavar="WORDS", help="more words for the kernel's command line")
    add("--qemu-args", default="", metavar="WORDS", help="more words for QEMU's command line")
    add("--dry-run", action="store_true", help="prepare everything, print QEMU's command line, and end")
    return parser


def options_parse(words):
    parser = parser_make()
    options = parser.parse_args(words)
    if options.icount and options.cpus != 1:
        parser.error("--icount: deterministic time is for one CPU")
    if options.log and options.exec_command is None:
        parser.error("--log: the console is your terminal without --exec")
    if options.kernel == "none" and options.hypervisor == "none":
        parser.error("--kernel none: natively there would be nothing to boot")
    if options.guest and (options.hypervisor == "none" or not options.tools):
        parser.error("--guest: the sample guest needs a hypervisor and the control tools")
    if options.guest is None:
        options.guest = options.exec_command is None and options.hypervisor != "none" and options.tools
    options.iso = options.iso or options.firmware == "uefi"
    options.cpu = options.cpu or (CPU_ICOUNT if options.icount else CPU)
    if options.timeout is None and options.exec_command is not None:
        options.timeout = TIMEOUT_S
    return options
