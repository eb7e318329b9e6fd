"""The table of calls, traps and events: a small PV kernel measures the hypervisor that it runs on, as domain 0; two others, as
guests, wake each other.
"""

import os

from .guest import script_output
from .machine import BUILD, Failure, WAYS, log_name, log_read, run, say
from .rows import counts_instructions, rounds_run, rows_filter, rows_merge, rows_read

MEMORY, DOMAIN0_MIB = "256M", "128"
PAIR_MEMORY, PAIR_DOMAIN0_MIB, PAIR_MIB = "1G", "512", 16

# The numbers of the first two domains are known beforehand. The one that is found by the other starts first.
PAIR_SCRIPT = """
xl create -q $(guest_config second /bench/pair.elf {mib} 'extra = "peer=2"') || exit
xl create -q $(guest_config first /bench/pair.elf {mib} 'extra = "peer=1 measures"') || exit
guest_wait first RESULT 60 || exit
cat $logs/guest-first.log
xl destroy second
"""


def checked(options, way, text, what):
    if "RESULT PASS" not in text:
        raise Failure(f"hypercall: {WAYS[way]}: {what} did not come to its end")
    if options.icount and not counts_instructions(text):
        raise Failure(f"hypercall: {WAYS[way]}: the counter does not count instructions")
    return rows_read(text)


def alone_measure(options, way):
    say(f"hypercall: {WAYS[way]}: one kernel")
    log = log_name("hypercall", way)
    kernel = os.path.join(BUILD, "hypercall.elf")
    # This kernel reports by its console; to ./run it is a kernel that ends without a word.
    run(options, way, "none", memory=MEMORY, log=log, words=("--kernel", kernel, "--dom0-memory", DOMAIN0_MIB))
    return checked(options, way, log_read(log), f"the kernel (console: {log})")


def pair_measure(options, way):
    say(f"hypercall: {WAYS[way]}: two domains")
    text = script_output(options, way, PAIR_SCRIPT.format(mib=PAIR_MIB), "hypercall", memory=PAIR_MEMORY,
                         files={"pair.elf": os.path.join(BUILD, "pair.elf")},
                         words=("--dom0-memory", PAIR_DOMAIN0_MIB))
    return checked(options, way, text, "the pair")


def way_measure(options, way):
    return rows_filter({**alone_measure(options, way), **pair_measure(options, way)}, options.only)


def measure(options):
    ways = [way for way in options.ways if way != "none"]
    rows = rows_merge(rounds_run(options, ways, way_measure), options.unit)
    return {"title": "Hypercalls, traps and events", "ways": ways, "rows": rows,
            "machine": {"memory": MEMORY, "domain0_mib": int(DOMAIN0_MIB)}}
