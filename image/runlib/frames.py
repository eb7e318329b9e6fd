"""The receiving end of image/guest/report.c, which carries a command's status and output over the console.

Console bytes go in, in pieces of any size; out come the lines that are not frames (the log), the questions that want an
answer, and in the end the report. A frame that other text fell into does not match, or its checksum is wrong: it is
missing then, and asked for again.
"""

import base64
import re
import zlib
from dataclasses import dataclass

FRAME = re.compile(rb"~H ([0-9a-f]{8}) ([0-9a-f]{8}) ([A-Za-z0-9+/=]*) ~\r*$")
END = re.compile(rb"~H end ~\r*$")
# What the kernel puts before a line that came through its log.
LOG_STAMP = re.compile(rb"\[ *\d+\.\d+\] ")
SUMMARY = re.compile(rb"status (-?\d+) stdout (\d+) stderr (\d+)")
# Frame size of the sender, and how many ranges fit into one answer's line.
FRAME_BYTES = 600
RANGES_MAX = 20


@dataclass(frozen=True)
class Report:
    status: int
    stdout: bytes
    stderr: bytes


class Receiver:
    def __init__(self):
        self.frames = {}
        self.line = b""

    def feed(self, data, log, ask):
        """Takes console bytes; calls log(line) for each line of the log and ask() for each end mark."""
        *lines, self.line = (self.line + data).split(b"\n")
        for line in lines:
            self._line_take(line, log, ask)

    def flush(self, log):
        """The console has ended: what is left is a line too."""
        if self.line:
            log(self.line + b"\n")
        self.line = b""

    def _line_take(self, line, log, ask):
        frame = FRAME.search(line)
        if frame and self._frame_take(*frame.groups()):
            # Kernel text without a line's end may stand before a frame.
            before = line[:frame.start()]
            if before and not LOG_STAMP.fullmatch(before):
                log(before + b"\n")
        elif END.search(line):
            ask()
        else:
            log(line + b"\n")

    def _frame_take(self, number, crc, text):
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError:
            return False
        if zlib.crc32(number + data) != int(crc, 16):
            return False
        self.frames[int(number, 16)] = data
        return True

    def _summary(self):
        return SUMMARY.fullmatch(self.frames.get(0, b""))

    def missing(self):
        """The numbers of the frames that have not come."""
        summary = self._summary()
        if not summary:
            return [0]
        size = int(summary[2]) + int(summary[3])
        count = 1 + -(-size // FRAME_BYTES)
        return [number for number in range(count) if number not in self.frames]

    def answer(self):
        """The line that the sender waits for after its end mark."""
        missing = self.missing()
        if not missing:
            return b"ok\n"
        ranges = []
        for number in missing:
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1][1] = number
            else:
                ranges.append([number, number])
        return b"resend " + b" ".join(b"%d-%d" % tuple(part) for part in ranges[:RANGES_MAX]) + b"\n"

    def report(self):
        """The report, or None while it is not whole."""
        if self.missing():
            return None
        summary = self._summary()
        data = b"".join(self.frames[number] for number in range(1, len(self.frames)))
        out_bytes = int(summary[2])
        return Report(int(summary[1]), data[:out_bytes], data[out_bytes:])
