/* Tests of what is the same for all sysctl commands, and of console text, keys and the list of domains. */
#include <fakes/control_call.h>

#include <hyp/console.h>
#include <hyp/console_input.h>

static const struct {
	uint32_t cmd;
	long answer;
} refused[] = {
	{XEN_SYSCTL_tbuf_op, E_NOSYS},		     {XEN_SYSCTL_perfc_op, E_NOSYS},
	{XEN_SYSCTL_cpu_hotplug, E_OPNOTSUPP},	     {XEN_SYSCTL_page_offline_op, E_OPNOTSUPP},
	{XEN_SYSCTL_lockprof_op, E_NOSYS},	     {XEN_SYSCTL_coverage_op, E_OPNOTSUPP},
	{XEN_SYSCTL_psr_alloc, E_NODEV},	     {XEN_SYSCTL_livepatch_op, E_NOSYS},
};

static const uint32_t unknown[] = {0, 13, 24, 28, 30, UINT32_MAX};

static void nobody_but_a_control_domain_may_ask_for_anything(void **state)
{
	struct hypercall call = {.arg = {FAKE_GUEST_START}};

	(void)state;
	for (uint32_t cmd = 0; cmd < 40; cmd++) {
		sop.cmd = cmd;
		sop.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
		memcpy(fake_guest(FAKE_GUEST_START), &sop, sizeof(sop));
		assert_int_equal(hypercall_sysctl(cpu[1][0], &call), E_PERM);
	}
}

static void another_interface_version_is_refused_before_anything_else(void **state)
{
	struct hypercall call = {.arg = {FAKE_GUEST_START}};

	(void)state;
	for (uint32_t version = 0; version < 0x20; version++) {
		if (version == XEN_SYSCTL_INTERFACE_VERSION)
			continue;
		sop = (struct xen_sysctl){.cmd = 99, .interface_version = version};
		memcpy(fake_guest(FAKE_GUEST_START), &sop, sizeof(sop));
		assert_int_equal(hypercall_sysctl(cpu[0][0], &call), E_ACCES);
		assert_int_equal(hypercall_sysctl(cpu[1][0], &call), E_ACCES);
	}
}

static void structs_that_cannot_be_read_or_written_are_faults(void **state)
{
	struct hypercall call = {.arg = {NOWHERE}};

	(void)state;
	assert_int_equal(hypercall_sysctl(cpu[0][0], &call), E_FAULT);
	fake_guest_fail_at(2);
	assert_int_equal(sysctl(XEN_SYSCTL_sched_id), E_FAULT);
}

static void commands_that_are_not_there_are_unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(unknown); i++)
		assert_int_equal(sysctl(unknown[i]), E_NOSYS);
}

static void commands_that_are_not_offered_say_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
		assert_int_equal(sysctl(refused[i].cmd), refused[i].answer);
}

/* The console's text */


static long read_console(uint8_t clear, uint8_t incremental, uint32_t index, uint32_t count)
{
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.readconsole.clear = clear;
	sop.u.readconsole.incremental = incremental;
	sop.u.readconsole.index = index;
	sop.u.readconsole.count = count;
	fake_guest_handle(sop.u.readconsole.buffer, BUFFER);
	return sysctl(XEN_SYSCTL_readconsole);
}

static void console_text_is_read_piece_by_piece(void **state)
{
	char text[1200];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	console_write(text, sizeof(text));
	assert_int_equal(read_console(0, 0, 0, 4096), 0);
	assert_true(sop.u.readconsole.count >= sizeof(text));
	assert_int_equal(*(char *)fake_guest(BUFFER + sop.u.readconsole.count - 2), 'x');
	assert_int_equal(read_console(0, 1, sop.u.readconsole.index, 4096), 0);
	assert_int_equal(sop.u.readconsole.count, 0);
}

static void console_text_that_is_cleared_is_gone_for_those_who_come_later(void **state)
{
	(void)state;
	console_write("one\n", 4);
	assert_int_equal(read_console(1, 0, 0, 65536), 0);
	assert_true(sop.u.readconsole.count >= 4);
	assert_int_equal(read_console(0, 0, 0, 4096), 0);
	assert_int_equal(sop.u.readconsole.count, 0);
	console_write("two\n", 4);
	assert_int_equal(read_console(0, 0, 0, 4096), 0);
	assert_int_equal(sop.u.readconsole.count, 4);
	assert_memory_equal(fake_guest(BUFFER), "two\n", 4);
}

static void console_text_stays_within_the_callers_buffer(void **state)
{
	(void)state;
	console_write("0123456789\n", 11);
	memset(fake_guest(BUFFER), 0xcc, 16);
	assert_int_equal(read_console(0, 0, 0, 3), 0);
	assert_int_equal(sop.u.readconsole.count, 3);
	assert_int_equal(*(uint8_t *)fake_guest(BUFFER + 3), 0xcc);
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.readconsole.count = 10;
	fake_guest_handle(sop.u.readconsole.buffer, NOWHERE);
	assert_int_equal(sysctl(XEN_SYSCTL_readconsole), E_FAULT);
}

static unsigned int presses;
static void pressed(void) { presses++; }

static void keys_are_pressed(void **state)
{
	(void)state;
	presses = 0;
	(void)console_key_register('Y', "counts", pressed);
	memcpy(fake_guest(BUFFER), "YxY", 3);
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.debug_keys.nr_keys = 3;
	fake_guest_handle(sop.u.debug_keys.keys, BUFFER);
	assert_int_equal(sysctl(XEN_SYSCTL_debug_keys), 0);
	assert_int_equal(presses, 2);
	sop.u.debug_keys.nr_keys = 257;
	assert_int_equal(sysctl(XEN_SYSCTL_debug_keys), E_TOOBIG);
	sop.u.debug_keys.nr_keys = 1;
	fake_guest_handle(sop.u.debug_keys.keys, NOWHERE);
	assert_int_equal(sysctl(XEN_SYSCTL_debug_keys), E_FAULT);
	assert_int_equal(presses, 2);
}

/* The list of domains */

static long list(domid_t first, uint32_t max, vaddr_t buffer)
{
	memset(&sop.u, 0, sizeof(sop.u));
	sop.u.getdomaininfolist.first_domain = first;
	sop.u.getdomaininfolist.max_domains = max;
	fake_guest_handle(sop.u.getdomaininfolist.buffer, buffer);
	return sysctl(XEN_SYSCTL_getdomaininfolist);
}

static domid_t listed(unsigned int i)
{
	struct xen_domctl_getdomaininfo info;

	memcpy(&info, fake_guest(BUFFER + i * sizeof(info)), sizeof(info));
	return info.domain;
}

static void domains_are_listed_in_order(void **state)
{
	(void)state;
	assert_int_equal(list(0, 100, BUFFER), 0);
	assert_int_equal(sop.u.getdomaininfolist.num_domains, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(listed(i), i);
	assert_int_equal(list(1, 1, BUFFER), 0);
	assert_int_equal(sop.u.getdomaininfolist.num_domains, 1);
	assert_int_equal(listed(0), 1);
	assert_int_equal(list(3, 100, BUFFER), 0);
	assert_int_equal(sop.u.getdomaininfolist.num_domains, 0);
	assert_int_equal(list(0, 0, NOWHERE), 0);
	assert_int_equal(sop.u.getdomaininfolist.num_domains, 0);
	assert_int_equal(list(UINT16_MAX, UINT32_MAX, BUFFER), 0);
	assert_int_equal(list(0, 3, NOWHERE), E_FAULT);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(dom[i]->references, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		control_test(nobody_but_a_control_domain_may_ask_for_anything),
		control_test(another_interface_version_is_refused_before_anything_else),
		control_test(structs_that_cannot_be_read_or_written_are_faults),
		control_test(commands_that_are_not_there_are_unknown),
		control_test(commands_that_are_not_offered_say_so),
		control_test(console_text_is_read_piece_by_piece),
		control_test(console_text_that_is_cleared_is_gone_for_those_who_come_later),
		control_test(console_text_stays_within_the_callers_buffer),
		control_test(keys_are_pressed),
		control_test(domains_are_listed_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
