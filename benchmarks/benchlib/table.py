"""Rows as text. Pure."""

from .machine import WAYS
from .rows import median, overhead_share, ratio


def number(value):
    return "-" if value is None else f"{value:,}"


def part(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def percent(value):
    return "-" if value is None else f"{100 * value:.0f} %"


def target(row):
    """The share that is aimed at; a row that misses it is marked."""
    if "target" not in row:
        return ""
    share = overhead_share(row)
    return percent(row["target"]) + (" *" if share is not None and share > row["target"] else "  ")


def columns(ways):
    """Title and the function from a row to a cell, for the ways that were measured."""
    yield "", lambda row: row["name"]
    for way in ways:
        yield WAYS[way], lambda row, way=way: number(median(row, way))
    for way in ("xen", "hospes"):
        if way in ways and "none" in ways:
            yield f"{WAYS[way].split()[0]}/native", lambda row, way=way: part(ratio(row, way, "none"))
    if "xen" in ways and "hospes" in ways:
        yield "Hospes/Xen", lambda row: part(ratio(row, "hospes", "xen"))
        if "none" in ways:
            yield "share", lambda row: percent(overhead_share(row))
    if "xen" in ways and "hospes" in ways:
        yield "target", target


def cells_align(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        first, *rest = (cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(line, widths)))
        yield "  ".join([first, *rest]).rstrip()


def table_text(title, rows, ways):
    shown = list(columns(ways))
    if not any("target" in row for row in rows):
        shown = [column for column in shown if column[0] != "target"]
    lines = [[name for name, _ in shown]] + [[cell(row) for _, cell in shown] for row in rows]
    return "\n".join([title, "", *cells_align(lines), ""])
