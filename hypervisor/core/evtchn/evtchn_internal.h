#pragma once
/* What the files of this folder share: finding, taking and freeing ports, and making one pending. */
#include <hyp/domain.h>
#include <hyp/evtchn.h>

/* The port, or NULL if there is none of that number. With or without the lock: buckets stay where they are. */
struct evtchn *evtchn_find(const struct domain *d, uint32_t port);
/* A port that is free; it stays so until evtchn_port_take under the same lock, so a caller that gives up undoes nothing. */
enum status evtchn_port_find_free(struct domain *d, uint32_t *port) REQUIRES(d->evtchn.lock);
struct evtchn *evtchn_port_take(struct domain *d, uint32_t port, enum evtchn_state state) REQUIRES(d->evtchn.lock);
void evtchn_port_free(struct domain *d, uint32_t port) REQUIRES(d->evtchn.lock);
/* An open port at or after `from`, going round; 0 if none is open. */
uint32_t evtchn_port_find_open(const struct domain *d, uint32_t from) REQUIRES(d->evtchn.lock);

/* Both evtchn locks, lowest address first. The two may be one. */
void evtchn_lock_pair(struct domain *a, struct domain *b) NO_LOCK_CHECK;
void evtchn_unlock_pair(struct domain *a, struct domain *b) NO_LOCK_CHECK;

/* Makes the port pending and tells the vCPU. The port stays bound during the call: see evtchn_deliver.c. */
void evtchn_set_pending(struct domain *d, uint32_t port, uint32_t vcpu_id);
/* Takes the mask away and tells the vCPU if the port is pending. */
void evtchn_clear_mask(struct domain *d, uint32_t port, uint32_t vcpu_id);

bool evtchn_virq_is_global(uint32_t virq);
/* The port is being closed: no vCPU has the VIRQ on it any more. */
void evtchn_virq_forget(struct domain *d, uint32_t virq, uint32_t port) REQUIRES(d->evtchn.lock);
