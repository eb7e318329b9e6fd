"""What is aimed at, row by row: at most this share of Xen's overhead; of Xen's whole figure where nothing native is beside it. Pure."""

QUARTER, THIRD, HALF = 1 / 4, 1 / 3, 1 / 2
# By how a row's name begins; the first that fits.
MICRO = (
    (("null call", "read ", "write ", "stat", "signal install", "sched_yield"), QUARTER),
    (("signal handle", "protection fault", "page fault"), THIRD),
    (("context switch", "pipe round trip", "AF_UNIX round trip", "TCP round trip", "sleep of"), THIRD),
    (("fork", "sh -c", "lat_mmap", "mmap,"), 0.4),
)
MICRO_GUEST = ((("clock_gettime",), 0.01), *MICRO)
BOOT = ((("2G: reset to", "2G: memory kept", "guest: creation"), HALF),)
DOMAINS = ((("memory kept",), HALF),)


def target_find(targets, name):
    for beginnings, share in targets:
        if name.startswith(beginnings):
            return share
    return None


def targets_put(rows, targets):
    """Each row that has one gets its target."""
    for row in rows:
        share = target_find(targets, row["name"])
        if share is not None:
            row["target"] = round(share, 3)
    return rows
