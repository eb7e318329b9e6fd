/*
 * Domains: creation, finding, counting of references, the end of the structure.
 *
 * D1  A domain is on the list and in the hash from the end of domain_create until its last reference goes; a reference is
 *     given only to one whose count is not 0.
 * D2  Existence itself is a reference; domain_kill gives it back. What remains then are others' references: the domain
 *     can be found, as a dying one, until they are gone.
 * D3  The list is in ascending order of ids, and an id is used once at a time.
 *
 * list_lock is taken with no other lock held, and no lock is taken under it.
 */
#include <hyp/domain.h>
#include <hyp/heap.h>
#include <hyp/mm.h>
#include <hyp/pool.h>
#include <hyp/string.h>

#define HASH_BUCKETS 256u

struct domain *domain0;

static struct spinlock list_lock = SPINLOCK_INIT;
static struct list domains = {&domains, &domains};
static struct list buckets[HASH_BUCKETS];
static domid_t last_id; /* the search for the next free one starts behind it */

static struct list *bucket_of(domid_t id)
{
	struct list *bucket = &buckets[id % HASH_BUCKETS];

	if (!bucket->next)
		list_init(bucket);
	return bucket;
}

static struct domain *find_locked(domid_t id) REQUIRES(list_lock)
{
	list_for_each (d, bucket_of(id), struct domain, hash_link)
		if (d->id == id)
			return d;
	return NULL;
}

static bool get_unless_gone(struct domain *d)
{
	uint32_t count = __atomic_load_n(&d->references, __ATOMIC_RELAXED);

	do {
		if (!count)
			return false;
	} while (!__atomic_compare_exchange_n(&d->references, &count, count + 1, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return true;
}

/* The next id that nobody has, in turn, so that an id is not used again at once; DOMID_INVALID if there is none. */
static domid_t free_id_locked(void) REQUIRES(list_lock)
{
	for (unsigned int i = 0; i < DOMAINS_MAX; i++) {
		domid_t id = (domid_t)((last_id + 1u + i) % DOMAINS_MAX);

		if (id && !find_locked(id)) {
			last_id = id;
			return id;
		}
	}
	return DOMID_INVALID;
}

static void insert_locked(struct domain *d) REQUIRES(list_lock)
{
	struct list *at = domains.prev;

	while (at != &domains && list_entry(at, struct domain, link)->id > d->id)
		at = at->prev;
	list_add_before(at->next, &d->link);
	list_push_back(bucket_of(d->id), &d->hash_link);
}

/* Takes the id and makes the domain findable. It is found only by those who may do nothing with it yet: it is paused. */
static enum status publish(struct domain *d, domid_t id) EXCLUDES(list_lock)
{
	enum status status = OK;

	spin_lock(&list_lock);
	if (id != DOMID_INVALID && find_locked(id))
		status = E_EXIST;
	else if (id == DOMID_INVALID && (id = free_id_locked()) == DOMID_INVALID)
		status = E_NOMEM;
	if (status == OK) {
		d->id = id;
		insert_locked(d);
	}
	spin_unlock(&list_lock);
	return status;
}

static void unpublish(struct domain *d) EXCLUDES(list_lock)
{
	spin_lock(&list_lock);
	list_remove(&d->link);
	list_remove(&d->hash_link);
	spin_unlock(&list_lock);
}

static void init_fields(struct domain *d, const struct domain_config *config)
{
	d->privileged = config->privileged;
	d->shutdown_code = SHUTDOWN_CODE_NONE;
	d->vcpu_max = config->vcpu_max;
	d->msr_relaxed = config->msr_relaxed;
	memcpy(d->handle, config->handle, sizeof(d->handle));
	spin_init(&d->lock);
	spin_init(&d->shutdown_lock);
	spin_init(&d->kill_lock);
	spin_init(&d->mm_lock);
	d->pause_count = d->control_pause_count = 1;
	sched_domain_init(d);
	domain_watchdogs_init(d);
	console_guest_init(&d->console, time_now());
}

/* What belongs to other modules; the reverse is release_parts. */
static enum status create_parts(struct domain *d, const struct domain_config *config)
{
	enum status status = pool_join(d, config->pool);

	if (status != OK)
		return status;
	status = E_NOMEM;
	d->shared_info = shared_page_alloc(d);
	if (!d->shared_info)
		goto err_pool;
	for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
	status = evtchn_domain_init(d, config->evtchn_port_max);
	if (status != OK)
		goto err_shared_info;
	status = grant_domain_init(d, config->grant_frames_max, config->maptrack_frames_max);
	if (status != OK)
		goto err_evtchn;
	status = arch_domain_create(d);
	if (status != OK)
		goto err_grant;
	return OK;

err_grant:
	grant_domain_fini(d);
err_evtchn:
	evtchn_domain_fini(d);
err_shared_info:
	shared_page_release(d->shared_info);
err_pool:
	pool_leave(d);
	return status;
}

static void release_parts(struct domain *d)
{
	arch_domain_destroy(d);
	grant_domain_fini(d);
	evtchn_domain_fini(d);
	shared_page_release(d->shared_info);
	pool_leave(d);
}

static void domain_free(struct domain *d)
{
	heap_free_array(d->vcpu, d->vcpu_max);
	heap_free(d, sizeof(*d));
}

/* The id comes first: what the parts set up carries it. Nobody gets a reference before they are complete. */
enum status domain_create(const struct domain_config *config, struct domain **out)
{
	struct domain *d;
	enum status status;

	if (!config->vcpu_max || config->vcpu_max > VCPUS_MAX)
		return E_INVAL;
	if (config->id != DOMID_INVALID && config->id >= DOMAINS_MAX)
		return E_INVAL;
	d = heap_alloc(sizeof(*d));
	if (!d)
		return E_NOMEM;
	init_fields(d, config);
	d->vcpu = heap_alloc_array(struct vcpu *, d->vcpu_max);
	if (!d->vcpu) {
		status = E_NOMEM;
		goto err_free;
	}
	status = publish(d, config->id);
	if (status != OK)
		goto err_free;
	status = create_parts(d, config);
	if (status != OK)
		goto err_unpublish;
	if (d->privileged)
		domain0 = d;
	__atomic_store_n(&d->references, 1, __ATOMIC_RELEASE);
	*out = d;
	return OK;

err_unpublish:
	unpublish(d);
err_free:
	domain_free(d);
	return status;
}

struct domain *domain_find(domid_t id)
{
	struct domain *d;

	spin_lock(&list_lock);
	d = find_locked(id);
	if (d && !get_unless_gone(d))
		d = NULL;
	spin_unlock(&list_lock);
	return d;
}

struct domain *domain_find_next(domid_t id)
{
	struct domain *found = NULL;

	spin_lock(&list_lock);
	list_for_each (d, &domains, struct domain, link) {
		if (d->id >= id && get_unless_gone(d)) {
			found = d;
			break;
		}
	}
	spin_unlock(&list_lock);
	return found;
}

struct domain *domain_find_for(struct domain *caller, domid_t id)
{
	if (id != DOMID_SELF && id != caller->id)
		return domain_find(id);
	domain_get(caller);
	return caller;
}

void domain_get(struct domain *d)
{
	(void)__atomic_fetch_add(&d->references, 1, __ATOMIC_RELAXED);
}

/* Nothing runs in it, nothing refers to it, its memory is back: domain_kill saw to that. */
static void destroy(struct domain *d)
{
	for (unsigned int i = 0; i < d->vcpu_max; i++)
		if (d->vcpu[i])
			vcpu_destroy(d->vcpu[i]);
	release_parts(d);
	unpublish(d);
	if (d == domain0)
		domain0 = NULL;
	domain_free(d);
	/* Those who watch domains learn that this one is no longer found. */
	if (domain0)
		evtchn_send_global_virq(VIRQ_DOM_EXC);
}

void domain_put(struct domain *d)
{
	if (__atomic_sub_fetch(&d->references, 1, __ATOMIC_ACQ_REL) == 0)
		destroy(d);
}
