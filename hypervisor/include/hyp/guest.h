#pragma once
/*
 * Guest memory is never dereferenced: it is copied, once each way.
 *
 * Addresses are virtual, in the address space that is loaded now (the guest kernel's). Each slot is checked at the
 * place that is accessed (never into the hypervisor's range), a missing or read-only page gives E_FAULT and the
 * guest sees no exception. On E_FAULT part of the data may have been copied.
 */
#include <hyp/types.h>

struct vcpu;

enum status guest_copy_in(struct vcpu *v, void *to, vaddr_t from, size_t bytes);
enum status guest_copy_out(struct vcpu *v, vaddr_t to, const void *from, size_t bytes);
enum status guest_clear(struct vcpu *v, vaddr_t to, size_t bytes);

/* The address in a XEN_GUEST_HANDLE of the ABI, and of its element i. */
#define handle_address(handle) ((vaddr_t)(uintptr_t)(handle).p)
#define handle_slot(handle, i) (handle_address(handle) + (uint64_t)(i) * sizeof(*(handle).p))
