#!/usr/bin/env python3
"""Writes the seeds of the boot parsers' fuzzers: one well-formed input per form that each parser knows.

Usage: tests/fuzz/boot_corpus.py, from the top of the tree; files go to tests/fuzz/corpus/.
"""
import os
import random
import struct

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def write(fuzzer, name, data):
    os.makedirs(os.path.join(TOP, fuzzer), exist_ok=True)
    with open(os.path.join(TOP, fuzzer, name), "wb") as f:
        f.write(data)


def align(data, n):
    return data + bytes(-len(data) % n)


# ---- multiboot ----

E820 = [(0, 0x9FC00, 1), (0x9FC00, 0x400, 2), (0xF0000, 0x10000, 2), (0x100000, 0x3FEE0000, 1),
        (0x3FFE0000, 0x20000, 3), (0xFFFC0000, 0x40000, 2)]


def multiboot1():
    info = bytearray(120)
    texts = b"/boot/hospes console=com1 dom0_mem=512M\0" + b"root=/dev/vda\0" + b"GRUB 2.06\0"
    texts_at = 120
    modules_at = texts_at + len(align(texts, 16))
    map_at = modules_at + 32
    modules = struct.pack("<4I", 0x200000, 0x300000, texts_at + 40, 0) + struct.pack("<4I", 0x300000, 0x380000, 0, 0)
    e820 = b"".join(struct.pack("<IQQI", 20, *e) for e in E820)
    vbe_at = map_at + len(e820)
    mode = bytearray(256)
    struct.pack_into("<H", mode, 0, 0x9B)
    struct.pack_into("<HHH", mode, 16, 4096, 1024, 768)
    mode[25] = 32
    mode[31:39] = bytes([8, 16, 8, 8, 8, 0, 8, 24])
    struct.pack_into("<I", mode, 40, 0xFD000000)
    struct.pack_into("<I", info, 0, 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9 | 1 << 11 | 1 << 12)
    struct.pack_into("<I", info, 16, texts_at)
    struct.pack_into("<II", info, 20, 2, modules_at)
    struct.pack_into("<II", info, 44, len(e820), map_at)
    struct.pack_into("<I", info, 64, texts_at + 54)
    struct.pack_into("<II", info, 72, vbe_at, vbe_at + 512)
    struct.pack_into("<QIIIBB6B", info, 88, 0xB8000, 160, 80, 25, 16, 2, 0, 0, 0, 0, 0, 0)
    return bytes(info) + align(texts, 16) + modules + e820 + bytes(512) + bytes(mode)


def tag(kind, data):
    return align(struct.pack("<II", kind, 8 + len(data)) + data, 8)


def multiboot2(efi):
    tags = [tag(1, b"console=com1,vga loglvl=all\0"), tag(2, b"GRUB 2.06\0"),
            tag(3, struct.pack("<II", 0x200000, 0x300000) + b"placeholder root=/dev/vda ro\0"),
            tag(3, struct.pack("<II", 0x300000, 0x380000) + b"\0"),
            tag(8, struct.pack("<QIIIBBH6B", 0xFD000000, 4096, 1024, 768, 32, 1, 0, 16, 8, 8, 8, 0, 8)),
            tag(7, bytes(8 + 512 + 256)), tag(4, struct.pack("<II", 640, 1 << 20)),
            tag(14, b"RSD PTR " + bytes(12)), tag(15, b"RSD PTR " + bytes(28))]
    if efi:
        def d(kind, start, pages):
            return struct.pack("<IIQQQQQ", kind, 0, start, 0, pages, 0xF, 0)
        descriptors = [d(7, 0, 0x9F), d(3, 0x100000, 0x100), d(1, 0x200000, 0x3000), d(9, 0x3200000, 16),
                       d(10, 0x3210000, 16), d(0, 0x3220000, 16), d(8, 0x3230000, 1), d(11, 0xFED00000, 1)]
        tags += [tag(12, struct.pack("<Q", 0x3F000000)), tag(20, struct.pack("<Q", 0x3F000100)), tag(18, b""),
                 tag(17, struct.pack("<II", 48, 1) + b"".join(descriptors))]
    else:
        tags.append(tag(6, struct.pack("<II", 24, 0) + b"".join(struct.pack("<QQII", *e, 0) for e in E820)))
    body = b"".join(tags) + tag(0, b"")
    return struct.pack("<II", 8 + len(body), 0) + body


# ---- ELF ----

def note(kind, value):
    return struct.pack("<III4s", 4, len(value), kind, b"Xen\0") + align(value, 4)


def linux_notes():
    q = lambda v: struct.pack("<Q", v)
    return b"".join([
        note(6, b"linux\0"), note(7, b"2.6\0"), note(5, b"xen-3.0\0"), note(3, q(0xFFFFFFFF80000000)),
        note(15, q(0x8000000000)), note(1, q(0xFFFFFFFF81000100)),
        note(10, b"!writable_page_tables|pae_pgdir_above_4gb"), note(17, struct.pack("<I", 0x8801)),
        note(9, b"yes\0"), note(8, b"generic\0"), note(13, struct.pack("<QQ", 1, 1)), note(14, struct.pack("<I", 1)),
        note(16, struct.pack("<I", 1)), note(12, q(0xFFFF800000000000)), note(4, q(0)),
        note(18, struct.pack("<I", 0x1000850))])


def elf(notes, sections, zeros_at=None):
    """zeros_at: the second segment has no bytes in the file, and this for its place there."""
    loads = [(0x400, 64, 0x2000, 0x1000000, 0xFFFFFFFF81000000), (0x440, 32, 0x1000, 0x1003000, 0)]
    if zeros_at is not None:
        loads[1] = (zeros_at, 0, 0x1000, 0x1003000, 0)
    notes_at = 0x460
    names = b"\0.text\0.notes\0.shstrtab\0__xen_guest\0"
    names_at = notes_at + len(notes)
    sections_at = len(align(bytes(names_at + len(names)), 8))
    programs = b"".join(struct.pack("<IIQQQQQQ", 1, 5, o, v, p, f, m, 0x1000) for o, f, m, p, v in loads)
    programs += struct.pack("<IIQQQQQQ", 4, 4, notes_at, 0, 0, len(notes), len(notes), 4)
    header = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x1000000, 64, sections_at if sections else 0, 0, 64, 56, 3, 64,
                          4 if sections else 0, 3 if sections else 0)
    data = bytearray(align(header + programs, 0x400)) + bytes(64 + 32) + notes + names
    if not sections:
        return bytes(data)

    def section(name, kind, at, count):
        return struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, at, count, 0, 0, 4, 0)
    return align(bytes(data), 8) + bytes(64) + section(1, 1, 0x400, 64) + section(7, 7, notes_at, len(notes)) + \
        section(14, 3, names_at, len(names))


# ---- ACPI ----

ROM = 0xE0000


def table(signature, body):
    t = bytearray(signature + struct.pack("<IBB", 36 + len(body), 1, 0) + b"HOSPESTABLES" + bytes(4) + b"TEST" +
                  bytes(4) + body)
    t[9] = -sum(t) & 0xFF
    return bytes(t)


def generic(space, bits, address):
    return struct.pack("<BBBBQ", space, bits, 0, 0, address)


def acpi(new):
    madt = table(b"APIC", struct.pack("<II", 0xFEE00000, 1) + bytes([0, 8, 0, 0, 1, 0, 0, 0]) +
                 bytes([0, 8, 1, 1, 1, 0, 0, 0]) + struct.pack("<BBBBII", 1, 12, 0, 0, 0xFEC00000, 0) +
                 struct.pack("<BBBBIH", 2, 10, 0, 0, 2, 0) + struct.pack("<BBBBIH", 2, 10, 0, 9, 9, 13) +
                 struct.pack("<BBHI", 3, 8, 5, 23) + struct.pack("<BBBHB", 4, 6, 255, 0, 1) +
                 struct.pack("<BBHQ", 5, 12, 0, 0xFEE00000) + struct.pack("<BBHIII", 9, 16, 0, 300, 1, 2) +
                 struct.pack("<BBHIBBBB", 10, 12, 0, 2, 1, 0, 0, 0))
    fadt = bytearray(276 - 36)
    struct.pack_into("<H", fadt, 46 - 36, 9)
    struct.pack_into("<I", fadt, 48 - 36, 0xB2)
    struct.pack_into("<6I", fadt, 56 - 36, 0x600, 0, 0x604, 0, 0, 0x608)
    fadt[88 - 36:92 - 36] = bytes([4, 2, 0, 4])
    struct.pack_into("<I", fadt, 112 - 36, 1 << 10)
    fadt[116 - 36:128 - 36] = generic(1, 8, 0xCF9)
    fadt[128 - 36] = 0xF
    fadt[208 - 36:220 - 36] = generic(1, 32, 0x608)
    hpet = table(b"HPET", struct.pack("<I", 0x8086A201) + generic(0, 64, 0xFED00000) + bytes(4))
    mcfg = table(b"MCFG", bytes(8) + struct.pack("<QHBBI", 0xB0000000, 0, 0, 255, 0))
    tables, at = [], 64
    for t in [madt, table(b"FACP", bytes(fadt) if new else bytes(fadt[:116 - 36])), hpet, mcfg]:
        tables.append((at, t))
        at = at + len(align(t, 16))
    root = table(b"XSDT" if new else b"RSDT",
                 b"".join(struct.pack("<Q" if new else "<I", ROM + a) for a, _ in tables))
    rsdp = bytearray(b"RSD PTR " + bytes(7) + bytes([2 if new else 0]) + struct.pack("<I", 0 if new else ROM + at))
    rsdp[8] = -sum(rsdp) & 0xFF
    if new:
        rsdp += struct.pack("<IQ", 36, ROM + at) + bytes(4)
        rsdp[32] = -sum(rsdp) & 0xFF
    rom = bytearray(align(bytes(rsdp), 64)) + b"".join(align(t, 16) for _, t in tables) + root
    return bytes(rom)


CMDLINES = {
    "debian": "placeholder no-real-mode edd=off",
    "usual": "/boot/hospes console=com1,vga com1=115200,8n1,0x3f8,4 dom0_mem=512M,min:256M,max:1G loglvl=all "
             "guest_loglvl=warning/all dom0_max_vcpus=1-4 dom0_vcpus_pin -- quiet root=/dev/vda",
    "cpus": "x maxcpus=4 nosmp x2apic=off no-smep smap=1 no-pcid xsave cpuid=no-avx,sse4_2 cpuid_mask_ecx=0xffff "
            "cpuid_mask_cpu=fam_10_rev_c tsc=stable:socket clocksource=hpet noapic",
    "rest": "x sched=credit noreboot conring_size=64k console_timestamps=boot watchdog=force mem=4G "
            "com2=auto,,,",
    "wrong": "x mem=12x console=com9 dom0_mem=min: com1=,, tsc= unknown=1 no-console no-mem loglvl=loud "
             "dom0_max_vcpus=4-1",
}


def main():
    write("multiboot", "one", b"\1" + multiboot1())
    write("multiboot", "two_bios", b"\0" + multiboot2(False))
    write("multiboot", "two_efi", b"\0" + multiboot2(True))
    write("elf", "linux", elf(linux_notes(), True))
    write("elf", "linux_without_sections", elf(linux_notes(), False))
    write("elf", "no_xen_notes", elf(b"", True))
    write("elf", "regress_zeros_outside_the_file", elf(linux_notes(), True, 0xFFFFFFFFFFFFFFF0))
    write("acpi", "xsdt", b"\0" + acpi(True))
    write("acpi", "rsdt", b"\0" + acpi(False))
    for name, text in CMDLINES.items():
        write("cmdline", name, text.encode())
    random.seed(1)
    write("memmap", "ram_and_reserved", bytes([0, 0, 0, 255, 2, 16, 0, 4, 3, 18, 0, 4, 0x60, 32, 0, 1, 0x50, 0, 9, 8]))
    write("memmap", "overlaps", bytes(random.randrange(256) for _ in range(400)))
    write("memmap", "runs_over", b"".join(bytes([i % 2 * 2, i * 2 & 255, i * 2 >> 8 & 15, 1]) for i in range(1400)))
    write("memmap", "absurd", b"\xff" + b"".join(struct.pack("<BQQ", 1 + i % 5, i << 60, (1 << 64) - 1)
                                                 for i in range(8)))


main()
