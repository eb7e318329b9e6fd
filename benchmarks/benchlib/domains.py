"""The table of many domains: what the stock tools need to create, list and destroy the first, tenth, fiftieth and hundredth of
small guests that sleep, each several times, and how much memory the hypervisor keeps for each.
"""

import os

from .guest import script_output
from .machine import BUILD, Failure, WAYS, say
from .rows import rounds_run, rows_filter, rows_merge, rows_read
from .targets import DOMAINS, targets_put

MEMORY, DOMAIN0_MIB, GUEST_MIB, COUNT, TIMES = "4G", 1024, 16, 100, 5
KIB = 1024

# What a measured command left for the daemons is done before the next one begins.
SCRIPT = """
measure() {{ /bench/span "$@" && sleep 1; }}
modprobe -q xen-privcmd
echo before $(/bench/kept)
for n in $(seq {count}); do
    config=$(guest_config idle$n /bench/idle.elf {mib})
    case $n in
    1|10|50|100)
        for _ in $(seq {times}); do
            measure "create, domain $n" xl create -q $config && measure "list, $n domains" xl list &&
                measure "destroy, domain $n" xl destroy idle$n || exit
        done
        echo "bench: domains: $n of {count}" >/dev/console ;;
    esac
    xl create -q $config >/dev/null || exit
done
sleep 5
echo after $(/bench/kept)
for n in $(seq {count} -1 1); do
    xl destroy idle$n || exit
done
sleep 5
echo end $(/bench/kept)
"""


def free_kib(text, mark):
    """What `kept` said at a mark: "before domain0 N free N"."""
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == mark:
            return int(words[words.index("free") + 1])
    raise Failure(f"domains: no word of free memory at the mark '{mark}'")


def way_measure(options, way):
    say(f"domains: {WAYS[way]}: {COUNT} guests")
    text = script_output(options, way, SCRIPT.format(count=COUNT, mib=GUEST_MIB, times=TIMES), "domains",
                         files={"idle.elf": os.path.join(BUILD, "idle.elf")}, memory=MEMORY,
                         words=("--dom0-memory", str(DOMAIN0_MIB)))
    rows = rows_read(text)
    kept = (free_kib(text, "before") - free_kib(text, "after")) / COUNT - GUEST_MIB * KIB
    kept = round(kept)
    rows["memory kept for a domain, KiB"] = {"median": kept, "least": kept, "most": kept}
    return rows_filter(rows, options.only)


def measure(options):
    ways = [way for way in options.ways if way != "none"]
    rows = rows_merge(rounds_run(options, ways, way_measure), options.unit)
    for row in rows:
        if row["name"].endswith("KiB"):
            row["unit"] = "KiB"
    return {"title": "Many small domains", "ways": ways, "rows": targets_put(rows, DOMAINS),
            "machine": {"memory": MEMORY, "domain0_mib": DOMAIN0_MIB, "guest_mib": GUEST_MIB}}
