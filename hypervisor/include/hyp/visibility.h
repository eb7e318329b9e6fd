#pragma once
/* Included before everything on the machine: all symbols are ours, so no access goes through a table of addresses. */
#pragma GCC visibility push(hidden)
