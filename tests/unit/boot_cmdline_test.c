/* The command line: each form of value, and what is said about words that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <hyp/boot/cmdline.h>

static struct boot_options options;
static struct text dom0;
static char said[4096];
static unsigned int said_count;

static void say(void *, const char *line)
{
	said_count++;
	strncat(said, line, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

/* The first word is the image's, so that the rest are ours. */
static void parse(const char *words)
{
	char line[1024];
	struct boot_report report = {say, NULL};

	snprintf(line, sizeof(line), "/boot/hospes %s", words);
	said[0] = 0;
	said_count = 0;
	cmdline_parse((struct text){line, strlen(line)}, &report, &options, &dom0);
}

static void parse_well(const char *words)
{
	parse(words);
	assert_string_equal(said, "");
}

/* The word is named in the one message, and nothing changes. */
static void is_refused(const char *word)
{
	static struct boot_options fresh;

	parse_well("");
	fresh = options;
	parse(word);
	assert_int_equal(said_count, 1);
	assert_non_null(strstr(said, word));
	assert_memory_equal(&fresh, &options, sizeof(options));
}

static void without_words_everything_is_default(void **)
{
	parse_well("");
	assert_false(options.console_given);
	assert_false(options.dom0_mem.size.given);
	assert_int_equal(options.smep, BOOT_SWITCH_UNSET);
	assert_int_equal(options.cpuid_mask.ecx, UINT32_MAX);
	assert_int_equal(dom0.bytes, 0);
}

static void console_list_keeps_its_order(void **)
{
	parse_well("console=vga,com1,e9,com2");
	assert_int_equal(options.console_count, 4);
	assert_int_equal(options.console[0], BOOT_CONSOLE_VGA);
	assert_int_equal(options.console[1], BOOT_CONSOLE_COM1);
	assert_int_equal(options.console[2], BOOT_CONSOLE_E9);
	assert_int_equal(options.console[3], BOOT_CONSOLE_COM2);
	parse_well("console=none");
	assert_true(options.console_given);
	assert_int_equal(options.console_count, 0);
}

static void bad_console_lists_are_refused(void **)
{
	is_refused("console=com3");
	is_refused("console=");
	is_refused("console");
	is_refused("console=com1,com1,com1,com1,com1");
	is_refused("no-console");
}

static void serial_port_takes_all_four_parts(void **)
{
	parse_well("com1=115200,8n1,0x3f8,4 com2=9600/1843200,7e2");
	assert_true(options.com1.given && options.com1.has_irq);
	assert_int_equal(options.com1.baud, 115200);
	assert_int_equal(options.com1.data_bits, 8);
	assert_int_equal(options.com1.parity, 'n');
	assert_int_equal(options.com1.stop_bits, 1);
	assert_int_equal(options.com1.io_base, 0x3f8);
	assert_int_equal(options.com1.irq, 4);
	assert_int_equal(options.com2.base_baud, 1843200);
	assert_int_equal(options.com2.data_bits, 7);
	assert_false(options.com2.has_irq);
}

static void serial_parts_may_be_empty(void **)
{
	parse_well("com1=auto com2=,,0x2f8");
	assert_true(options.com1.baud_auto);
	assert_int_equal(options.com2.baud, 0);
	assert_int_equal(options.com2.io_base, 0x2f8);
}

static void bad_serial_ports_are_refused(void **)
{
	static const char *const words[] = {
		"com1", "com1=", "com1=,,,", "com1=fast", "com1=0", "com1=9600,9n1", "com1=9600,8x1", "com1=9600,8n3",
		"com1=9600,8n", "com1=9600,8n1,pci", "com1=9600,8n1,0", "com1=9600,8n1,0x3f8,256",
		"com1=9600,8n1,0x3f8,4,5", "com1=9600/x", "no-com1",
	};

	for (unsigned int i = 0; i < ARRAY_COUNT(words); i++)
		is_refused(words[i]);
}

static void dom0_memory_has_size_min_and_max(void **)
{
	parse_well("dom0_mem=512M,min:0x100M,max:1g");
	assert_int_equal(options.dom0_mem.size.bytes, 512ull << 20);
	assert_int_equal(options.dom0_mem.min.bytes, 256ull << 20);
	assert_int_equal(options.dom0_mem.max.bytes, 1ull << 30);
	parse_well("dom0_mem=-256M");
	assert_true(options.dom0_mem.size.negative);
	assert_int_equal(options.dom0_mem.size.bytes, 256ull << 20);
	assert_false(options.dom0_mem.max.given);
}

static void bad_dom0_memory_is_refused(void **)
{
	is_refused("dom0_mem=");
	is_refused("dom0_mem=min:");
	is_refused("dom0_mem=512Q");
	is_refused("dom0_mem=512M,low:1M");
	is_refused("dom0_mem=--1M");
}

static void size_without_a_suffix_is_in_kib(void **)
{
	parse_well("conring_size=64 mem=4G");
	assert_int_equal(options.conring_size, 65536);
	assert_int_equal(options.mem, 4ull << 30);
	parse_well("conring_size=100B mem=1T");
	assert_int_equal(options.conring_size, 100);
	assert_int_equal(options.mem, 1ull << 40);
	parse_well("conring_size=0x1b mem=017K"); /* that b is a digit, that 0 means base 8 */
	assert_int_equal(options.conring_size, 0x1b * 1024);
	assert_int_equal(options.mem, 15 * 1024);
}

static void size_that_overflows_is_refused(void **)
{
	is_refused("mem=18014398509481984");
	is_refused("mem=0x10000000000000000B");
	is_refused("mem=16777216T");
	is_refused("mem=");
	is_refused("mem=G");
	is_refused("mem");
	is_refused("no-mem");
}

static void vcpu_count_is_a_number_or_a_range(void **)
{
	parse_well("dom0_max_vcpus=4");
	assert_int_equal(options.dom0_max_vcpus.min, 4);
	assert_int_equal(options.dom0_max_vcpus.max, 4);
	parse_well("dom0_max_vcpus=2-8");
	assert_int_equal(options.dom0_max_vcpus.min, 2);
	assert_int_equal(options.dom0_max_vcpus.max, 8);
	parse_well("dom0_max_vcpus=-8");
	assert_int_equal(options.dom0_max_vcpus.min, 1);
	assert_int_equal(options.dom0_max_vcpus.max, 8);
	parse_well("dom0_max_vcpus=2-");
	assert_int_equal(options.dom0_max_vcpus.min, 2);
	assert_true(options.dom0_max_vcpus.max >= 512);
}

static void bad_vcpu_counts_are_refused(void **)
{
	is_refused("dom0_max_vcpus=0");
	is_refused("dom0_max_vcpus=");
	is_refused("dom0_max_vcpus=-");
	is_refused("dom0_max_vcpus=8-2");
	is_refused("dom0_max_vcpus=1-2-3");
	is_refused("dom0_max_vcpus=x");
	is_refused("dom0_max_vcpus=1-99999");
}

static void boolean_has_all_its_forms(void **)
{
	static const char *const on[] = {"noreboot", "noreboot=1", "noreboot=yes", "noreboot=on", "noreboot=true",
					 "noreboot=enable"};
	static const char *const off[] = {"noreboot no-noreboot", "noreboot noreboot=0", "noreboot noreboot=no",
					  "noreboot noreboot=off", "noreboot noreboot=false",
					  "noreboot noreboot=disable"};

	for (unsigned int i = 0; i < ARRAY_COUNT(on); i++) {
		parse_well(on[i]);
		assert_true(options.noreboot);
		parse_well(off[i]);
		assert_false(options.noreboot);
	}
}

static void bad_booleans_are_refused(void **)
{
	is_refused("noreboot=2");
	is_refused("noreboot=");
	is_refused("smep=hvm");
	is_refused("no-smep=1");
	is_refused("no-smep=");
}

static void switch_knows_off_on_and_unset(void **)
{
	parse_well("no-smep smap=1 xsave");
	assert_int_equal(options.smep, BOOT_SWITCH_OFF);
	assert_int_equal(options.smap, BOOT_SWITCH_ON);
	assert_int_equal(options.xsave, BOOT_SWITCH_ON);
	assert_int_equal(options.pcid, BOOT_SWITCH_UNSET);
	assert_int_equal(options.x2apic, BOOT_SWITCH_UNSET);
}

static void name_that_begins_with_no_is_its_own_word(void **)
{
	parse_well("no-real-mode nosmp noapic");
	assert_true(options.no_real_mode && options.nosmp && options.noapic);
}

static void log_levels_are_one_or_two(void **)
{
	parse_well("loglvl=all guest_loglvl=error/warning");
	assert_int_equal(options.loglvl.always, BOOT_LOG_DEBUG);
	assert_int_equal(options.loglvl.limited, BOOT_LOG_DEBUG);
	assert_int_equal(options.guest_loglvl.always, BOOT_LOG_ERROR);
	assert_int_equal(options.guest_loglvl.limited, BOOT_LOG_WARNING);
	parse_well("loglvl=info/none");
	assert_int_equal(options.loglvl.limited, BOOT_LOG_INFO);
	is_refused("loglvl=loud");
	is_refused("loglvl=info/loud");
	is_refused("loglvl");
}

static void choices_take_their_words_only(void **)
{
	parse_well("tsc=stable:socket clocksource=hpet edd=off console_timestamps=boot watchdog=force");
	assert_int_equal(options.tsc, BOOT_TSC_STABLE_SOCKET);
	assert_int_equal(options.clocksource, BOOT_CLOCK_HPET);
	assert_int_equal(options.edd, BOOT_EDD_OFF);
	assert_int_equal(options.console_timestamps, BOOT_TIMESTAMPS_BOOT);
	assert_int_equal(options.watchdog, BOOT_WATCHDOG_FORCE);
	parse_well("console_timestamps watchdog");
	assert_int_equal(options.console_timestamps, BOOT_TIMESTAMPS_DATE);
	assert_int_equal(options.watchdog, BOOT_WATCHDOG_ON);
	parse_well("no-console_timestamps watchdog=0");
	assert_int_equal(options.console_timestamps, BOOT_TIMESTAMPS_NONE);
	assert_int_equal(options.watchdog, BOOT_WATCHDOG_OFF);
	is_refused("tsc=");
	is_refused("tsc=stable");
	is_refused("clocksource=sundial");
	is_refused("edd=maybe");
	is_refused("console_timestamps=later");
	is_refused("watchdog=cat");
}

static void texts_are_kept_if_they_fit(void **)
{
	char word[300] = "cpuid=";

	parse_well("sched=credit cpuid_mask_cpu=fam_10_rev_c");
	assert_string_equal(options.sched, "credit");
	assert_string_equal(options.cpuid_mask_cpu, "fam_10_rev_c");
	is_refused("sched=");
	is_refused("sched");
	is_refused("sched=a-name-of-16-char");
	memset(word + 6, 'x', 256);
	parse(word);
	assert_int_equal(said_count, 1);
	assert_string_equal(options.cpuid, "");
}

static void l1tf_is_asked_of_domains(void **)
{
	parse_well("");
	assert_false(options.pv_l1tf.dom0);
	assert_true(options.pv_l1tf.domu);
	parse_well("pv-l1tf");
	assert_true(options.pv_l1tf.dom0 && options.pv_l1tf.domu);
	parse_well("no-pv-l1tf");
	assert_false(options.pv_l1tf.dom0 || options.pv_l1tf.domu);
	parse_well("pv-l1tf=dom0,domu=0");
	assert_true(options.pv_l1tf.dom0);
	assert_false(options.pv_l1tf.domu);
	parse_well("pv-l1tf=off,dom0=yes");
	assert_true(options.pv_l1tf.dom0);
	assert_false(options.pv_l1tf.domu);
	parse_well("pv-l1tf=no-domu");
	assert_false(options.pv_l1tf.dom0 || options.pv_l1tf.domu);
	is_refused("pv-l1tf=dom1");
	is_refused("pv-l1tf=dom0=maybe");
	is_refused("pv-l1tf=dom0,no-domu=1");
	assert_false(options.pv_l1tf.dom0);
}

static void numbers_are_within_their_bounds(void **)
{
	parse_well("maxcpus=4 cpuid_mask_ext_edx=0xfffffffe");
	assert_int_equal(options.maxcpus, 4);
	assert_int_equal(options.cpuid_mask.ext_edx, 0xfffffffe);
	is_refused("cpuid_mask_ecx=0x100000000");
	is_refused("maxcpus=-1");
	is_refused("maxcpus=4x");
	is_refused("maxcpus=09");
}

static void list_gives_names_and_what_is_switched_off(void **)
{
	struct text rest, name;
	bool on;

	parse_well("cpuid=no-avx,,sse4_2");
	rest = (struct text){options.cpuid, strlen(options.cpuid)};
	assert_true(boot_list_next(&rest, &name, &on));
	assert_true(text_equal(name, "avx"));
	assert_false(on);
	assert_true(boot_list_next(&rest, &name, &on));
	assert_true(text_equal(name, "sse4_2"));
	assert_true(on);
	assert_false(boot_list_next(&rest, &name, &on));
}

static void last_of_a_name_wins(void **)
{
	parse_well("maxcpus=4 console=vga maxcpus=2 console=com1 sched=credit2 sched=null");
	assert_int_equal(options.maxcpus, 2);
	assert_int_equal(options.console_count, 1);
	assert_int_equal(options.console[0], BOOT_CONSOLE_COM1);
	assert_string_equal(options.sched, "null");
}

static void bad_value_keeps_the_one_before(void **)
{
	parse("maxcpus=4 maxcpus=many");
	assert_int_equal(options.maxcpus, 4);
	assert_int_equal(said_count, 1);
}

static void unknown_word_is_reported_with_its_name(void **)
{
	is_refused("frobnicate=1");
	is_refused("frobnicate");
	is_refused("no-frobnicate");
	is_refused("=");
}

static void report_of_unprintable_words_is_printable(void **)
{
	parse("\x1b[31mred");
	assert_non_null(strstr(said, "?[31mred"));
	assert_null(strchr(said, '\x1b'));
}

static void first_word_may_be_the_image(const char *line, unsigned int reports)
{
	struct boot_report report = {say, NULL};

	said_count = 0;
	cmdline_parse((struct text){line, strlen(line)}, &report, &options, &dom0);
	assert_int_equal(said_count, reports);
}

static void image_name_or_placeholder_is_skipped(void **)
{
	first_word_may_be_the_image("/boot/hospes.gz", 0);
	first_word_may_be_the_image("placeholder nosmp", 0);
	assert_true(options.nosmp);
	first_word_may_be_the_image("(hd0,msdos1)/boot/a=b", 0);
	first_word_may_be_the_image("  nosmp", 0);
	assert_true(options.nosmp);
	first_word_may_be_the_image("mistyped=1", 1);
	first_word_may_be_the_image("placeholder placeholder", 1);
	first_word_may_be_the_image("", 0);
}

static void words_behind_two_dashes_are_for_domain_0(void **)
{
	parse_well("nosmp --   root=/dev/vda  quiet -- single");
	assert_true(options.nosmp);
	assert_int_equal(dom0.bytes, strlen("root=/dev/vda  quiet -- single"));
	assert_memory_equal(dom0.at, "root=/dev/vda  quiet -- single", dom0.bytes);
	parse_well("nosmp --");
	assert_int_equal(dom0.bytes, 0);
}

static void line_ends_at_a_nul(void **)
{
	static const char line[] = "x nosmp\0noapic";
	struct boot_report report = {say, NULL};

	cmdline_parse((struct text){line, sizeof(line)}, &report, &options, &dom0);
	assert_true(options.nosmp);
	assert_false(options.noapic);
}

static void each_word_has_a_name_and_help_and_comes_once(void **)
{
	const char *name, *help, *other;
	unsigned int count = 0;

	for (; cmdline_describe(count, &name, &help); count++) {
		assert_true(strlen(name) && strlen(help));
		for (unsigned int i = 0; i < count; i++) {
			cmdline_describe(i, &other, &help);
			assert_string_not_equal(name, other);
		}
	}
	assert_true(count > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_words_everything_is_default),
		cmocka_unit_test(console_list_keeps_its_order),
		cmocka_unit_test(bad_console_lists_are_refused),
		cmocka_unit_test(serial_port_takes_all_four_parts),
		cmocka_unit_test(serial_parts_may_be_empty),
		cmocka_unit_test(bad_serial_ports_are_refused),
		cmocka_unit_test(dom0_memory_has_size_min_and_max),
		cmocka_unit_test(bad_dom0_memory_is_refused),
		cmocka_unit_test(size_without_a_suffix_is_in_kib),
		cmocka_unit_test(size_that_overflows_is_refused),
		cmocka_unit_test(vcpu_count_is_a_number_or_a_range),
		cmocka_unit_test(bad_vcpu_counts_are_refused),
		cmocka_unit_test(boolean_has_all_its_forms),
		cmocka_unit_test(bad_booleans_are_refused),
		cmocka_unit_test(switch_knows_off_on_and_unset),
		cmocka_unit_test(name_that_begins_with_no_is_its_own_word),
		cmocka_unit_test(log_levels_are_one_or_two),
		cmocka_unit_test(choices_take_their_words_only),
		cmocka_unit_test(texts_are_kept_if_they_fit),
		cmocka_unit_test(l1tf_is_asked_of_domains),
		cmocka_unit_test(numbers_are_within_their_bounds),
		cmocka_unit_test(list_gives_names_and_what_is_switched_off),
		cmocka_unit_test(last_of_a_name_wins),
		cmocka_unit_test(bad_value_keeps_the_one_before),
		cmocka_unit_test(unknown_word_is_reported_with_its_name),
		cmocka_unit_test(report_of_unprintable_words_is_printable),
		cmocka_unit_test(image_name_or_placeholder_is_skipped),
		cmocka_unit_test(words_behind_two_dashes_are_for_domain_0),
		cmocka_unit_test(line_ends_at_a_nul),
		cmocka_unit_test(each_word_has_a_name_and_help_and_comes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
