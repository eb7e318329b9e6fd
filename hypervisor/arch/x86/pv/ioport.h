#pragma once
/* The guest's I/O privilege level; ports themselves are in pv.h and io_permissions.h. */
#include "pv.h"

/* What runs now (kernel or program) has the privilege that CLI and ports ask for. The guest's kernel counts as level 1,
   or as 0 if it asked for that. */
static inline bool pv_iopl_permits(const struct vcpu *v)
{
	unsigned int kernel_level = v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl) ? 0 : 1;

	return v->arch.iopl >= (v->arch.in_kernel ? kernel_level : 3);
}
