/*
 * A guest of a few MiB for domain 0 to create: does for ever what the words of its command line say.
 *
 *   (nothing)  sleeps
 *   busy       keeps all its vCPUs busy
 *   ticker     wakes by a timer every 10 ms and prints each second, on its console, how late it woke
 *   calls      on all its vCPUs, makes hypercalls that take long: whoever destroys it does so in the middle of one
 *   crash      crashes
 *   obeys      ends as the first letter typed on its console says: power-off (p), reboot (r), crash (c), watchdog (w)
 *
 * It is made of the guest tests' library (tests/guest/lib), and checks nothing by itself.
 */
#include <guest.h>
#include <xen/io/console.h>

#define TICK_NS 10000000ul
#define SECOND_NS 1000000000ul
/* Of one hypercall that takes long: so many frames, or entries. */
#define BATCH 512u
#define NAP_NS 1000000ul

static unsigned long frames[VCPUS_MAX][BATCH];
static struct multicall_entry entries[VCPUS_MAX][BATCH];

/* The console: bytes into the ring that domain 0 reads; what finds no room is lost. */

static void console_put(volatile struct xencons_interface *ring, char c)
{
	if (ring->out_prod - ring->out_cons >= sizeof(ring->out))
		return;
	ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = c;
	asm volatile("" : : : "memory");
	ring->out_prod++;
}

static void say(const char *text)
{
	volatile struct xencons_interface *ring = pfn_to_va(mfn_to_pfn(start_info->console.domU.mfn));

	for (; *text; text++)
		console_put(ring, *text);
	port_send(start_info->console.domU.evtchn);
}

static void say_number(const char *before, uint64_t value)
{
	char digits[24], *at = digits + sizeof(digits) - 1;

	*at = 0;
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	say(before);
	say(at);
}

/* The next byte typed on the console, or 0. */
static char console_letter(void)
{
	volatile struct xencons_interface *ring = pfn_to_va(mfn_to_pfn(start_info->console.domU.mfn));
	char c;

	if (ring->in_cons == ring->in_prod)
		return 0;
	c = ring->in[MASK_XENCONS_IDX(ring->in_cons, ring->in)];
	asm volatile("" : : : "memory");
	ring->in_cons++;
	port_send(start_info->console.domU.evtchn);
	return c;
}

/* How late the timer woke us, since the last line. */
struct lateness {
	uint64_t count, sum_ns, max_ns;
};

static void lateness_add(struct lateness *l, uint64_t late_ns)
{
	l->count++;
	l->sum_ns += late_ns;
	if (late_ns > l->max_ns)
		l->max_ns = late_ns;
}

static void lateness_say(struct lateness *l)
{
	say_number("late ", l->count);
	say_number(" times, us in the mean ", l->sum_ns / l->count / 1000);
	say_number(" at most ", l->max_ns / 1000);
	say("\r\n");
	*l = (struct lateness) {};
}

/* The port of the timer stays masked: it is polled for, so that no handler stands between the event and the clock. */
static void sleep_until(evtchn_port_t port, uint64_t deadline_ns)
{
	struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = deadline_ns };
	struct sched_poll poll = { .nr_ports = 1 };

	set_xen_guest_handle(poll.ports, &port);
	port_clear(port);
	if (hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer))
		FAIL("the timer is refused");
	while (time_now() < deadline_ns)
		if (hc_sched_op(SCHEDOP_poll, &poll))
			FAIL("poll is refused");
}

static void ticker(void)
{
	evtchn_port_t port = (evtchn_port_t)port_bind_virq(VIRQ_TIMER, 0);
	uint64_t next_ns = time_now(), line_ns = next_ns + SECOND_NS;
	struct lateness lateness = {};

	port_mask(port);
	hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	for (;;) {
		uint64_t now_ns = time_now();

		next_ns = now_ns + TICK_NS;
		sleep_until(port, next_ns);
		lateness_add(&lateness, time_now() - next_ns);
		if (now_ns > line_ns) {
			lateness_say(&lateness);
			line_ns = now_ns + SECOND_NS;
		}
	}
}

/* Neither a pause nor a short loop: an emulator is quickest with what it need not leave. */
static void busy(void *nothing)
{
	(void)nothing;
	for (;;)
		asm volatile(".rept 256; nop; .endr");
}

/* Gives frames back and takes as many anew: their pfns are this vCPU's alone. */
static void frames_renew(unsigned long *list)
{
	struct xen_memory_reservation op = { .nr_extents = BATCH, .domid = DOMID_SELF };

	set_xen_guest_handle(op.extent_start, list);
	if (hc_memory_op(XENMEM_decrease_reservation, &op) != BATCH)
		FAIL("frames cannot be given back");
	if (hc_memory_op(XENMEM_increase_reservation, &op) != BATCH)
		FAIL("frames cannot be had");
}

static void calls(void *nothing)
{
	unsigned int here = vcpu_here();
	struct vcpu_set_singleshot_timer never = { .timeout_abs_ns = ~0ul >> 2 };

	(void)nothing;
	for (unsigned int i = 0; i < BATCH; i++) {
		frames[here][i] = pfn_to_mfn(pfn_alloc());
		entries[here][i] = (struct multicall_entry) {
			.op = __HYPERVISOR_vcpu_op,
			.args = { VCPUOP_set_singleshot_timer, here, (unsigned long)&never },
		};
	}
	for (;;) {
		frames_renew(frames[here]);
		hc_multicall(entries[here], BATCH);
		mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0);
	}
}

/* The other vCPUs begin one after the other, since what they prepare has no lock; vCPU 0 is the last. */
static void run_on_all(void (*function)(void *))
{
	for (unsigned int vcpu = 1; vcpu < vcpu_count(); vcpu++) {
		vcpu_start(vcpu, function, NULL);
		time_wait(NAP_NS);
	}
	function(NULL);
}

/* Returns if the letter has no meaning. */
static void end_as(char letter)
{
	static const struct {
		char letter;
		unsigned int reason;
	} ends[] = {
		{ 'p', SHUTDOWN_poweroff },
		{ 'r', SHUTDOWN_reboot },
		{ 'c', SHUTDOWN_crash },
		{ 'w', SHUTDOWN_watchdog },
	};

	for (unsigned int i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i].letter == letter)
			power_off(ends[i].reason);
}

static void obey(void)
{
	evtchn_port_t port = start_info->console.domU.evtchn;
	struct sched_poll poll = { .nr_ports = 1 };

	set_xen_guest_handle(poll.ports, &port);
	port_mask(port);
	for (;;) {
		char letter;

		port_clear(port);
		while ((letter = console_letter()))
			end_as(letter);
		if (hc_sched_op(SCHEDOP_poll, &poll))
			FAIL("poll is refused");
	}
}

void test_main(void)
{
	say_number("first frame ", pfn_to_mfn(0));
	say_number("\r\ncounter in millions ", read_tsc() / 1000000);
	say("\r\nsmall is up\r\n");
	if (option_is("crash"))
		power_off(SHUTDOWN_crash);
	if (option_is("busy"))
		run_on_all(busy);
	if (option_is("calls"))
		run_on_all(calls);
	if (option_is("ticker"))
		ticker();
	if (option_is("obeys"))
		obey();
	for (;;)
		hc_sched_op(SCHEDOP_block, NULL);
}
