#pragma once
/*
 * Event channels, two-level ABI (<xen/event_channel.h>): one bit each in shared_info's pending and mask arrays.
 *
 * States: FREE -> RESERVED | UNBOUND | INTERDOMAIN | PIRQ | VIRQ | IPI -> FREE; UNBOUND -> INTERDOMAIN when the other
 * side binds; INTERDOMAIN -> UNBOUND when the other side closes.
 */
#include <hyp/abi.h>
#include <hyp/lock.h>
#include <hyp/types.h>

struct domain;
struct vcpu;

#define EVTCHN_PORTS_MAX 4096u /* EVTCHN_2L_NR_CHANNELS of a 64-bit guest */
#define EVTCHN_PER_BUCKET 256u

struct evtchn_table {
	struct spinlock lock;
	struct evtchn *bucket[EVTCHN_PORTS_MAX / EVTCHN_PER_BUCKET]; /* grown on demand, never shrunk before destroy */
	uint32_t port_max;   /* the highest port that this domain may use, from its creation */
	uint32_t port_count; /* ports in the buckets */
};

enum status evtchn_domain_init(struct domain *d, uint32_t port_max);
/* Closes every port, restartable: E_RESTART until all are closed. The domain is dying. */
enum status evtchn_domain_close_all(struct domain *d);
void evtchn_domain_fini(struct domain *d);

/* The hypervisor itself sends. A VIRQ that nobody has bound is dropped. */
void evtchn_send_vcpu_virq(struct vcpu *v, unsigned int virq);
void evtchn_send_global_virq(unsigned int virq);
/* An interrupt came in for a PIRQ port of d. */
void evtchn_send_port(struct domain *d, uint32_t port);
/* Privileged set-up for another domain: used by the control interface and tests. */
enum status evtchn_alloc_unbound(struct domain *d, domid_t remote, uint32_t *port);
/* Sends on a port that d itself could send on (domctl, tests). */
enum status evtchn_send(struct domain *d, uint32_t port);
/* v's vcpu_info has moved: every event counts as pending once, so that none is lost. */
void evtchn_vcpu_info_moved(struct vcpu *v);
/* True if any of the ports is pending (sched_op poll); E_INVAL in *result for a bad port. */
bool evtchn_is_pending(const struct domain *d, uint32_t port);
bool evtchn_port_is_valid(const struct domain *d, uint32_t port);
void evtchn_dump(const struct domain *d);

/* From the architecture: PIRQ ports. bind returns E_* to the guest; unbind cannot fail. */
enum status arch_pirq_bind(struct domain *d, uint32_t pirq, uint32_t port, bool will_share);
void arch_pirq_unbind(struct domain *d, uint32_t pirq);
/* The port of a PIRQ moved to another vCPU: the interrupt may follow. */
void arch_pirq_set_affinity(struct domain *d, uint32_t pirq, const struct vcpu *v);
/* The guest unmasked a PIRQ's port. */
void arch_pirq_unmask(struct domain *d, uint32_t pirq);
