"""./bench: prepares, then measures each table, prints and writes it."""

import sys

from . import boot, domains, hypercall, io, machine, macro, micro, profile, record
from .options import options_parse
from .rows import rows_differ, rows_refused
from .table import table_text

TABLES = {"boot": boot, "domains": domains, "hypercall": hypercall, "io": io, "macro": macro, "micro": micro, "profile": profile}


REPEAT_PART = 0.01


def again_check(name, first, second):
    differences = list(rows_differ(first, second, REPEAT_PART))
    for row, way, one, two in differences:
        machine.say(f"{name}: {row}, {way}: {one}, and the second time {two}")
    if differences:
        raise machine.Failure(f"{name}: a second measurement differs by more than {REPEAT_PART:.0%}")
    machine.say(f"{name}: a second measurement differs by less than {REPEAT_PART:.0%} in every row")


def table_run(options, name):
    # Before the measurement, which may be long: the tree can change meanwhile.
    versions = record.versions()
    result = {"table": name, "unit": options.unit, "versions": versions, **TABLES[name].measure(options)}
    # profile has functions instead.
    why = rows_refused(result["rows"], options.only) if "rows" in result else None
    if why:
        raise machine.Failure(f"{name}: {why}")
    line = ", ".join(f"{key} {value}" for key, value in versions.items())
    text = result.pop("text", None) or table_text(f"{result['title']}, in {options.unit}", result["rows"], result["ways"])
    text += line + "\n"
    print(text, flush=True)
    record.result_write(options, name, result, text)
    if options.again:
        again_check(name, result["rows"], TABLES[name].measure(options)["rows"])


def main():
    options = options_parse(sys.argv[1:])
    options.unit = "instructions" if options.icount else "ticks of the host's counter"
    try:
        machine.prepare()
        for name in options.table:
            table_run(options, name)
    except machine.Failure as failure:
        machine.say(str(failure))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


sys.exit(main())
