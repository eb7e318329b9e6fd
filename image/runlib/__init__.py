"""The parts of ./run, a file each.

options   the command line, as one table
prepare   what must be there before QEMU starts: packages, the build, kernel, root, ISO
command   from options and prepared files to QEMU's command line (pure)
frames    the decoder of what domain 0's reporter sends over the console (pure)
machine   a running QEMU: its console, its end
__main__  puts them together
"""
