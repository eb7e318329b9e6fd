/*
 * The fake machine behind the control interface: states are stored as they come, policies of CPUs are real
 * ones, derived from a made-up CPU.
 */
#include <hyp/cpu.h>
#include <hyp/domain.h>
#include <hyp/fake_control.h>
#include <hyp/heap.h>
#include <hyp/log.h>
#include <hyp/pv/cpu_policy.h>
#include <hyp/string.h>

unsigned int fake_context_restarts, fake_context_sets, fake_context_resets, fake_wallclock_updates;
enum status fake_context_status;
void (*fake_context_meanwhile)(void);
struct vcpu_guest_context fake_context;
struct xen_domctl_ext_vcpucontext fake_ext_context;
bool fake_xstate_is_missing;
uint8_t fake_xstate[FAKE_XSTATE_BYTES_MAX];
uint32_t fake_xstate_bytes;
uint64_t fake_msrs[2];
struct xen_domctl_tsc_info fake_tsc_info;

static struct grant_of_io {
	domid_t id;
	enum control_io kind;
	uint64_t first, last;
	bool used;
} given[16];

static struct cpu_policies policies;
static struct own_policy {
	const struct domain *d;
	struct cpu_policy policy;
} own[4];

static void policies_make(void)
{
	static const struct cpu_policy_support support = {.xcr0 = 7, .nx = true};
	uint32_t *leaf;

	memset(&policies, 0, sizeof(policies));
	leaf = cpu_policy_leaf_edit(&policies.raw, 0, 0);
	leaf[CPUID_EAX] = CPUID_BASIC_LAST;
	leaf = cpu_policy_leaf_edit(&policies.raw, 1, 0);
	leaf[CPUID_EDX] = 0x078bfbff;
	leaf[CPUID_ECX] = 0x00000001;
	leaf = cpu_policy_leaf_edit(&policies.raw, CPUID_EXTENDED_FIRST, 0);
	leaf[CPUID_EAX] = CPUID_EXTENDED_FIRST + 8;
	leaf = cpu_policy_leaf_edit(&policies.raw, CPUID_EXTENDED_FIRST + 1, 0);
	leaf[CPUID_EDX] = 0x20100800;
	cpu_policies_derive(&policies, &support);
}

void fake_control_reset(void)
{
	fake_context_restarts = fake_context_sets = fake_context_resets = fake_wallclock_updates = 0;
	fake_context_status = OK;
	fake_context_meanwhile = NULL;
	memset(&fake_context, 0, sizeof(fake_context));
	memset(&fake_ext_context, 0, sizeof(fake_ext_context));
	fake_xstate_is_missing = false;
	memset(fake_xstate, 0, sizeof(fake_xstate));
	fake_xstate_bytes = 0;
	fake_msrs[0] = fake_msrs[1] = 0;
	memset(&fake_tsc_info, 0, sizeof(fake_tsc_info));
	memset(given, 0, sizeof(given));
	memset(own, 0, sizeof(own));
	policies_make();
}

static void must_be_stopped(const struct domain *d) { CHECK(domain_is_stopped(d)); }

/* vCPUs */

static enum status context_step(void)
{
	if (fake_context_meanwhile)
		fake_context_meanwhile();
	if (!fake_context_restarts)
		return fake_context_status;
	fake_context_restarts--;
	return E_RESTART;
}

enum status arch_vcpu_context_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	enum status status = context_step();

	must_be_stopped(v->domain);
	if (status)
		return status;
	fake_context_sets++;
	fake_context = *c;
	v->initialised = true;
	return OK;
}

void arch_vcpu_context_get(struct vcpu *v, struct vcpu_guest_context *c)
{
	must_be_stopped(v->domain);
	*c = fake_context;
}

enum status arch_vcpu_context_reset(struct vcpu *v)
{
	enum status status = context_step();

	must_be_stopped(v->domain);
	if (!status)
		fake_context_resets++;
	return status;
}

enum status arch_vcpu_ext_context_set(struct vcpu *v, const struct xen_domctl_ext_vcpucontext *c)
{
	must_be_stopped(v->domain);
	fake_ext_context = *c;
	return OK;
}

void arch_vcpu_ext_context_get(const struct vcpu *v, struct xen_domctl_ext_vcpucontext *c)
{
	must_be_stopped(v->domain);
	c->syscall32_callback_eip = fake_ext_context.syscall32_callback_eip;
}

uint64_t arch_xstate_features(void) { return fake_xstate_is_missing ? 0 : FAKE_XSTATE_FEATURES; }
uint32_t arch_xstate_bytes_max(void) { return fake_xstate_is_missing ? 0 : FAKE_XSTATE_BYTES_MAX; }

uint32_t arch_vcpu_xstate_bytes(const struct vcpu *v)
{
	must_be_stopped(v->domain);
	return FAKE_XSTATE_BYTES;
}

void arch_vcpu_xstate_get(const struct vcpu *v, void *to)
{
	must_be_stopped(v->domain);
	memcpy(to, fake_xstate, FAKE_XSTATE_BYTES);
}

enum status arch_vcpu_xstate_set(struct vcpu *v, const void *from, uint32_t bytes)
{
	must_be_stopped(v->domain);
	memcpy(fake_xstate, from, bytes);
	fake_xstate_bytes = bytes;
	return OK;
}

unsigned int arch_vcpu_msr_count(void) { return ARRAY_COUNT(fake_msrs); }

bool arch_vcpu_msr_get(const struct vcpu *v, unsigned int number, struct xen_domctl_vcpu_msr *out)
{
	must_be_stopped(v->domain);
	*out = (struct xen_domctl_vcpu_msr){.index = FAKE_MSR_FIRST + number, .value = fake_msrs[number]};
	return out->value;
}

enum status arch_vcpu_msr_set(struct vcpu *v, const struct xen_domctl_vcpu_msr *msr)
{
	uint32_t number = msr->index - FAKE_MSR_FIRST;

	must_be_stopped(v->domain);
	if (number >= ARRAY_COUNT(fake_msrs) || (number && msr->value > 0xff))
		return E_INVAL;
	fake_msrs[number] = msr->value;
	return OK;
}

/* Domains */

enum status arch_tsc_info_set(struct domain *d, const struct xen_domctl_tsc_info *info)
{
	must_be_stopped(d);
	if (info->tsc_mode > 2)
		return E_INVAL;
	fake_tsc_info = *info;
	return OK;
}

void arch_tsc_info_get(const struct domain *d, struct xen_domctl_tsc_info *info)
{
	must_be_stopped(d);
	*info = fake_tsc_info;
}

void arch_wallclock_update(struct domain *d)
{
	(void)d;
	fake_wallclock_updates++;
}

void arch_hypercall_page_fill(void *page) { memset(page, 0x90, PAGE_BYTES); }

bool arch_io_is_allowed(const struct domain *d, enum control_io kind, uint64_t first, uint64_t last)
{
	CHECK(first <= last);
	if (d->privileged)
		return last < FAKE_IO_LIMIT;
	for (size_t i = 0; i < ARRAY_COUNT(given); i++)
		if (given[i].used && given[i].id == d->id && given[i].kind == kind && given[i].first <= first &&
		    given[i].last >= last)
			return true;
	return false;
}

enum status arch_io_change(struct domain *d, enum control_io kind, uint64_t first, uint64_t last, bool allow)
{
	struct grant_of_io *slot = NULL;

	CHECK(first <= last && spin_is_locked(&d->lock));
	for (size_t i = 0; i < ARRAY_COUNT(given); i++) {
		bool is_same = given[i].used && given[i].id == d->id && given[i].kind == kind &&
			       given[i].first == first && given[i].last == last;

		if (is_same || (!slot && !given[i].used))
			slot = &given[i];
		if (is_same)
			break;
	}
	if (!slot)
		return E_NOMEM;
	*slot = (struct grant_of_io){.id = d->id, .kind = kind, .first = first, .last = last, .used = allow};
	return OK;
}

/* The machine: two threads a core, two cores a socket. */

struct cpu_place arch_cpu_place(unsigned int cpu)
{
	return (struct cpu_place){.core = cpu / 2 % 2, .socket = cpu / 4};
}

uint32_t arch_cpu_khz(void) { return 2500000; }
unsigned int arch_physical_address_bits(void) { return 40; }
uint32_t arch_cpuid_levelling(void) { return XEN_SYSCTL_CPU_LEVELCAP_faulting; }

/* Policies */

const struct cpu_policies *cpu_policies_system(void)
{
	return &policies;
}

static struct own_policy *own_find(const struct domain *d)
{
	for (size_t i = 0; i < ARRAY_COUNT(own); i++)
		if (own[i].d == d)
			return &own[i];
	return NULL;
}

const struct cpu_policy *domain_policy(const struct domain *d)
{
	const struct own_policy *o = own_find(d);

	if (o)
		return &o->policy;
	return d->privileged ? &policies.domain0 : &policies.pv_default;
}

enum status domain_policy_set(struct domain *d, struct cpu_policy *candidate, struct cpu_policy_error *error)
{
	enum status status = cpu_policy_check(candidate, &policies.pv_max, error);
	struct own_policy *o = own_find(d);

	must_be_stopped(d);
	if (status)
		return status;
	if (!o)
		o = own_find(NULL);
	if (!o)
		return E_NOMEM;
	cpu_policy_complete(candidate, &policies.pv_max, &policies.host);
	*o = (struct own_policy){.d = d, .policy = *candidate};
	return OK;
}

void domain_policy_free(struct domain *d)
{
	struct own_policy *o = own_find(d);

	if (o)
		o->d = NULL;
}
