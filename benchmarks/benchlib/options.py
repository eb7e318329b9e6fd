"""The command line of ./bench."""

import argparse
import re

from .machine import WAYS
from .micro import PLACES

TABLES = ("boot", "hypercall", "micro", "domains", "io", "macro")
# Have nothing to say of the bare machine.
HYPERVISOR_ONLY = ("hypercall", "domains")
# Asks for a row by name, so it is not among the tables that run when none is named.
EXTRA = ("profile",)

EPILOGUE = """\
tables:
  boot       from the machine's reset to domain 0's first process; sizes; memory that the hypervisor keeps
  hypercall  what each call, trap and event costs, by a small kernel that does nothing else
  micro      what programs in domain 0 and in a guest see: system calls, processes, memory, files, pipes
  domains    what creating, listing and destroying the 1st, 10th, 50th and 100th small guest costs
  io         disks and networks of guests: requests, round trips, streams, and the CPU that each side spends
  macro      whole programs: compilers, PostgreSQL under pgbench, dbench, nginx under wrk
  profile    where one row of micro (--only), a boot (--only boot) or a guest's creation (--only creation) spends its
             instructions: which of the hypervisor's functions

Tables are printed, and written as JSON under build/bench. 1: a machine failed. 2: wrong usage.
"""


def names(word):
    """Parted by commas; one before a space is part of a row's name."""
    return [part.strip() for part in re.split(r",(?! )", word) if part.strip()]


def ways(word):
    chosen = names(word)
    for way in chosen:
        if way not in WAYS:
            raise argparse.ArgumentTypeError(f"'{way}' is none of {', '.join(WAYS)}")
    return [way for way in WAYS if way in chosen]


def places(word):
    chosen = names(word)
    for place in chosen:
        if place not in PLACES:
            raise argparse.ArgumentTypeError(f"'{place}' is none of {', '.join(PLACES)}")
    return [place for place in PLACES if place in chosen]


def options_parse(words):
    parser = argparse.ArgumentParser(
        prog="bench", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOGUE,
        description="Measures Hospes, Xen 4.17 and the bare machine side by side, in QEMU.")
    add = parser.add_argument
    add("table", nargs="*", metavar="TABLE", help="one of these, or profile (all but profile)")
    add("--icount", action="store_true",
        help="guest time counts instructions: every figure repeats (else ticks of the host's counter)")
    add("--only", type=names, default=[], metavar="LIST", help="only rows whose name contains a word of the list")
    add("--places", type=places, default=list(PLACES), metavar="LIST",
        help="micro: which of domain0,guest (both); profile: guest instead of domain 0; macro: domain0 instead of a guest")
    add("--rounds", type=int, default=1, metavar="N", help="measure all ways N times in turn and give the medians (1)")
    add("--again", action="store_true", help="measure a second time; fail if a median differs by more than 1 %%")
    add("--ways", type=ways, default=list(WAYS), metavar="LIST", help="which of none,xen,hospes to measure (all)")
    add("--record", action="store_true", help="keep the results under benchmarks/results")
    options = parser.parse_args(words)
    for table in options.table:
        if table not in TABLES + EXTRA:
            parser.error(f"{table}: there is no such table")
    options.table = options.table or list(TABLES)
    if "profile" in options.table and not (options.only and options.icount):
        parser.error("profile: needs --icount, and --only with a row of micro, or boot, or creation")
    if not options.ways or not options.places:
        parser.error("--ways, --places: none is left")
    if options.rounds < 1:
        parser.error("--rounds: at least one")
    if options.ways == ["none"] and set(options.table) & set(HYPERVISOR_ONLY):
        parser.error("the bare machine has no hypercalls and no domains: choose xen or hospes")
    return options
