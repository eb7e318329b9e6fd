/*
 * The fake architecture's part of domains and vCPUs: it counts what lives, refuses when told to, and keeps a vCPU's
 * second vcpu_info in ordinary memory.
 */
#include <hyp/domain.h>
#include <hyp/fake.h>
#include <hyp/heap.h>

enum status fake_domain_create_status, fake_vcpu_create_status, fake_initialise_status, fake_info_map_status;
void (*fake_initialise_meanwhile)(struct vcpu *target, struct vcpu *caller);
unsigned int fake_domains_alive, fake_vcpus_alive, fake_runstate_updates, fake_time_updates, fake_nmis;
vaddr_t fake_guest_limit = UINT64_MAX;

void fake_domains_reset(void)
{
	fake_domain_create_status = fake_vcpu_create_status = fake_initialise_status = fake_info_map_status = OK;
	fake_domains_alive = fake_vcpus_alive = fake_runstate_updates = fake_time_updates = fake_nmis = 0;
	fake_initialise_meanwhile = NULL;
	fake_guest_limit = UINT64_MAX;
}

enum status arch_domain_create(struct domain *d)
{
	(void)d;
	if (fake_domain_create_status == OK)
		fake_domains_alive++;
	return fake_domain_create_status;
}

enum status arch_domain_relinquish(struct domain *d)
{
	if (!d->arch.relinquish_steps)
		return OK;
	d->arch.relinquish_steps--;
	return E_RESTART;
}

void arch_domain_destroy(struct domain *d)
{
	(void)d;
	fake_domains_alive--;
}

enum status arch_vcpu_create(struct vcpu *v)
{
	(void)v;
	if (fake_vcpu_create_status == OK)
		fake_vcpus_alive++;
	return fake_vcpu_create_status;
}

void arch_vcpu_destroy(struct vcpu *v)
{
	heap_free(v->arch.info, v->arch.info ? PAGE_BYTES : 0);
	fake_vcpus_alive--;
}

enum status arch_vcpu_initialise(struct vcpu *target, struct vcpu *caller, vaddr_t context)
{
	struct domain *d = target->domain;

	target->arch.context = context;
	if (fake_initialise_meanwhile)
		fake_initialise_meanwhile(target, caller);
	if (fake_initialise_status != OK)
		return fake_initialise_status;
	spin_lock(&d->lock);
	target->initialised = true;
	spin_unlock(&d->lock);
	return OK;
}

enum status arch_vcpu_info_map(struct vcpu *v, gfn_t frame, unsigned int offset)
{
	struct vcpu_info *info;

	(void)frame;
	if (fake_info_map_status != OK)
		return fake_info_map_status;
	v->arch.info = heap_alloc(PAGE_BYTES);
	if (!v->arch.info)
		return E_NOMEM;
	info = (struct vcpu_info *)((char *)v->arch.info + offset);
	if (v->info)
		*info = *v->info;
	else
		info->evtchn_upcall_mask = 1;
	v->info_page = v->arch.info;
	v->info = info;
	return OK;
}

void arch_runstate_update(struct vcpu *v)
{
	(void)v;
	fake_runstate_updates++;
}

void arch_time_update(struct vcpu *v)
{
	(void)v;
	fake_time_updates++;
}

void arch_vcpu_nmi(struct vcpu *v)
{
	fake_nmis++;
	v->arch.nmi = true;
	vcpu_kick(v);
}

bool arch_guest_range_is_valid(const struct vcpu *v, vaddr_t address, uint64_t bytes)
{
	(void)v;
	return bytes <= fake_guest_limit && address <= fake_guest_limit - bytes;
}
