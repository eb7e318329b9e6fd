#pragma once
/* One call of grant_table_op by vCPU v; its elements begin as `args`, which becomes what the call has left. */
#include "three_domains.h"

#define OP(v, op, args, count) call_once(hypercall_grant_table_op, (v), GNTTABOP_##op, &(args), sizeof(args), (count))
