#pragma once
/*
 * The fake machine behind the control interface, as tests see it: one saved state, whoever's vCPU it is, and
 * what may be used of devices. Each function that a domain must be stopped for stops the test if it is not.
 */
#include <hyp/control.h>
#include <hyp/types.h>

/* The next context set or reset: how often it asks to be called again, and what it answers then. */
extern unsigned int fake_context_restarts;
extern enum status fake_context_status;
/* Called in the middle of it: what happens on other CPUs meanwhile. */
extern void (*fake_context_meanwhile)(void);
extern unsigned int fake_context_sets, fake_context_resets;
extern struct vcpu_guest_context fake_context;
extern struct xen_domctl_ext_vcpucontext fake_ext_context;

#define FAKE_XSTATE_FEATURES UINT64_C(7)
#define FAKE_XSTATE_BYTES_MAX 0xa98u
#define FAKE_XSTATE_BYTES 0x350u
extern bool fake_xstate_is_missing;
extern uint8_t fake_xstate[FAKE_XSTATE_BYTES_MAX];
extern uint32_t fake_xstate_bytes; /* of the last one that was set */

/* Two registers travel; the second takes no value above 0xff. */
#define FAKE_MSR_FIRST 0xc0000103u
extern uint64_t fake_msrs[2];

extern struct xen_domctl_tsc_info fake_tsc_info;
extern unsigned int fake_wallclock_updates;

/* Privileged domains may use all numbers below this one, others what they were given. */
#define FAKE_IO_LIMIT UINT64_C(0x10000)

void fake_control_reset(void);
