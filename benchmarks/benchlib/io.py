"""The table of disks and networks: from a guest to domain 0, whose disks are files in memory behind loop devices, and from guest to
guest over domain 0's bridge; and the CPU time that each side spends. Natively: the loop devices and the loopback.
"""

import os
import re

from .guest import ramdisk_make, kernel_path, script_output
from .machine import FOLDER, Failure, WAYS, say
from .rows import ROW, rounds_run, rows_merge, rows_read

MEMORY, DOMAIN0_MIB = "2G", 768
PROGRAMS = ("block", "net")
SPENT = re.compile(r"SPENT (?P<name>[^|]+)\|(?P<ns>\d+\|\d+\|\d+)$", re.MULTILINE)
SIDES = ("domain 0", "the guest", "the other guest")
# What the programs run before the samples that they keep.
WARM_UP = 3


def operations(text):
    """Row -> how many operations its program did in all; one that is timed as a whole is one."""
    counted = {}
    for match in re.finditer(ROW.pattern + r"(\|(?P<samples>\d+)\|(?P<per>\d+))?", text):
        counted[match["name"]] = (int(match["samples"]) + WARM_UP) * int(match["per"]) if match["samples"] else 1
    return counted


def spent_rows(text):
    rows, counted = {}, operations(text)
    for name in counted:
        if name not in {match["name"] for match in SPENT.finditer(text)}:
            raise Failure(f"io: no word of the CPU time spent on '{name}'")
    for match in SPENT.finditer(text):
        for side, ns in zip(SIDES, match["ns"].split("|"), strict=True):
            if side != SIDES[2] or "to a guest" in match["name"]:
                each = round(int(ns) / counted[match["name"]])
                rows[f"{match['name']}: CPU of {side}, ns"] = {"median": each, "least": each, "most": each}
    return rows


def way_measure(options, way):
    say(f"io: {WAYS[way]}")
    files = {"io.sh": os.path.join(FOLDER, "domain0", "io.sh"), "only": "".join(f"{word}\n" for word in options.only).encode()}
    if way != "none":
        files.update(vmlinux=kernel_path(), ramdisk=ramdisk_make(PROGRAMS, "true"))
    text = script_output(options, way, ". /bench/io.sh; " + ("native" if way == "none" else "guests"), "io", memory=MEMORY,
                         words=("--dom0-memory", str(DOMAIN0_MIB)), programs=(*PROGRAMS, "spent"), files=files)
    return {**rows_read(text), **(spent_rows(text) if way != "none" else {})}


def measure(options):
    rows = rows_merge(rounds_run(options, options.ways, way_measure), options.unit)
    for row in rows:
        if row["name"].endswith(", ns"):
            row["unit"] = "ns"
    return {"title": "Disks and networks, a request, round trip or MiB", "ways": options.ways, "rows": rows,
            "machine": {"memory": MEMORY, "domain0_mib": DOMAIN0_MIB}}
