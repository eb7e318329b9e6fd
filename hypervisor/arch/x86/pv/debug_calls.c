/*
 * set_debugreg (8) and get_debugreg (9): a guest's debug registers by hypercall. The rules are debug_registers.c's; the
 * instructions MOV to and from them obey the same (privileged.c). See docs/hypercalls/debugreg.md.
 */
#include "debug_calls.h"
#include "debug_registers.h"
#include "../ops.h"
#include "../switch.h"
#include <hyp/hypercall.h>

enum status pv_debug_set(struct vcpu *v, unsigned int index, uint64_t value)
{
	enum status s = debug_register_set(v->arch.debug, index, value, v->arch.cr4 & CR4_DE);

	if (s == OK)
		vcpu_load_debug(this_cpu(), v);
	return s;
}

enum status pv_debug_get(const struct vcpu *v, unsigned int index, uint64_t *value)
{
	return debug_register_get(v->arch.debug, index, v->arch.cr4 & CR4_DE, value);
}

long hypercall_set_debugreg(struct vcpu *v, struct hypercall *call)
{
	return pv_debug_set(v, (unsigned int)call->arg[0], call->arg[1]);
}

/* The value is the result. */
long hypercall_get_debugreg(struct vcpu *v, struct hypercall *call)
{
	uint64_t value;
	enum status s = pv_debug_get(v, (unsigned int)call->arg[0], &value);

	call->gives_value = s == OK;
	return s ? s : (long)value;
}
