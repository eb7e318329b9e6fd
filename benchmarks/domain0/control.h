#pragma once
/* The control calls that the measuring programs make from domain 0. */
#include <stdbool.h>
#include <stdint.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

/* False where there is no hypervisor. What else fails ends the program. */
bool control_open(void);
/* The answers stand until the next call. */
const struct xen_sysctl_physinfo *control_physinfo(void);
const struct xen_domctl_getdomaininfo *control_domain(unsigned int id);
[[gnu::noreturn]] void control_fail(const char *what);
