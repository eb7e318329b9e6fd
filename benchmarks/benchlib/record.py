"""Versions of what was measured, JSON, and the results that are kept in the tree."""

import json
import os
import re

from .machine import BUILD, TOP, say, tool

RESULTS = os.path.join(TOP, "benchmarks", "results")


def hospes_version():
    """The commit, and whether anything but kept results differs from it."""
    changed = tool("git", "status", "--porcelain", "--untracked-files=no", "--", ".", f":!{os.path.relpath(RESULTS, TOP)}")
    return tool("git", "describe", "--always") + ("-dirty" if changed else "")


def versions():
    """Everything that a figure depends on."""
    xen = os.path.basename(tool("image/fetch", "tree", "xen-hypervisor-4.17-amd64"))
    kernel = os.path.basename(tool("image/fetch", "tree", "linux-image-amd64"))
    return {
        "hospes": hospes_version(),
        "xen": xen,
        "kernel": kernel,
        "qemu": re.sub(r".*\((.*)\).*", r"\1", tool("qemu-system-x86_64", "--version").splitlines()[0]),
        "gcc": tool("gcc", "-dumpfullversion"),
    }


def result_write(options, name, result, text):
    """Under build/bench always; among the kept results when asked for."""
    stem = name + ("-icount" if options.icount else "")
    folders = [BUILD] + ([RESULTS] if options.record else [])
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, stem + ".json"), "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
        with open(os.path.join(folder, stem + ".txt"), "w", encoding="utf-8") as file:
            file.write(text)
        say(f"written: {os.path.relpath(os.path.join(folder, stem))}.json")
