"""The table of whole programs, in domain 0 and natively: compilers, a database, a file server's load, a web server. They are Debian's
packages; each program's root is made once and kept by image/root. A machine for each program and way.
"""

import io
import os
import tarfile

from .machine import FOLDER, Failure, TOP, WAYS, log_name, output, say
from .rows import rounds_run, rows_filter, rows_merge, rows_read

MEMORY, DOMAIN0_MIB = "2560M", 2048
# Program -> what Debian's packages it needs, and the rows it prints.
PROGRAMS = {
    "compile": ("gcc libc6-dev", ("compile, large files", "compile, small processes")),
    "postgresql": ("postgresql-15 util-linux", ("pgbench, read-only, 4,000 transactions", "pgbench, TPC-B, 1,000 transactions")),
    "dbench": ("dbench", ("dbench, a MB",)),
    "nginx": ("nginx-light apache2-utils", ("nginx, 20,000 requests, kept connections",
                                            "nginx, 15,000 requests, a connection each")),
}
SOURCE_FOLDERS = ("lib", "core/mm", "core/sched", "core/evtchn", "core/grant", "include", "arch/fake/include")
LARGE_FOLDERS = ("core/mm/", "core/sched/", "core/grant/")
COMPILE = """\
flags='-std=gnu2x -ffreestanding -nostdinc -isystem {compiler} -isystem abi -Ihypervisor/include -Ihypervisor/arch/fake/include -Ihypervisor/core'
large='{large}'
small='{small}'
compile() {{ gcc $flags "$1" -c "$2" -o /tmp/out.o; }}
syntax() {{ gcc $flags -fsyntax-only -include "$1" -xc /dev/null; }}
"""
COMPILER_HEADERS = "/usr/lib/gcc/x86_64-linux-gnu/12/include"


def sources():
    """Paths of the C project, below the tree's top."""
    found = []
    for folder in SOURCE_FOLDERS:
        for path, _, names in os.walk(os.path.join(TOP, "hypervisor", folder)):
            found += [os.path.relpath(os.path.join(path, name), TOP) for name in names if name.endswith((".c", ".h"))]
    return sorted(found)


def source_archive(names):
    """The project's files, and Xen's public headers, which it includes."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name in names:
            tar.add(os.path.join(TOP, name), name)
        tar.add("/usr/include/xen", "abi/xen")
    return data.getvalue()


def compile_files():
    names = sources()
    large = [name for name in names if name.endswith(".c") and name.startswith(tuple("hypervisor/" + f for f in LARGE_FOLDERS))]
    small = [name for name in names if name.startswith("hypervisor/include/hyp/")]
    words = COMPILE.format(compiler=COMPILER_HEADERS, large=" ".join(large), small=" ".join(small))
    return {"source.tar": source_archive(names), "compile": words.encode()}


def program_measure(options, way, program):
    packages, names = PROGRAMS[program]
    if not rows_filter(dict.fromkeys(names), options.only):
        return {}
    say(f"macro: {WAYS[way]}: {program}")
    files = {"macro.sh": os.path.join(FOLDER, "domain0", "macro.sh"), "only": "".join(f"{word}\n" for word in options.only).encode()}
    if program == "compile":
        files.update(compile_files())
    text = output(options, way, f". /bench/macro.sh; macro_{program}", programs=("span",), files=files, packages=packages,
                  memory=MEMORY, words=("--dom0-memory", str(DOMAIN0_MIB)), log=log_name("macro", way, "-" + program))
    rows = rows_read(text)
    if not rows:
        raise Failure(f"macro: {WAYS[way]}: {program} printed no row")
    return rows


def way_measure(options, way):
    rows = {}
    for program in PROGRAMS:
        rows.update(program_measure(options, way, program))
    return rows


def measure(options):
    rows = rows_merge(rounds_run(options, options.ways, way_measure), options.unit)
    return {"title": "Whole programs, a fixed piece of work", "ways": options.ways, "rows": rows,
            "machine": {"memory": MEMORY, "domain0_mib": DOMAIN0_MIB}}
