/*
 * sysctl on all domains: the list of what they are doing, in ascending order of their numbers.
 */
#include <hyp/domain.h>
#include <hyp/guest.h>

#include "domctl.h"
#include "sysctl.h"

/* Domains may come and go meanwhile: who is there all the time is in the list, once. */
enum status sysctl_getdomaininfolist(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *list = &op->u.getdomaininfolist;
	struct xen_domctl_getdomaininfo info;
	domid_t from = list->first_domain;
	enum status status = OK;
	uint32_t count = 0;

	while (!status && count < list->max_domains) {
		struct domain *d = domain_find_next(from);

		if (!d)
			break;
		from = (domid_t)(d->id + 1);
		domain_info_fill(d, &info);
		domain_put(d);
		status = guest_copy_out(v, handle_slot(list->buffer, count), &info, sizeof(info));
		count++;
	}
	list->num_domains = count;
	return status;
}
