#pragma once
/*
 * Event channels, two-level ABI (<xen/event_channel.h>): one bit each in shared_info's pending and mask arrays.
 *
 * States: FREE -> RESERVED | UNBOUND | INTERDOMAIN | PIRQ | VIRQ | IPI -> FREE; UNBOUND -> INTERDOMAIN when the other
 * side binds; INTERDOMAIN -> UNBOUND when the other side closes.
 *
 * Locks: a domain's evtchn lock protects its ports. It may be taken while a domain's `lock` is held, and is held while
 * the architecture's interrupt locks and the run-queue locks are taken. Two at once: evtchn_lock_pair, lowest first.
 */
#include <hyp/abi.h>
#include <hyp/lock.h>
#include <hyp/types.h>

struct domain;
struct vcpu;

#define EVTCHN_PORTS_MAX 4096u /* EVTCHN_2L_NR_CHANNELS of a 64-bit guest */
#define EVTCHN_PER_BUCKET 128u

enum evtchn_state {
	EVTCHN_FREE,
	EVTCHN_RESERVED, /* port 0: never given out */
	EVTCHN_UNBOUND,	 /* waits for `peer_id` to bind it */
	EVTCHN_INTERDOMAIN,
	EVTCHN_PIRQ,
	EVTCHN_VIRQ,
	EVTCHN_IPI,
};

struct evtchn {
	uint8_t state;	      /* [e] enum evtchn_state */
	uint16_t vcpu;	      /* [e] the vCPU that is told; 0 while FREE */
	uint32_t remote_port; /* [e] INTERDOMAIN */
	union {
		struct domain *remote; /* [e] INTERDOMAIN: alive as long as the link, see evtchn_bind.c */
		domid_t peer_id;       /* [e] UNBOUND */
		uint32_t pirq;	       /* [e] PIRQ */
		uint32_t virq;	       /* [e] VIRQ */
	};
};
static_assert(sizeof(struct evtchn) == 16, "a bucket of 256 ports is one page");

struct evtchn_table {
	struct spinlock lock;
	struct evtchn *bucket[EVTCHN_PORTS_MAX / EVTCHN_PER_BUCKET]; /* grown on demand, never shrunk before destroy */
	uint32_t port_max;   /* the highest port that this domain may use, from its creation */
	uint32_t port_count; /* ports in the buckets */
	uint32_t open_count; /* [e] ports that are not FREE, without port 0 */
	uint32_t free_from;  /* [e] every port below is in use */
	uint32_t close_from; /* [e] where the last closing of all stopped: a hint */
};

/* port_max above what the ABI has is cut off; 0 is a domain without ports. E_NOMEM. */
enum status evtchn_domain_init(struct domain *d, uint32_t port_max);
/* Closes every port, restartable: E_RESTART until all are closed. The domain is dying. */
enum status evtchn_domain_close_all(struct domain *d);
void evtchn_domain_fini(struct domain *d);

/* The hypervisor itself sends. A VIRQ that nobody has bound is dropped. No run-queue lock may be held. */
void evtchn_send_vcpu_virq(struct vcpu *v, unsigned int virq);
void evtchn_send_global_virq(unsigned int virq);
/* An interrupt came in for a PIRQ port of d. Takes no lock: the caller holds the one that arch_pirq_unbind takes, so
   that the port stays what it is. */
void evtchn_send_port(struct domain *d, uint32_t port);
/* v's vcpu_info has moved: every event counts as pending once, so that none is lost. */
void evtchn_vcpu_info_moved(struct vcpu *v);
/* True if the port is pending (sched_op poll); false for a port that is not there. */
bool evtchn_is_pending(const struct domain *d, uint32_t port);
bool evtchn_port_is_valid(const struct domain *d, uint32_t port);
void evtchn_dump(const struct domain *d);

/*
 * What a domain asks for its own ports, and a control domain for another's. Permissions between domains are checked by
 * the caller. All that make a port: E_INVAL if d is dying, E_NOENT without vCPU 0, E_NOSPC over the limit, E_NOMEM.
 */
/* A port of d that domain `peer` may bind. */
enum status evtchn_alloc_unbound(struct domain *d, domid_t peer, uint32_t *port);
/* E_INVAL unless remote_port is unbound and waits for d. The new port is pending once. */
enum status evtchn_bind_interdomain(struct domain *d, struct domain *remote, uint32_t remote_port, uint32_t *port);
/* E_INVAL: no such VIRQ, or a global one not on vCPU 0; E_PERM: it tells of the machine and d is not domain 0;
   E_NOENT: no such vCPU; E_EXIST: bound already. */
enum status evtchn_bind_virq(struct domain *d, uint32_t virq, uint32_t vcpu_id, uint32_t *port);
/* E_NOENT: no such vCPU. */
enum status evtchn_bind_ipi(struct domain *d, uint32_t vcpu_id, uint32_t *port);
/* What arch_pirq_bind refuses. */
enum status evtchn_bind_pirq(struct domain *d, uint32_t pirq, bool will_share, uint32_t *port);
/* E_NOENT: no such vCPU; E_INVAL: no such port, or one that stays on its vCPU (IPI, per-vCPU VIRQ) or is not in use. */
enum status evtchn_bind_vcpu(struct domain *d, uint32_t port, uint32_t vcpu_id);
/* E_INVAL: not open. */
enum status evtchn_close(struct domain *d, uint32_t port);
/* Closes all, restartable (E_RESTART). */
enum status evtchn_reset(struct domain *d);
/* E_INVAL: not INTERDOMAIN, IPI or UNBOUND (on which nothing happens). */
enum status evtchn_send(struct domain *d, uint32_t port);
/* E_INVAL: no such port. */
enum status evtchn_unmask(struct domain *d, uint32_t port);
/* Fills status, vcpu and u. E_INVAL: no such port. */
enum status evtchn_get_status(struct domain *d, uint32_t port, struct evtchn_status *out);

/* From the architecture: PIRQ ports. bind returns E_* to the guest; unbind cannot fail. All are called with d's evtchn
   lock held. */
enum status arch_pirq_bind(struct domain *d, uint32_t pirq, uint32_t port, bool will_share);
void arch_pirq_unbind(struct domain *d, uint32_t pirq);
/* The port of a PIRQ moved to another vCPU: the interrupt may follow. */
void arch_pirq_set_affinity(struct domain *d, uint32_t pirq, const struct vcpu *v);
/* The guest unmasked a PIRQ's port. */
void arch_pirq_unmask(struct domain *d, uint32_t pirq);
