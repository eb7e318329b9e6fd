"""The parts of ./bench, a file each.

options     the command line
machine     runs something on the machine: natively, on Xen, on Hospes
rows        what programs print about a row, and rows put side by side (pure)
table       rows as text (pure)
record      versions, JSON, the results that are kept
guest       guests beside domain 0
targets     what is aimed at, row by row (pure)
boot, domains, hypercall, io, micro, profile    the tables, a file each
__main__    puts them together
"""
