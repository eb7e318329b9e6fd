/*
 * The two owners that are no domains: the hypervisor's frames that are shown to control domains, and device memory.
 * They are never found by their ids but where a call may name them, and own nothing but references.
 */
#include <hyp/domain.h>
#include <hyp/page_table.h>

static struct domain hypervisor = {.id = DOMID_XEN, .references = 1};
static struct domain io = {.id = DOMID_IO, .references = 1};

struct domain *const domain_hypervisor = &hypervisor;
struct domain *const domain_io = &io;
