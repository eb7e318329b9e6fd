"""The table of whole programs, in a guest (or in domain 0) and natively: compilers, a database, a file server's load, a web server.
They are Debian's packages; each program's root is made once and kept by image/root. A machine for each program and way.
"""

import io
import os
import tarfile

from .guest import linux_files, script_output
from .machine import FOLDER, Failure, TOP, WAYS, log_name, output, say, tool
from .micro import PLACES
from .rows import rounds_run, rows_filter, rows_merge, rows_read

# What the programs have, wherever they run. A guest's root is a file of domain 0's, which is all in memory.
PROGRAMS_MIB = 2048
MEMORY = "2560M"
GUEST_MEMORY, GUEST_DOMAIN0_MIB = "4G", 1536
# Program -> what Debian's packages it needs, and the rows it prints.
PROGRAMS = {
    "compile": ("gcc libc6-dev", ("compile, large files", "compile, small processes")),
    "postgresql": ("postgresql-15 util-linux", ("pgbench, read-only, 4,000 transactions", "pgbench, TPC-B, 1,000 transactions")),
    "dbench": ("dbench", ("dbench, a MB",)),
    "nginx": ("nginx-light wrk", ("nginx, a request, kept connections", "nginx, a request, a connection each")),
}
SOURCE_FOLDERS = ("lib", "core/mm", "core/sched", "core/evtchn", "core/grant", "include", "arch/fake/include")
LARGE_FOLDER = "hypervisor/core/mm/"
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
    large = [name for name in names if name.endswith(".c") and name.startswith(LARGE_FOLDER)]
    small = [name for name in names if name.startswith("hypervisor/include/hyp/")]
    words = COMPILE.format(compiler=COMPILER_HEADERS, large=" ".join(large), small=" ".join(small))
    return {"source.tar": source_archive(names), "compile": words.encode()}


def in_domain0(options, way, program, command, files):
    return output(options, way, command, programs=("span",), files=files, packages=PROGRAMS[program][0], memory=MEMORY,
                  words=("--dom0-memory", str(PROGRAMS_MIB)), log=log_name("macro", way, "-" + program))


def in_guest(options, way, program, command, files):
    root = tool("image/root", "--packages", PROGRAMS[program][0], "--no-tools")
    return script_output(options, way, f"linux_run {program} {PROGRAMS_MIB}", "macro-" + program, memory=GUEST_MEMORY,
                         words=("--dom0-memory", str(GUEST_DOMAIN0_MIB)), files=linux_files((), command, root, files))


def program_measure(options, way, place, program):
    if not rows_filter(dict.fromkeys(PROGRAMS[program][1]), options.only):
        return {}
    say(f"macro: {WAYS[way]}{'' if way == 'none' else ', ' + PLACES[place]}: {program}")
    files = {"macro.sh": os.path.join(FOLDER, "domain0", "macro.sh"), "only": "".join(f"{word}\n" for word in options.only).encode()}
    if program == "compile":
        files.update(compile_files())
    run = in_guest if place == "guest" and way != "none" else in_domain0
    rows = rows_read(run(options, way, program, f". /bench/macro.sh; macro_{program}", files))
    if not rows:
        raise Failure(f"macro: {WAYS[way]}: {program} printed no row")
    return rows


def place_measure(options, way, place):
    rows = {}
    for program in PROGRAMS:
        rows.update(program_measure(options, way, place, program))
    return rows


def measure(options):
    # A guest is where such programs run; domain 0 only for who asks for it.
    place = "guest" if "guest" in options.places else "domain0"
    rows = rows_merge(rounds_run(options, options.ways, lambda options, way: place_measure(options, way, place)), options.unit)
    return {"title": f"Whole programs in {PLACES[place]}", "ways": options.ways, "rows": rows,
            "machine": {"memory": MEMORY, "guest_memory": GUEST_MEMORY, "programs_mib": PROGRAMS_MIB}}
