"""Runs something on the machine, by ./run: natively, on Debian's Xen, on Hospes.

Programs of ours reach domain 0 in a small archive that lies before its root, the small one: daemons would
run beside what is measured.
"""

import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build", "bench")
FOLDER = os.path.join(TOP, "benchmarks")
sys.path.insert(0, os.path.join(TOP, "image"))
from runlib.prepare import cpio_entry  # noqa: E402 (the path has to be there first)

# As ./run names them, and how the tables do.
WAYS = {"none": "native", "xen": "Xen 4.17", "hospes": "Hospes"}
PACKAGES = ("make", "gcc", "libc6-dev", "libxen-dev", "binutils", "cpio", "git")
TIMEOUT_S = 1800
# How a script in domain 0 says on the console how far it is, and how often we look.
PROGRESS = re.compile(r"^bench: (?P<what>[^\r\n]+)", re.MULTILINE)
PROGRESS_SECONDS = 1


class Failure(Exception):
    """A machine or a tool failed; what it said is on standard error already, or here."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def tool(*words):
    done = subprocess.run(words, cwd=TOP, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Failure(f"{' '.join(words)} failed")
    return done.stdout.decode().strip()


def prepare():
    """Packages, and what is measured with: the programs and the kernels."""
    tool("image/need", *PACKAGES)
    os.makedirs(BUILD, exist_ok=True)
    tool("make", "-s", "-f", "benchmarks/domain0/Makefile")
    tool("make", "-s", "-f", "benchmarks/hypercall/Makefile")
    tool("make", "-s", "-f", "benchmarks/plugin/Makefile")


def content(source):
    """Of a file that is named, or that is given as it is."""
    if isinstance(source, bytes):
        return source
    with open(source, "rb") as file:
        return file.read()


def archive(files):
    """An archive with /bench and these files in it, by name."""
    members = [cpio_entry(1, "bench", 0o40755, b"")]
    for inode, (name, source) in enumerate(files.items(), 2):
        members.append(cpio_entry(inode, f"bench/{name}", 0o100755, content(source)))
    members.append(cpio_entry(0, "TRAILER!!!", 0, b""))
    return b"".join(members)


def root_make(folder, files, tools, packages):
    """Domain 0's root, a small one without the control tools, with the files; an empty one when there are none. The name of it."""
    path = os.path.join(folder, "root")
    with open(path, "wb") as file:
        file.write(archive(files))
        if files:
            file.write(content(tool("image/root", "--packages", packages, *([] if tools else ["--no-tools"]))))
    return path


def log_name(table, way, note=""):
    return os.path.join(BUILD, f"{table}{note}-{way}.log")


def progress_say(log, seen):
    """Says what a script wrote of its progress into the log after that many bytes: how many were seen now."""
    try:
        with open(log, "rb") as file:
            file.seek(seen)
            text = file.read()
    except FileNotFoundError:
        return seen
    whole = text[:text.rfind(b"\n") + 1]
    for match in PROGRESS.finditer(whole.decode(errors="replace")):
        say(match["what"])
    return seen + len(whole)


def followed_run(line, log, folder):
    """Runs ./run: its status, output and errors; meanwhile says how far the machine is, by the console's log."""
    seen, printed = 0, [os.path.join(folder, name) for name in ("output", "errors")]
    if os.path.exists(log):
        os.remove(log)
    with open(printed[0], "wb") as out, open(printed[1], "wb") as errors, \
            subprocess.Popen(line, cwd=TOP, stdout=out, stderr=errors, stdin=subprocess.DEVNULL) as process:
        while process.returncode is None:
            try:
                process.wait(PROGRESS_SECONDS)
            except subprocess.TimeoutExpired:
                pass
            seen = progress_say(log, seen)
    return process.returncode, *(log_read(name) for name in printed)


def run(options, way, command, programs=(), files=None, tools=False, packages="", memory="512M", words=(), log=None):
    """Runs a command in domain 0: its status and its output; the console's log is in a file. Programs and files are under /bench."""
    files = {**{name: os.path.join(BUILD, name) for name in programs}, **(files or {})}
    with tempfile.TemporaryDirectory(prefix="hospes-bench.") as folder:
        line = [os.path.join(TOP, "run"), "--hypervisor", way, "--memory", memory, "--root", root_make(folder, files, tools, packages),
                "--timeout", str(TIMEOUT_S), "--log", log, "--exec", command, *words]
        if options.icount:
            line.append("--icount")
        return followed_run(line, log, folder)


def output(options, way, command, **more):
    """What the command prints; its failure is ours."""
    status, text, errors = run(options, way, command, **more)
    if status:
        sys.stderr.write(errors)
        raise Failure(f"{WAYS[way]}: '{command}' ended with status {status}; the console's log is {more['log']}")
    return text


def log_read(path):
    with open(path, "rb") as file:
        return file.read().decode(errors="replace")
