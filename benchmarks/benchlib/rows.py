"""What the measuring programs print, and rows put side by side. Pure.

A row is a dictionary: name, unit, and for each way that was measured its values: median, least, most. Less is better in every row.
"""

import re

ROW = re.compile(r"ROW (?P<name>[^|]+)\|(?P<median>\d+)\|(?P<least>\d+)\|(?P<most>\d+)")
CALIBRATION = re.compile(r"CALIBRATION (\d+)")
# What a thousand instructions are when the counter counts instructions; a few more may lie between its readings.
CALIBRATION_ICOUNT = range(1000, 1010)


def values_median(taken):
    """Of several measurements of one row: the median of the medians, the least and the most of all."""
    return {"median": sorted(values["median"] for values in taken)[len(taken) // 2],
            "least": min(values["least"] for values in taken),
            "most": max(values["most"] for values in taken)}


def rows_read(text):
    """Name to values, in the order of printing. A row that is printed several times was measured several times."""
    taken = {}
    for match in ROW.finditer(text):
        taken.setdefault(match["name"], []).append({key: int(match[key]) for key in ("median", "least", "most")})
    return {name: values_median(values) for name, values in taken.items()}


def counts_instructions(text):
    """Whether what was printed is of a machine whose counter counts instructions."""
    match = CALIBRATION.search(text)
    return bool(match) and int(match[1]) in CALIBRATION_ICOUNT


def rows_filter(rows, words):
    """Those whose name contains one of the words; all, when there are no words."""
    return {name: values for name, values in rows.items() if not words or any(word in name for word in words)}


def rows_refused(rows, words):
    """Why there is nothing to tell; None when there is."""
    return None if rows else f"no row's name contains {' or '.join(words)}" if words else "nothing was measured"


def rows_median(rounds):
    """Of several measurements of the same rows, one of each."""
    return {name: values_median([rows[name] for rows in rounds])
            for name in rounds[0] if all(name in rows for rows in rounds)}


def rounds_run(options, ways, measure, nested=False):
    """Measures the ways in turn, as many rounds as are wanted: way -> rows, or, nested, way -> place -> rows."""
    taken = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way in ways:
            taken[way].append(measure(options, way))
    if nested:
        return {way: {place: rows_median([one[place] for one in rounds]) for place in rounds[0]}
                for way, rounds in taken.items()}
    return {way: rows_median(rounds) for way, rounds in taken.items()}


def rows_differ(first, second, part):
    """The rows of two results of the same table whose medians differ by more than a part: name, way and both."""
    by_name = {(row.get("place"), row["name"]): row for row in second}
    for row in first:
        other = by_name.get((row.get("place"), row["name"]), {})
        for way, values in row.items():
            if isinstance(values, dict):
                one, two = values["median"], other.get(way, {}).get("median")
                if two is None or abs(one - two) > part * max(abs(one), abs(two)):
                    yield row["name"], way, one, two


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
    """Ours, as a part of what Xen adds to the native figure, of all that it costs where there is no native figure; none where Xen
    adds next to nothing."""
    native, xen, ours = median(row, "none") or 0, median(row, "xen"), median(row, "hospes")
    if None in (xen, ours) or xen - native < max(1, native // 50):
        return None
    return (ours - native) / (xen - native)
