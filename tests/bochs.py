"""Debian's Bochs: an emulator whose processors are stricter than QEMU's, and have SMAP, PCID and AVX-512 without its errors.

It has no loader of kernels: it starts from a CD. It comes with one display that needs no X, and that wants a terminal and cannot
show graphics: the machine has none. The machine's console goes to a file, which is followed. The debugger that Debian builds into
it waits for a first command.
"""

import os
import shutil


def bochs_available():
    return shutil.which("bochs") and shutil.which("grub-mkrescue")


def bochs_command(scratch, iso, model="corei7_skylake_x", cpus=1, memory=192):
    """A command whose standard output is the console of a machine with that CD; its files lie in `scratch`."""
    with open(f"{scratch}/bochsrc", "w", encoding="utf-8") as config:
        config.write(f"""cpu: model={model}, count={cpus}, ips=200000000, reset_on_triple_fault=0
memory: guest={memory}, host={memory}
romimage: file=$BXSHARE/BIOS-bochs-latest
vgaromimage: file=$BXSHARE/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={scratch}/serial
display_library: term
vga: extension=none
log: {scratch}/log
panic: action=fatal
""")
    with open(f"{scratch}/debugger", "w", encoding="utf-8") as commands:
        commands.write("c\n")
    # The display is a terminal that Bochs makes, and names: somebody has to read it, or Bochs waits.
    with open(f"{scratch}/machine", "w", encoding="utf-8") as script:
        script.write(f"""cd {scratch}
: >serial; : >said
tail -c +1 -s 0.1 -f --pid $$ serial &
{{
	until terminal=$(grep -a -o '/dev/pts/[0-9]*' said); do sleep 0.1; done
	exec cat "$terminal" >/dev/null 2>&1
}} &
TERM=xterm exec script -qfc "bochs -q -f bochsrc -rc debugger" /dev/null >said 2>&1
""")
    return ["sh", f"{scratch}/machine"]
