"""A running QEMU.

With --exec its console is read through pipes, the report is taken out of it and the rest logged; a QMP socket tells
how the machine ended, which its exit status does not. Without --exec the console is the caller's terminal.
"""

import ctypes
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

from .frames import Receiver

STATUS_RESET, STATUS_OFF, STATUS_QEMU, STATUS_TIMEOUT = 121, 122, 123, 124
TAIL_LINES = 12
# What firmware and boot loaders send to move the cursor.
TERMINAL_CODES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f]")
# A kernel that cannot power off (Debian's cloud kernel as domain 0: it is built without the code) halts instead; so does the
# machine when domain 0 has ended in a way that powers nothing off. Only they say so at a line's start: what a guest says is
# passed on behind a mark, and what is printed of its console stands behind other words.
HALTED = re.compile(rb"^\s*(\[ *\d+\.\d+\] )?reboot: System halted|^\s*\((XEN|HOSPES)\).*Hardware Dom0 halted: halting machine")
PR_SET_PDEATHSIG = 1
# Those of the monitor's lines on a CPU that say where it is.
REGISTERS = re.compile(r"[RE][A-Z0-9]{1,2} *=|[CS]S *=|CR0=")
STACK_POINTER = re.compile(r"[RE]SP=([0-9a-f]+)")
STACK_WORDS = 64
MONITOR_SECONDS = 5
# The keys that switch the console's input, and the debug keys, of both hypervisors.
TO_HYPERVISOR, STATE_KEYS, STATE_SECONDS = b"\x01\x01\x01", b"draqe", 3


def end_with_parent():
    """In the child: QEMU must not outlive ./run, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def say(text):
    print(f"run: {text}", file=sys.stderr, flush=True)


class Qmp:
    """Listens to QEMU's control socket for the reason of the shutdown, and asks its monitor."""

    def __init__(self, path):
        self.path, self.socket, self.text, self.reason, self.answer = path, None, b"", None, None

    def connect(self):
        """QEMU makes the socket shortly after its start."""
        try:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(self.path)
            self.socket.sendall(b'{"execute": "qmp_capabilities"}\n')
        except OSError:
            self.socket = None

    def read(self):
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.socket.close()
            self.socket = None
            return
        *lines, self.text = (self.text + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message.get("event") == "SHUTDOWN":
                self.reason = message["data"]["reason"]
            elif isinstance(message.get("return"), str):
                self.answer = message["return"]

    def monitor(self, line, cpu=0):
        """What QEMU's monitor prints for this line; nothing if it does not answer."""
        if not self.socket:
            return ""
        self.answer = None
        arguments = {"command-line": line, "cpu-index": cpu}
        try:
            self.socket.settimeout(MONITOR_SECONDS)
            self.socket.sendall(json.dumps({"execute": "human-monitor-command", "arguments": arguments}).encode() + b"\n")
            while self.socket and self.answer is None:
                self.read()
        except OSError:
            pass
        return self.answer or ""


class Log:
    """The console's log: to a file or standard error; remembers the last lines for messages."""

    def __init__(self, name):
        self.name = name
        self.file = open(name, "wb") if name else sys.stderr.buffer
        self.tail = []

    def note(self, text):
        """For the file alone."""
        self.file.write(text)
        self.file.flush()

    def line(self, line):
        self.note(line)
        if line.strip():
            self.tail = [*self.tail, line][-TAIL_LINES:]

    def where(self):
        return f"the console's log is {self.name}" if self.name else "the console's log is above"

    def explain(self, text):
        """Says what went wrong, with the end of a log that is not on the screen already."""
        say(f"{text}; {self.where()}")
        if self.name and self.tail:
            say("its last lines:")
            for line in self.tail:
                print("  " + TERMINAL_CODES.sub(b"", line).decode(errors="replace").rstrip(), file=sys.stderr)


class Execution:
    """One run of --exec, from QEMU's start to the status to exit with."""

    def __init__(self, options, command, qmp_socket):
        self.options = options
        self.log = Log(options.log)
        self.receiver = Receiver()
        self.qmp = Qmp(qmp_socket)
        self.timed_out = False
        self.halted = False
        self.qemu = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     preexec_fn=end_with_parent)

    def answer(self):
        """The reporter has sent everything it has. A machine with deterministic time takes no input."""
        if self.options.icount:
            return
        try:
            self.qemu.stdin.write(self.receiver.answer())
            self.qemu.stdin.flush()
        except OSError:
            pass  # QEMU has ended; that is noticed where its output ends.

    def log_line(self, line):
        self.log.line(line)
        if HALTED.search(line):
            self.halted = True
            self.qemu.terminate()

    def console_read(self):
        data = os.read(self.qemu.stdout.fileno(), 65536)
        self.receiver.feed(data, self.log_line, self.answer)
        return bool(data)

    def log_registers(self):
        """Where each CPU is, twice: does it stand, or go round? So that a machine that hangs once can be understood."""
        for _ in range(2):
            for cpu in range(self.options.cpus):
                registers = self.qmp.monitor("info registers", cpu)
                stack = STACK_POINTER.search(registers)
                lines = [f"CPU {cpu} when the time had run out:", *filter(REGISTERS.match, registers.splitlines())]
                if stack:
                    lines += ["Its stack:", *self.qmp.monitor(f"x /{STACK_WORDS}gx 0x{stack[1]}", cpu).splitlines()]
                self.log.note(("\n".join(lines) + "\n").encode())

    def log_state(self):
        """What the hypervisor says of itself, if it still answers: CPUs' registers, queues, timers, domains, event channels."""
        if self.options.icount or self.options.hypervisor == "none":
            return
        deadline = time.monotonic() + STATE_SECONDS
        try:
            self.qemu.stdin.write(TO_HYPERVISOR + STATE_KEYS)
            self.qemu.stdin.flush()
        except OSError:
            return
        while select.select([self.qemu.stdout], [], [], max(deadline - time.monotonic(), 0))[0] and self.console_read():
            pass

    def watch(self):
        """Reads until QEMU's console ends or the time has run out."""
        deadline = time.monotonic() + self.options.timeout
        sources = {self.qemu.stdout, self.qemu.stderr}
        while self.qemu.stdout in sources:
            left = deadline - time.monotonic()
            if left <= 0:
                self.timed_out = True
                self.log_registers()
                self.log_state()
                self.qemu.kill()
                break
            if not self.qmp.socket and self.qmp.reason is None:
                self.qmp.connect()
            listened = sources | ({self.qmp.socket} if self.qmp.socket else set())
            ready, _, _ = select.select(listened, [], [], min(left, 1))
            if self.qmp.socket in ready:
                self.qmp.read()
            if self.qemu.stdout in ready and not self.console_read():
                sources.discard(self.qemu.stdout)
            if self.qemu.stderr in ready:
                data = os.read(self.qemu.stderr.fileno(), 65536)
                if not data:
                    sources.discard(self.qemu.stderr)
                self.log.line(data)
        self.receiver.flush(self.log_line)
        self.qemu.wait()
        if self.qmp.socket:
            self.qmp.read()

    def status(self):
        """What ./run exits with, said where it is not the command's own."""
        report = self.receiver.report()
        if report:
            sys.stdout.buffer.write(report.stdout)
            sys.stdout.flush()
            sys.stderr.buffer.write(report.stderr)
            sys.stderr.flush()
        if self.timed_out:
            what = "the command has ended, but the machine has not" if report else "the command has not ended"
            self.log.explain(f"{what} after {self.options.timeout} seconds")
            return STATUS_TIMEOUT
        if self.qemu.returncode:
            self.log.explain(f"QEMU ended with status {self.qemu.returncode}")
            return STATUS_QEMU
        if self.qmp.reason == "guest-reset":
            self.log.explain("the machine was reset" + ("" if not report else " instead of powered off"))
            return STATUS_RESET
        if not report:
            end = "halted" if self.halted else "was powered off"
            self.log.explain(f"the machine {end} before the command's end was reported")
            return STATUS_OFF
        return report.status


def machine_execute(options, command, qmp_socket):
    execution = Execution(options, command, qmp_socket)
    try:
        execution.watch()
        return execution.status()
    finally:
        execution.qemu.kill()


def machine_interact(options, command):
    """The caller's terminal is the console; QEMU puts it into raw mode and back."""
    say("Ctrl-] x ends the machine, Ctrl-] h shows QEMU's other keys; Ctrl-A three times switches the console's input "
        "between domain 0 and the hypervisor")
    if options.gdb:
        say("QEMU waits for: gdb -ex 'target remote :1234'")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    qemu = subprocess.Popen(command, preexec_fn=end_with_parent)
    try:
        return qemu.wait(options.timeout)
    except subprocess.TimeoutExpired:
        qemu.terminate()
        qemu.wait()
        say(f"the machine was ended after {options.timeout} seconds")
        return STATUS_TIMEOUT
