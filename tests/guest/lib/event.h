#pragma once
/* Events: two-level port bits in shared_info, a counter for each port, and waiting that ends. */
#include "abi.h"

#define PORTS 4096

extern volatile unsigned int event_count[PORTS];
extern volatile unsigned int upcall_count;
/* The event callback: counts and clears what is pending and unmasked on this vCPU. */
void event_upcall(void);

struct vcpu_info *vcpu_info_of(unsigned int vcpu);
struct vcpu_info *vcpu_info_here(void);
/* Where a vCPU's vcpu_info is from now on, after register_vcpu_info. */
void vcpu_info_moved(unsigned int vcpu, struct vcpu_info *to);

void events_enable(void);	/* opens the mask and lets what is pending in at once */
void events_disable(void);
bool port_pending(unsigned int port);
void port_clear(unsigned int port);
bool port_masked(unsigned int port);
void port_mask(unsigned int port);
void port_unmask(unsigned int port);	/* the bit alone: no hypercall */

/* Ports of common kinds; a negative errno if refused. */
long port_alloc_self(void);
long port_bind_self(unsigned int remote_port);
long port_bind_virq(unsigned int virq, unsigned int vcpu);
long port_bind_ipi(unsigned int vcpu);
long port_send(unsigned int port);
long port_close(unsigned int port);
long port_unmask_call(unsigned int port);
long port_status(unsigned int port, struct evtchn_status *status);

/* The time of this vCPU in ns, read as every guest reads it. */
uint64_t time_now(void);
void time_wait(uint64_t ns);
/* Waits until the counter is at least so much, or the time is over: false then. */
bool wait_for_count(volatile unsigned int *counter, unsigned int at_least, uint64_t limit_ns);
