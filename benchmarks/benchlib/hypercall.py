"""The table of calls, traps and events: a small PV kernel measures the hypervisor that it runs on."""

import os

from .machine import BUILD, Failure, WAYS, log_name, log_read, run, say
from .rows import counts_instructions, rows_merge, rows_read

MEMORY, DOMAIN0_MIB = "256M", "128"


def way_measure(options, way):
    say(f"hypercall: {WAYS[way]}")
    log = log_name("hypercall", way)
    kernel = os.path.join(BUILD, "hypercall.elf")
    # This kernel reports by its console; to ./run it is a kernel that ends without a word.
    run(options, way, "none", memory=MEMORY, log=log, words=("--kernel", kernel, "--dom0-memory", DOMAIN0_MIB))
    text = log_read(log)
    if "RESULT PASS" not in text:
        raise Failure(f"hypercall: {WAYS[way]}: the kernel did not come to its end; the console's log is {log}")
    if options.icount and not counts_instructions(text):
        raise Failure(f"hypercall: {WAYS[way]}: the counter does not count instructions")
    return rows_read(text)


def measure(options):
    ways = [way for way in options.ways if way != "none"]
    if not ways:
        raise Failure("hypercall: the bare machine has no hypercalls: choose xen or hospes")
    rows = rows_merge({way: way_measure(options, way) for way in ways}, options.unit)
    return {"title": "Hypercalls, traps and events", "ways": ways, "rows": rows,
            "machine": {"memory": MEMORY, "domain0_mib": int(DOMAIN0_MIB)}}
