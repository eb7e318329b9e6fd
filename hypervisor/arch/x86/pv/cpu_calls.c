/*
 * Hypercalls that set up a vCPU's entries and modes: trap table, callbacks, kernel stack, FPU trap, assists.
 * Addresses are checked when they are registered, so that a bounce never jumps to one that the CPU refuses.
 */
#include "pv.h"
#include "../ops.h"
#include "../switch.h"
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/string.h>

/* A list that ends with address 0; NULL clears the whole table. Restartable: the list pointer advances. */
long hypercall_set_trap_table(struct vcpu *v, struct hypercall *call)
{
	vaddr_t list = call->arg[0];

	fast_path_changed(v);
	if (!list) {
		memset(v->arch.traps, 0, 256 * sizeof(*v->arch.traps));
		return OK;
	}
	for (;; list += sizeof(struct trap_info)) {
		struct trap_info t;

		if (guest_copy_in(v, &t, list, sizeof(t)) != OK)
			return E_FAULT;
		if (!t.address)
			return OK;
		if (!address_is_canonical(t.address))
			return E_INVAL;
		v->arch.traps[t.vector] = t;
		if (arch_preempt_due()) {
			call->arg[0] = list + sizeof(t);
			return E_RESTART;
		}
	}
}

static struct pv_callback *callback_find(struct vcpu *v, uint16_t type)
{
	switch (type) {
	case CALLBACKTYPE_event:
		return &v->arch.event;
	case CALLBACKTYPE_failsafe:
		return &v->arch.failsafe;
	case CALLBACKTYPE_syscall:
		return &v->arch.syscall;
	case CALLBACKTYPE_syscall32:
		return &v->arch.syscall32;
	case CALLBACKTYPE_sysenter:
		return &v->arch.sysenter;
	default:
		return NULL;
	}
}

/* The old form of the NMI callback is an entry of the trap table. */
static enum status nmi_register(struct vcpu *v, uint64_t address)
{
	if (v->id)
		return E_INVAL;
	v->arch.traps[2] = (struct trap_info){.vector = 2, .flags = 4, .cs = FLAT_KERNEL_CS, .address = address};
	return OK;
}

static long callback_register(struct vcpu *v, vaddr_t from)
{
	struct callback_register r;
	struct pv_callback *callback;

	if (guest_copy_in(v, &r, from, sizeof(r)) != OK)
		return E_FAULT;
	if (!address_is_canonical(r.address))
		return E_INVAL;
	if (r.type == CALLBACKTYPE_nmi)
		return nmi_register(v, r.address);
	callback = callback_find(v, r.type);
	if (!callback)
		return r.type <= CALLBACKTYPE_syscall32 ? E_INVAL : E_NOSYS;
	*callback = (struct pv_callback){r.address, r.flags & CALLBACKF_mask_events};
	fast_path_changed(v);
	return OK;
}

static long callback_unregister(struct vcpu *v, vaddr_t from)
{
	struct callback_unregister r;

	if (guest_copy_in(v, &r, from, sizeof(r)) != OK)
		return E_FAULT;
	if (r.type == CALLBACKTYPE_nmi)
		return nmi_register(v, 0);
	/* Entries once registered are exchanged, not taken away. */
	return r.type <= CALLBACKTYPE_syscall32 ? E_INVAL : E_NOSYS;
}

long hypercall_callback_op(struct vcpu *v, struct hypercall *call)
{
	switch ((uint32_t)call->arg[0]) {
	case CALLBACKOP_register:
		return callback_register(v, call->arg[1]);
	case CALLBACKOP_unregister:
		return callback_unregister(v, call->arg[1]);
	default:
		return E_NOSYS;
	}
}

/* The older interface: event, failsafe and system call at once. */
long hypercall_set_callbacks(struct vcpu *v, struct hypercall *call)
{
	for (unsigned int i = 0; i < 3; i++)
		if (!address_is_canonical(call->arg[i]))
			return E_INVAL;
	v->arch.event = (struct pv_callback){call->arg[0], true};
	v->arch.failsafe = (struct pv_callback){call->arg[1], false};
	v->arch.syscall = (struct pv_callback){call->arg[2], false};
	fast_path_changed(v);
	return OK;
}

long hypercall_nmi_op(struct vcpu *v, struct hypercall *call)
{
	struct xennmi_callback nmi;

	switch ((uint32_t)call->arg[0]) {
	case XENNMI_register_callback:
		if (guest_copy_in(v, &nmi, call->arg[1], sizeof(nmi)) != OK)
			return E_FAULT;
		return address_is_canonical(nmi.handler_address) ? nmi_register(v, nmi.handler_address) : E_INVAL;
	case XENNMI_unregister_callback:
		return nmi_register(v, 0);
	default:
		return E_NOSYS;
	}
}

long hypercall_stack_switch(struct vcpu *v, struct hypercall *call)
{
	v->arch.kernel_stack.ss = call->arg[0] | 3;
	v->arch.kernel_stack.sp = call->arg[1];
	fast_path_stack_changed(v);
	return OK;
}

long hypercall_fpu_taskswitch(struct vcpu *v, struct hypercall *call)
{
	v->arch.task_switched = call->arg[0];
	vcpu_load_control(this_cpu(), v);
	return OK;
}

long hypercall_vm_assist(struct vcpu *v, struct hypercall *call)
{
	uint32_t type = (uint32_t)call->arg[1];

	if (type >= 64 || !(VM_ASSIST_KNOWN & BIT(type)))
		return E_INVAL;
	switch ((uint32_t)call->arg[0]) {
	case VMASST_CMD_enable:
		(void)__atomic_fetch_or(&v->domain->vm_assist, BIT(type), __ATOMIC_SEQ_CST);
		break;
	case VMASST_CMD_disable:
		(void)__atomic_fetch_and(&v->domain->vm_assist, ~BIT(type), __ATOMIC_SEQ_CST);
		break;
	default:
		return E_NOSYS;
	}
	if (type == VMASST_TYPE_architectural_iopl)
		fast_path_domain_changed(v->domain);
	return OK;
}
