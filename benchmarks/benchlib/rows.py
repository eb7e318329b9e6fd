"""What the measuring programs print, and rows put side by side. Pure.

A row is a dictionary: name, unit, and for each way that was measured its values: median, least, most. Less is better in every row.
"""

import re

ROW = re.compile(r"ROW (?P<name>[^|]+)\|(?P<median>\d+)\|(?P<least>\d+)\|(?P<most>\d+)")
CALIBRATION = re.compile(r"CALIBRATION (\d+)")
# What a thousand instructions are when the counter counts instructions; a few more may lie between its readings.
CALIBRATION_ICOUNT = range(1000, 1010)


def rows_read(text):
    """Name to values, in the order of printing."""
    return {match["name"]: {key: int(match[key]) for key in ("median", "least", "most")} for match in ROW.finditer(text)}


def counts_instructions(text):
    """Whether what was printed is of a machine whose counter counts instructions."""
    match = CALIBRATION.search(text)
    return bool(match) and int(match[1]) in CALIBRATION_ICOUNT


def rows_merge(by_way, unit):
    """From way -> name -> values to rows; a row is there when some way has it."""
    names = dict.fromkeys(name for values in by_way.values() for name in values)
    return [{"name": name, "unit": unit, **{way: values[name] for way, values in by_way.items() if name in values}}
            for name in names]


def median(row, way):
    return row[way]["median"] if way in row else None


def ratio(row, way, base):
    above, below = median(row, way), median(row, base)
    return above / below if above is not None and below else None


def overhead_share(row):
    """Ours, as a part of what Xen adds to the native figure; none where Xen adds next to nothing."""
    native, xen, ours = (median(row, way) for way in ("none", "xen", "hospes"))
    if None in (native, xen, ours) or xen - native < max(1, native // 50):
        return None
    return (ours - native) / (xen - native)
