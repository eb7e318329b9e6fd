"""The table of what programs see: the same program in domain 0 and in a guest, on Hospes and on Xen, and natively."""

import shlex

from .guest import linux_files, script_output
from .machine import Failure, WAYS, log_name, output, say
from .rows import counts_instructions, rounds_run, rows_merge, rows_read
from .table import table_text
from .targets import MICRO, MICRO_GUEST, targets_put

MEMORY, GUEST_MEMORY = "768M", "2G"
# Given in each way, natively as the kernel's limit: left to themselves the hypervisors share out differently.
DOMAIN0_MIB = GUEST_MIB = 512
WORDS = ("--dom0-memory", str(DOMAIN0_MIB))
PROGRAMS = ("micro", "hello")
PLACES = {"domain0": "domain 0", "guest": "a guest"}


def command_make(options):
    return shlex.join(["/bench/micro", *options.only])


def in_domain0(options, way, table, words):
    return output(options, way, command_make(options), programs=PROGRAMS, memory=MEMORY, words=(*WORDS, *words),
                  log=log_name(table, way))


def in_guest(options, way, table, words):
    return script_output(options, way, f"linux_run micro {GUEST_MIB}", table, memory=GUEST_MEMORY, words=(*WORDS, *words),
                         files=linux_files(PROGRAMS, command_make(options)))


def place_run(options, way, place, table="micro", words=()):
    """What the program prints there; `words` are more options of `run`'s."""
    say(f"{table}: {WAYS[way]}" + (f", {PLACES[place]}" if way != "none" else ""))
    run = in_guest if place == "guest" and way != "none" else in_domain0
    return run(options, way, table, words)


def place_measure(options, way, place):
    text = place_run(options, way, place)
    if options.icount and not counts_instructions(text):
        raise Failure(f"micro: {WAYS[way]}: the counter does not count instructions")
    return rows_read(text)


def way_measure(options, way):
    """Place -> rows. There is one native machine; it is beside both."""
    if way == "none":
        rows = place_measure(options, way, "domain0")
        return {place: rows for place in options.places}
    return {place: place_measure(options, way, place) for place in options.places}


def measure(options):
    taken = rounds_run(options, options.ways, way_measure, nested=True)
    rows, text = [], []
    for place in options.places:
        of_place = rows_merge({way: places[place] for way, places in taken.items()}, options.unit)
        targets_put(of_place, MICRO_GUEST if place == "guest" else MICRO)
        text.append(table_text(f"What programs see in {PLACES[place]}, in {options.unit}", of_place, options.ways))
        rows += [{"place": place, **row} for row in of_place]
    return {"title": "What programs see", "ways": options.ways, "rows": rows, "text": "\n".join(text),
            "machine": {"memory": MEMORY, "domain0_mib": DOMAIN0_MIB, "guest_mib": GUEST_MIB}}
