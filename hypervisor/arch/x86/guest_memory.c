/*
 * Copies to and from guest memory through the address space that is loaded.
 *
 * Every access is bounded to addresses below and above the hypervisor's slots, right where it is made; what a range
 * starts with says nothing about where it ends. A fault on the way ends the copy (entry/copy.S) and the guest never
 * sees it.
 */
#include "cpu.h"
#include "raw.h"
#include <hyp/guest.h>

enum status guest_copy_in(struct vcpu *v, void *to, vaddr_t from, size_t bytes)
{
	size_t left;

	(void)v;
	if (!bytes)
		return OK;
	if (!range_is_guest(from, bytes))
		return E_FAULT;
	guest_access_begin();
	left = guest_copy_raw(to, (const void *)from, bytes);
	guest_access_end();
	return left ? E_FAULT : OK;
}

enum status guest_copy_out(struct vcpu *v, vaddr_t to, const void *from, size_t bytes)
{
	size_t left;

	(void)v;
	if (!bytes)
		return OK;
	if (!range_is_guest(to, bytes))
		return E_FAULT;
	guest_access_begin();
	left = guest_copy_raw((void *)to, from, bytes);
	guest_access_end();
	return left ? E_FAULT : OK;
}

enum status guest_clear(struct vcpu *v, vaddr_t to, size_t bytes)
{
	size_t left;

	(void)v;
	if (!bytes)
		return OK;
	if (!range_is_guest(to, bytes))
		return E_FAULT;
	guest_access_begin();
	left = guest_clear_raw((void *)to, bytes);
	guest_access_end();
	return left ? E_FAULT : OK;
}
