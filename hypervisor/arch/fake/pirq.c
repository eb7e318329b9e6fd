/*
 * Interrupts of the fake machine: domain 0 may bind any that is there, once. Whoever is not domain 0 may bind none.
 */
#include <hyp/domain.h>
#include <hyp/evtchn.h>
#include <hyp/fake_pirq.h>
#include <hyp/log.h>

struct fake_pirq fake_pirqs[FAKE_PIRQS];

void fake_pirqs_reset(void)
{
	for (unsigned int i = 0; i < FAKE_PIRQS; i++)
		fake_pirqs[i] = (struct fake_pirq){.domain = NULL};
}

enum status arch_pirq_bind(struct domain *d, uint32_t pirq, uint32_t port, bool will_share)
{
	CHECK(spin_is_locked(&d->evtchn.lock));
	if (pirq >= FAKE_PIRQS)
		return E_INVAL;
	if (!d->privileged)
		return E_PERM;
	if (fake_pirqs[pirq].domain)
		return E_EXIST;
	fake_pirqs[pirq] = (struct fake_pirq){.domain = d, .port = port, .will_share = will_share};
	return OK;
}

void arch_pirq_unbind(struct domain *d, uint32_t pirq)
{
	CHECK(spin_is_locked(&d->evtchn.lock) && fake_pirqs[pirq].domain == d);
	fake_pirqs[pirq].domain = NULL;
}

void arch_pirq_set_affinity(struct domain *d, uint32_t pirq, const struct vcpu *v)
{
	CHECK(fake_pirqs[pirq].domain == d);
	fake_pirqs[pirq].vcpu = v->id;
}

void arch_pirq_unmask(struct domain *d, uint32_t pirq)
{
	CHECK(fake_pirqs[pirq].domain == d);
	fake_pirqs[pirq].unmasks++;
}

void fake_pirq_raise(uint32_t pirq)
{
	if (fake_pirqs[pirq].domain)
		evtchn_send_port(fake_pirqs[pirq].domain, fake_pirqs[pirq].port);
}
