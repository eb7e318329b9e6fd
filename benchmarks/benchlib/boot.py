"""The table of the boot: how long until domain 0's first process, what the hypervisor's image takes, what it keeps.

A guest's creation is counted from the call of the stock tool in domain 0 to the first process in the guest.

The time is that of the first process's own reading of the time-stamp counter, which starts at the machine's reset: the firmware and
the loader are in it, for each way the same. So is the kernel, unpacked: a hypervisor's domain 0 need not unpack it either.
"""

import os

from .guest import kernel_path, linux_files, script_output
from .machine import TOP, WAYS, log_name, output, say, tool
from .rows import rows_merge
from .targets import BOOT, targets_put

MEMORIES = ("512M", "2G", "4G")
PROGRAMS = ("first", "kept")
COMMAND = "cat /bench/first.ticks; modprobe -q xen-privcmd; /bench/kept"
KIB = 1024
GUEST_MEMORY, GUEST_DOMAIN0_MIB, GUEST_MIB = "2G", "512", 128
# The first creation reads files that the later ones find in memory.
GUEST_SCRIPT = f"""
for n in 1 2; do
    /bench/span
    linux_run guest$n {GUEST_MIB} || exit
done
"""


def mebibytes(memory):
    return int(memory[:-1]) * (1024 if memory.endswith("G") else 1)


def value(number):
    return {"median": number, "least": number, "most": number}


def kept_kib(memory, lines):
    """Of the machine's memory, what neither domain 0 has nor is free. Natively: what the kernel does not manage."""
    parts = dict(line.split() for line in lines)
    return mebibytes(memory) * KIB - int(parts["domain0"]) - int(parts.get("free", 0))


def boot(options, way, memory, words=()):
    say(f"boot: {WAYS[way]}, {memory}")
    kernel = ("--kernel", kernel_path()) if way == "none" else ()
    text = output(options, way, COMMAND, programs=PROGRAMS, memory=memory, log=log_name("boot", way, "-" + memory),
                  words=("--dom0-args", "rdinit=/bench/first", *kernel, *words))
    ticks, *lines = text.splitlines()
    return value(int(ticks)), value(kept_kib(memory, lines))


def guest_boot(options, way, words=()):
    """Creation to the first process, of the first guest and of a later one."""
    say(f"boot: {WAYS[way]}, guests")
    lines = script_output(options, way, GUEST_SCRIPT, "boot", memory=GUEST_MEMORY, words=("--dom0-memory", GUEST_DOMAIN0_MIB, *words),
                          files=linux_files((), "true")).splitlines()
    begins = [int(line) for line in lines if line.isdigit()]
    ends = [int(line.split()[2]) for line in lines if line.startswith("GUEST STARTED")]
    names = ("guest: creation to the first process, the first", "guest: creation to the first process, later")
    return {name: value(end - begin) for name, begin, end in zip(names, begins, ends, strict=True)}


def image_path(way):
    return os.path.join(TOP, "build", "hospes") if way == "hospes" else tool("image/xen")


def measure(options):
    times, kept, size = ({way: {} for way in options.ways} for _ in range(3))
    for memory in MEMORIES:
        for way in options.ways:
            times[way][f"{memory}: reset to the first process"], kept[way][f"{memory}: memory kept, KiB"] = boot(
                options, way, memory)
    for way in options.ways:
        if way != "none":
            size[way]["the hypervisor's image, bytes"] = value(os.path.getsize(image_path(way)))
            times[way].update(guest_boot(options, way))
    # What a kernel keeps natively is no hypervisor's.
    kept.pop("none", None)
    rows = rows_merge(times, options.unit) + rows_merge(kept, "KiB") + rows_merge(size, "bytes")
    return {"title": "Boot", "ways": options.ways, "rows": targets_put(rows, BOOT), "machine": {"memory": list(MEMORIES)}}
