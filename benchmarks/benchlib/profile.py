"""Where one row of micro, a boot, or a guest's creation spends its instructions: user code, kernel, hypervisor; and which
functions of ours.

A plugin of QEMU's counts between the marks that the measuring program sets around each sample. The counts are means of all
samples, the first ones too, so they need not add up to the row's median.
"""

import bisect
import os
import re

from . import boot
from .machine import BUILD, Failure, TOP, WAYS, tool
from .micro import place_run
from .table import cells_align, number, percent

ROW = re.compile(r"ROW (?P<name>[^|]+)\|(?P<median>\d+)\|\d+\|\d+\|\d+\|(?P<per>\d+)")
PLACES = ("user", "kernel", "hypervisor")
FUNCTIONS_MAX = 40


def symbols():
    """The functions of Hospes: sorted addresses, names, and where the text ends."""
    lines = [line.split() for line in tool("nm", "-n", os.path.join(TOP, "build", "hospes.elf")).splitlines()]
    text = [(int(address, 16), name) for address, kind, name in lines if kind in "tT"]
    end = next(address for address, name in text if name == "image_text_end")
    text = [(address, name) for address, name in text if address < end]
    return [address for address, _ in text], [name for _, name in text], end


def counts_read(path):
    """The plugin's file: what stands by name, and the counts by offset in the text."""
    named, offsets = {}, {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, *numbers = line.split()
            if key == "at":
                offsets[int(numbers[0])] = int(numbers[1])
            else:
                named[key] = int(numbers[0])
    return named, offsets


def functions_sum(offsets, addresses, names):
    sums = {}
    for offset, count in offsets.items():
        name = names[bisect.bisect_right(addresses, addresses[0] + offset) - 1]
        sums[name] = sums.get(name, 0) + count
    return sorted(sums.items(), key=lambda item: -item[1])


def row_run(options, way, plugin):
    """A row of micro, in domain 0 or in a guest: its name, and how many operations a sample is."""
    printed = place_run(options, way, options.places[0], "profile", ("--qemu-args=" + plugin,))
    rows = list(ROW.finditer(printed))
    if len(rows) != 1:
        raise Failure(f"profile: --only has to choose one row, not {', '.join(row['name'] for row in rows) or 'none'}")
    return rows[0]["name"], int(rows[0]["per"])


def boot_run(options, way, plugin):
    boot.boot(options, way, "2G", ("--qemu-args=" + plugin + ",begin=reset",))
    return "reset to domain 0's first process, 2G", 1


def creation_run(options, way, plugin):
    boot.guest_boot(options, way, ("--qemu-args=" + plugin,))
    return "a guest's creation to its first process", 1


# What is no row of micro's, by the word that chooses it.
RUNS = {"boot": boot_run, "creation": creation_run}


def way_measure(options, way, text):
    file = os.path.join(BUILD, f"profile-{way}.counts")
    plugin = f"-plugin {BUILD}/profile.so,out={file},text={text[0]},bytes={text[1]}"
    name, per = RUNS.get(",".join(options.only), row_run)(options, way, plugin)
    named, offsets = counts_read(file)
    if not named["samples"]:
        raise Failure(f"profile: '{name}' takes its samples without marks")
    operations = named["samples"] * per
    return name, {place: named[place] / operations for place in PLACES}, operations, offsets


def measure(options):
    tool("make", "-s")
    addresses, names, end = symbols()
    places, lines = {}, []
    functions = []
    for way in options.ways:
        # The text's range is that of Hospes; another system has nothing there, or we have no names for it.
        text = (addresses[0], end - addresses[0]) if way == "hospes" else (0, 0)
        row, places[way], operations, offsets = way_measure(options, way, text)
        if way == "hospes":
            functions = [(name, count / operations) for name, count in functions_sum(offsets, addresses, names)]
    lines = [["", *(WAYS[way] for way in options.ways)]]
    for place in PLACES:
        lines.append([place, *(number(round(places[way][place])) for way in options.ways)])
    text = [f"{row}: instructions of one operation, by where they run", "", *cells_align(lines), ""]
    if functions:
        whole = sum(count for _, count in functions)
        shown = [["Hospes' functions", "", ""]]
        shown += [[name, number(round(count)), percent(count / whole)] for name, count in functions[:FUNCTIONS_MAX]]
        text += [*cells_align(shown), ""]
    return {"title": row, "ways": options.ways, "places": places, "text": "\n".join(text) + "\n",
            "functions": [{"name": name, "instructions": round(count, 1)} for name, count in functions]}
