"""What must be there before QEMU starts: Debian's packages, the build, kernel, root, ISO.

The tools in image/ do the work, each once; they print where the result is. What is made for one run lies in a folder
of that run's own.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from .options import DEBIAN_KERNELS

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IMAGE = os.path.join(TOP, "image")

NEED_ALWAYS = ("qemu-system-x86", "seabios", "cpio", "kmod", "gcc", "binutils", "libc6-dev", "xz-utils", "ca-certificates")
NEED_BUILD = ("make", "libxen-dev")
NEED_ISO = ("grub-common", "grub-pc-bin", "grub-efi-amd64-bin", "xorriso", "mtools")
NEED_UEFI = ("ovmf",)


class Refusal(Exception):
    """Something could not be prepared; what was said about it is on standard error already, or here."""


@dataclass(frozen=True)
class Files:
    """What one machine boots; an absent part is None."""
    hypervisor: str | None
    kernel: str | None
    root: str | None
    iso: str | None = None


def tool(*words):
    """Runs a tool of image/; its standard output's only line is the result."""
    done = subprocess.run([os.path.join(IMAGE, words[0]), *words[1:]], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Refusal(f"image/{words[0]} failed")
    return done.stdout.decode().rstrip("\n")


def packages_install(options):
    needed = list(NEED_ALWAYS)
    if options.hypervisor == "hospes":
        needed += NEED_BUILD
    if options.iso:
        needed += NEED_ISO
    if options.firmware == "uefi":
        needed += NEED_UEFI
    tool("need", *needed)


def hypervisor_build():
    # Two that build at once would pull the files out from under each other.
    os.makedirs(os.path.join(TOP, "build"), exist_ok=True)
    with open(os.path.join(TOP, "build", "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(["make", "-s", "-C", TOP, f"-j{os.cpu_count() or 1}"], stdout=sys.stderr, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Refusal("the build failed")
    return os.path.join(TOP, "build", "hospes")


def hypervisor_prepare(options):
    if options.hypervisor == "hospes":
        return hypervisor_build()
    return tool("xen") if options.hypervisor == "xen" else None


def is_bzimage(path):
    with open(path, "rb") as file:
        return file.read(0x206)[0x202:] == b"HdrS"


def kernel_find(options, folder):
    """The kernel as its loader takes it: Debian's own file natively, the ELF inside it for a hypervisor. A file of the
    user's that is no bzImage goes to the hypervisor as it is: refusing it is the hypervisor's part."""
    native = options.hypervisor == "none"
    if options.kernel == "none":
        return None
    if options.kernel in DEBIAN_KERNELS:
        return os.path.join(tool("kernel", options.kernel), "vmlinuz" if native else "vmlinux")
    if native or not is_bzimage(options.kernel):
        return options.kernel
    unpacked = os.path.join(folder, "unpacked")
    tool("unpack-kernel", options.kernel, unpacked)
    return unpacked


def kernel_link(path, folder):
    """The name that the boot loader sees: QEMU ends a module's name at the first space."""
    link = os.path.join(folder, "kernel")
    os.symlink(path, link)
    return link


def kernel_prepare(options, folder):
    path = kernel_find(options, folder)
    return path and kernel_link(path, folder)


def cpio_entry(inode, name, mode, data):
    """One member of a "newc" archive."""
    path = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    head += bytes(-len(head) % 4)
    return head + data + bytes(-len(data) % 4)


def wishes_archive(options):
    """A small archive that tells domain 0's /init, by files in /etc/hospes, what this run wants of it."""
    wishes = {"disks": b"%d\n" % len(options.disk)}
    if options.net:
        wishes["net"] = options.net.encode() + b"\n"
    if options.exec_command is not None:
        wishes["command"] = os.fsencode(options.exec_command) + b"\n"
    if options.guest:
        wishes["guest"] = b""
    if options.icount:
        wishes["silent"] = b""
    members = [(name, 0o40755, b"") for name in ("etc", "etc/hospes")]
    members += [(f"etc/hospes/{name}", 0o100644, data) for name, data in wishes.items()]
    members.append(("TRAILER!!!", 0, b""))
    return b"".join(cpio_entry(inode, *member) for inode, member in enumerate(members, 1))


def root_prepare(options, folder):
    """The kernel unpacks archives that lie one behind the other; the wishes come first."""
    if options.root:
        base = options.root
    else:
        flavour = options.kernel if options.kernel in DEBIAN_KERNELS else "amd64"
        base = tool("root", "--kernel", flavour, "--packages", options.packages, *([] if options.tools else ["--no-tools"]))
    path = os.path.join(folder, "initramfs")
    with open(path, "wb") as file, open(base, "rb") as base_file:
        file.write(wishes_archive(options))
        shutil.copyfileobj(base_file, file, 1 << 20)
    return path


def iso_prepare(files, hypervisor_words, kernel_words, folder):
    path = os.path.join(folder, "boot.iso")
    tool("iso", "--hypervisor", files.hypervisor or "", "--hypervisor-words", " ".join(hypervisor_words),
         "--kernel", files.kernel or "", "--kernel-words", " ".join(kernel_words), "--root", files.root, "--out", path)
    return path
