"""The command line of ./bench."""

import argparse

from .machine import WAYS

TABLES = ("boot", "hypercall", "micro")
# Asks for a row by name, so it is not among the tables that run when none is named.
EXTRA = ("profile",)

EPILOGUE = """\
tables:
  boot       from the machine's reset to domain 0's first process; sizes; memory that the hypervisor keeps
  hypercall  what each call, trap and event costs, by a small kernel that does nothing else
  micro      what programs in domain 0 see: system calls, processes, memory, files, pipes
  profile    where one row of micro (--only) spends its instructions: which of the hypervisor's functions

Tables are printed, and written as JSON under build/bench. 1: a machine failed. 2: wrong usage.
"""


def names(word):
    return [part.strip() for part in word.split(",") if part.strip()]


def ways(word):
    chosen = names(word)
    for way in chosen:
        if way not in WAYS:
            raise argparse.ArgumentTypeError(f"'{way}' is none of {', '.join(WAYS)}")
    return [way for way in WAYS if way in chosen]


def options_parse(words):
    parser = argparse.ArgumentParser(
        prog="bench", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOGUE,
        description="Measures Hospes, Xen 4.17 and the bare machine side by side, in QEMU.")
    add = parser.add_argument
    add("table", nargs="*", metavar="TABLE", help="boot, hypercall, micro or profile (the first three)")
    add("--icount", action="store_true",
        help="guest time counts instructions: every figure repeats (else ticks of the host's counter)")
    add("--only", type=names, default=[], metavar="LIST", help="micro, profile: rows whose name contains a word of the list")
    add("--ways", type=ways, default=list(WAYS), metavar="LIST", help="which of none,xen,hospes to measure (all)")
    add("--record", action="store_true", help="keep the results under benchmarks/results")
    options = parser.parse_args(words)
    for table in options.table:
        if table not in TABLES + EXTRA:
            parser.error(f"{table}: there is no such table")
    options.table = options.table or list(TABLES)
    if "profile" in options.table and not (options.only and options.icount):
        parser.error("profile: needs --icount, and --only with a row of micro")
    if not options.ways:
        parser.error("--ways: none is left")
    return options
