#pragma once
/* Between the files of memory_op: one call, and the functions of its table. */
#include <hyp/abi.h>
#include <hyp/types.h>

struct domain;
struct vcpu;

/* A frame list's extent is at most 2 MiB: what is flushed, scrubbed and given back between two looks at the clock. */
#define EXTENT_ORDER_MAX 9u

struct memory_call {
	uint64_t start; /* the extent to begin with; what E_RESTART goes on with */
	vaddr_t arg;
};

/* The result is the guest's: a count, a number, or a negative enum status. */
typedef long memory_function(struct vcpu *v, struct memory_call *call);

memory_function memory_increase_reservation, memory_decrease_reservation, memory_populate_physmap, memory_claim_pages;
memory_function memory_current_reservation, memory_maximum_reservation, memory_maximum_gpfn;
memory_function memory_exchange;
memory_function memory_maximum_ram_page, memory_machphys_mapping, memory_machphys_mfn_list;
memory_function memory_memory_map, memory_set_memory_map, memory_machine_memory_map, memory_reserved_device_memory_map;
memory_function memory_acquire_resource;

/* The domain that v's means by `id`, referenced. E_SRCH: none; E_PERM: another one, and it is no control domain. */
enum status memory_target_find(struct vcpu *v, domid_t id, struct domain **out);
