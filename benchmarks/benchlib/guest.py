"""Guests beside domain 0, made by the stock tools: what they boot, and the words of domain 0's scripts (domain0/guests.sh)."""

import gzip
import os

from .machine import BUILD, FOLDER, archive, log_name, output, tool

GUEST_PROGRAMS = ("first", "span")


def kernel_path():
    """Debian's kernel, unpacked: a guest that unpacks it would spend more on that than on all else."""
    return os.path.join(tool("image/kernel", "amd64"), "vmlinux")


def ramdisk_make(programs, command, root=None, more=None):
    """The guests' root: our programs and more files, then the sample guest's root or another."""
    files = {**{name: os.path.join(BUILD, name) for name in (*GUEST_PROGRAMS, *programs)}, **(more or {})}
    files["guest"] = os.path.join(FOLDER, "domain0", "guest")
    data = archive({**files, "command": command.encode() + b"\n"})
    if root:
        with open(root, "rb") as file:
            return data + file.read()
    with gzip.open(os.path.join(tool("image/sample-guest"), "initramfs.gz")) as file:
        return data + file.read()


def script_output(options, way, script, table, files=None, programs=(), **more):
    """Runs a script in domain 0 that makes guests: what it prints. `files` are seen under /bench."""
    files = {"guests.sh": os.path.join(FOLDER, "domain0", "guests.sh"), **(files or {})}
    return output(options, way, ". /bench/guests.sh; " + script, programs=("span", "kept", "await", *programs), files=files,
                  tools=True, log=log_name(table, way, "-guest"), **more)


def linux_files(programs, command, root=None, more=None):
    return {"vmlinux": kernel_path(), "ramdisk": ramdisk_make(programs, command, root, more)}
