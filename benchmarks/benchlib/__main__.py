"""./bench: prepares, then measures each table, prints and writes it."""

import sys

from . import boot, hypercall, machine, micro, profile, record
from .options import options_parse
from .table import table_text

TABLES = {"boot": boot, "hypercall": hypercall, "micro": micro, "profile": profile}


def table_run(options, name):
    result = TABLES[name].measure(options)
    result = {"table": name, "unit": options.unit, "versions": record.versions(), **result}
    versions = ", ".join(f"{key} {value}" for key, value in result["versions"].items())
    text = result.pop("text", None) or table_text(f"{result['title']}, in {options.unit}", result["rows"], result["ways"])
    text += versions + "\n"
    print(text, flush=True)
    record.result_write(options, name, result, text)


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
