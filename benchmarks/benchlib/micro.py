"""The table of what programs see: the same program in domain 0 of Hospes, of Xen, and natively."""

import shlex

from .machine import Failure, WAYS, log_name, output, say
from .rows import counts_instructions, rows_merge, rows_read

MEMORY = "768M"
# Given in each way, natively as the kernel's limit: left to themselves the hypervisors share out differently.
DOMAIN0_MIB = 512
WORDS = ("--dom0-memory", str(DOMAIN0_MIB))
PROGRAMS = ("micro", "hello")


def way_measure(options, way):
    say(f"micro: {WAYS[way]}")
    command = shlex.join(["/bench/micro", *options.only])
    text = output(options, way, command, programs=PROGRAMS, memory=MEMORY, words=WORDS,
                  log=log_name("micro", way))
    if options.icount and not counts_instructions(text):
        raise Failure(f"micro: {WAYS[way]}: the counter does not count instructions")
    rows = rows_read(text)
    if not rows:
        raise Failure(f"micro: no row's name contains {' or '.join(options.only)}")
    return rows


def measure(options):
    rows = rows_merge({way: way_measure(options, way) for way in options.ways}, options.unit)
    return {"title": "What programs in domain 0 see", "ways": options.ways, "rows": rows, 
            "machine": {"memory": MEMORY, "domain0_mib": DOMAIN0_MIB}}
