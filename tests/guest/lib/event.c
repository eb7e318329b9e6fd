/*
 * Events and time of the test kernel. Every port starts masked for no one: the bits are as the hypervisor made them,
 * and the upcall clears what it counts.
 */
#include "guest.h"

volatile unsigned int event_count[PORTS];
volatile unsigned int upcall_count;
static struct vcpu_info *info[XEN_LEGACY_MAX_VCPUS];

struct vcpu_info *vcpu_info_of(unsigned int vcpu)
{
	return info[vcpu] ? info[vcpu] : &shared->vcpu_info[vcpu];
}

struct vcpu_info *vcpu_info_here(void)
{
	return vcpu_info_of(vcpu_here());
}

void vcpu_info_moved(unsigned int vcpu, struct vcpu_info *to)
{
	info[vcpu] = to;
}

static void word_dispatch(unsigned int word)
{
	uint64_t ready =
		__atomic_load_n(&shared->evtchn_pending[word], __ATOMIC_SEQ_CST) & ~shared->evtchn_mask[word];

	while (ready) {
		unsigned int bit = (unsigned int)__builtin_ctzl(ready);

		ready &= ready - 1;
		port_clear(word * 64 + bit);
		__atomic_fetch_add(&event_count[word * 64 + bit], 1, __ATOMIC_SEQ_CST);
	}
}

void event_upcall(void)
{
	struct vcpu_info *here = vcpu_info_here();

	__atomic_fetch_add(&upcall_count, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&here->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
	uint64_t words = __atomic_exchange_n(&here->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);

	while (words) {
		word_dispatch((unsigned int)__builtin_ctzl(words));
		words &= words - 1;
	}
}

void events_enable(void)
{
	vcpu_info_here()->evtchn_upcall_mask = 0;
	asm volatile("" : : : "memory");
	if (vcpu_info_here()->evtchn_upcall_pending)
		hc_xen_version(XENVER_version, NULL);
}

void events_disable(void)
{
	vcpu_info_here()->evtchn_upcall_mask = 1;
	asm volatile("" : : : "memory");
}

bool port_pending(unsigned int port)
{
	return __atomic_load_n(&shared->evtchn_pending[port / 64], __ATOMIC_SEQ_CST) >> (port % 64) & 1;
}

void port_clear(unsigned int port)
{
	__atomic_fetch_and(&shared->evtchn_pending[port / 64], ~(1ul << (port % 64)), __ATOMIC_SEQ_CST);
}

bool port_masked(unsigned int port)
{
	return __atomic_load_n(&shared->evtchn_mask[port / 64], __ATOMIC_SEQ_CST) >> (port % 64) & 1;
}

void port_mask(unsigned int port)
{
	__atomic_fetch_or(&shared->evtchn_mask[port / 64], 1ul << (port % 64), __ATOMIC_SEQ_CST);
}

void port_unmask(unsigned int port)
{
	__atomic_fetch_and(&shared->evtchn_mask[port / 64], ~(1ul << (port % 64)), __ATOMIC_SEQ_CST);
}

long port_alloc_self(void)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	long status = hc_event_channel_op(EVTCHNOP_alloc_unbound, &op);

	return status ? status : op.port;
}

long port_bind_self(unsigned int remote_port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = DOMID_SELF, .remote_port = remote_port };
	long status = hc_event_channel_op(EVTCHNOP_bind_interdomain, &op);

	return status ? status : op.local_port;
}

long port_bind_virq(unsigned int virq, unsigned int vcpu)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
	long status = hc_event_channel_op(EVTCHNOP_bind_virq, &op);

	return status ? status : op.port;
}

long port_bind_ipi(unsigned int vcpu)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };
	long status = hc_event_channel_op(EVTCHNOP_bind_ipi, &op);

	return status ? status : op.port;
}

long port_send(unsigned int port)
{
	struct evtchn_send op = { .port = port };

	return hc_event_channel_op(EVTCHNOP_send, &op);
}

long port_close(unsigned int port)
{
	struct evtchn_close op = { .port = port };

	return hc_event_channel_op(EVTCHNOP_close, &op);
}

long port_unmask_call(unsigned int port)
{
	struct evtchn_unmask op = { .port = port };

	return hc_event_channel_op(EVTCHNOP_unmask, &op);
}

long port_status(unsigned int port, struct evtchn_status *status)
{
	*status = (struct evtchn_status) { .dom = DOMID_SELF, .port = port };
	return hc_event_channel_op(EVTCHNOP_status, status);
}

static uint64_t time_scale(uint64_t ticks, uint32_t mul, int8_t shift)
{
	if (shift < 0)
		ticks >>= -shift;
	else
		ticks <<= shift;
	return (uint64_t)(((unsigned __int128)ticks * mul) >> 32);
}

uint64_t time_now(void)
{
	const volatile struct vcpu_time_info *time = &vcpu_info_here()->time;
	uint32_t version;
	uint64_t now;

	do {
		version = time->version;
		asm volatile("lfence" : : : "memory");
		now = time->system_time +
		      time_scale(read_tsc() - time->tsc_timestamp, time->tsc_to_system_mul, time->tsc_shift);
		asm volatile("lfence" : : : "memory");
	} while ((version & 1) || version != time->version);
	return now;
}

void time_wait(uint64_t ns)
{
	uint64_t end = time_now() + ns;

	while (time_now() < end)
		cpu_relax();
}

bool wait_for_count(volatile unsigned int *counter, unsigned int at_least, uint64_t limit_ns)
{
	uint64_t end = time_now() + limit_ns;

	while (*counter < at_least) {
		if (time_now() > end)
			return false;
		cpu_relax();
	}
	return true;
}
