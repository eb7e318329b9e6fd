/* The console and the log: what reaches the sinks and the ring, from whom, and how much of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <hyp/console.h>

static char seen[65536];
static size_t seen_length;

static void sink_write(const char *text, size_t length)
{
	assert_true(seen_length + length < sizeof(seen));
	memcpy(seen + seen_length, text, length);
	seen_length += length;
	seen[seen_length] = '\0';
}

static const struct console_sink sink = {.name = "test", .write = sink_write};
static struct console_guest guest;
static uint64_t clock_now;

static uint64_t read_clock(void) { return clock_now; }

static void forget(void)
{
	seen_length = 0;
	seen[0] = '\0';
}

static int set_up(void **state)
{
	(void)state;
	console_domain0_write("\n", 1);
	forget();
	console_guest_init(&guest, 0);
	log_set_level(LOG_FROM_US, (struct log_threshold){LOG_INFO + 1, LOG_INFO + 1});
	log_set_level(LOG_FROM_GUESTS, (struct log_threshold){0, LOG_WARNING + 1});
	log_set_clock(NULL);
	return 0;
}

static int group_set_up(void **state)
{
	(void)state;
	return console_sink_add(&sink);
}

static void guest_writes(const char *text) { console_guest_write(&guest, 3, text, strlen(text), clock_now); }

static unsigned int lines_seen(void)
{
	unsigned int lines = 0;

	for (size_t i = 0; i < seen_length; i++)
		lines += seen[i] == '\n';
	return lines;
}

static void line_of_ours_is_marked_and_ended(void **state)
{
	(void)state;
	log_info("%d CPUs", 2);
	assert_string_equal(seen, "(HOSPES) 2 CPUs\n");
}

static void line_below_the_threshold_is_not_printed(void **state)
{
	(void)state;
	log_debug("noise");
	assert_string_equal(seen, "");
}

static void line_too_long_is_cut_and_ended(void **state)
{
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	assert_int_equal(lines_seen(), 1);
	assert_int_equal(seen[seen_length - 1], '\n');
	assert_int_equal(seen_length, 512);
}

static void line_of_ours_starts_at_the_left_after_domain0(void **state)
{
	(void)state;
	console_domain0_write("login: ", 7);
	log_error("x");
	log_error("y");
	assert_string_equal(seen, "login: \n(HOSPES) x\n(HOSPES) y\n");
}

static void domain0_text_stays_as_it_is(void **state)
{
	(void)state;
	console_domain0_write("\033[1mbold\r\n", 10);
	assert_string_equal(seen, "\033[1mbold\r\n");
}

static void domain0_text_is_not_in_the_ring_unless_asked(void **state)
{
	char text[64];
	uint32_t index = 0;

	(void)state;
	console_ring_read(&index, false, text, 0);
	while (console_ring_read(&index, true, text, sizeof(text)))
		;
	console_domain0_write("secret\n", 7);
	assert_int_equal(console_ring_read(&index, true, text, sizeof(text)), 0);
	console_ring_domain0_set(true);
	console_domain0_write("public\n", 7);
	console_ring_domain0_set(false);
	assert_int_equal(console_ring_read(&index, true, text, sizeof(text)), 7);
}

static void guest_text_is_marked_line_by_line(void **state)
{
	(void)state;
	guest_writes("hel");
	assert_string_equal(seen, "");
	guest_writes("lo\nwor");
	assert_string_equal(seen, "(d3) hello\n");
	guest_writes("ld\n");
	assert_string_equal(seen, "(d3) hello\n(d3) world\n");
}

static void guest_text_loses_control_characters(void **state)
{
	(void)state;
	guest_writes("a\033[2J\r\x01\x80\xff" "b\tc\n");
	assert_string_equal(seen, "(d3) a[2Jb\tc\n");
}

static void guest_line_without_end_is_broken(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'a', sizeof(text));
	console_guest_write(&guest, 65535, text, sizeof(text), 0);
	assert_int_equal(lines_seen(), 1000 / sizeof(guest.line));
}

static void guest_that_floods_is_cut_off_and_told_of(void **state)
{
	(void)state;
	clock_now = 0;
	for (unsigned int i = 0; i < 1000; i++)
		guest_writes("flood\n");
	assert_int_equal(lines_seen(), guest.limit.burst);
	forget();
	clock_now = NANOSECONDS_PER_SECOND;
	guest_writes("later\n");
	assert_string_equal(seen, "(d3) [936 lines dropped]\n(d3) later\n");
	clock_now = 0;
}

static void one_guest_does_not_use_up_anothers_rate(void **state)
{
	struct console_guest other;

	(void)state;
	console_guest_init(&other, 0);
	for (unsigned int i = 0; i < 1000; i++)
		guest_writes("flood\n");
	forget();
	console_guest_write(&other, 4, "me too\n", 7, 0);
	assert_string_equal(seen, "(d4) me too\n");
}

static void guest_text_is_left_out_where_its_level_says_so(void **state)
{
	(void)state;
	log_set_level(LOG_FROM_GUESTS, (struct log_threshold){0, LOG_ERROR + 1});
	guest_writes("quiet\n");
	assert_string_equal(seen, "");
	log_set_level(LOG_FROM_GUESTS, (struct log_threshold){LOG_WARNING + 1, 0});
	guest_writes("loud\n");
	assert_string_equal(seen, "(d3) loud\n");
}

static void lines_about_guests_are_limited_in_rate(void **state)
{
	(void)state;
	clock_now = 1;
	log_set_clock(read_clock);
	for (unsigned int i = 0; i < 1000; i++)
		log_guest(LOG_WARNING, 5, "bad thing %u", i);
	assert_in_range(lines_seen(), 1, 30);
	assert_non_null(strstr(seen, "(HOSPES) d5: bad thing 0\n"));
	clock_now = 0;
}

static void debug_lines_about_guests_are_not_printed_by_default(void **state)
{
	(void)state;
	log_guest(LOG_DEBUG, 5, "noise");
	assert_string_equal(seen, "");
}

static void ring_is_read_on_from_where_it_stopped(void **state)
{
	char text[64];
	uint32_t index = 0;

	(void)state;
	while (console_ring_read(&index, true, text, sizeof(text)))
		;
	log_info("one");
	assert_int_equal(console_ring_read(&index, true, text, sizeof(text)), 13);
	assert_memory_equal(text, "(HOSPES) one\n", 13);
	assert_int_equal(console_ring_read(&index, true, text, sizeof(text)), 0);
	console_ring_clear(index);
	assert_int_equal(console_ring_read(&index, false, text, sizeof(text)), 0);
}

static void ring_of_odd_size_is_refused(void **state)
{
	static char storage[8192];

	(void)state;
	assert_int_equal(console_ring_set(storage, 5000), E_INVAL);
	assert_int_equal(console_ring_set(storage, 2048), E_INVAL);
	assert_int_equal(console_ring_set(storage, 8192), OK);
}

static void too_many_sinks_are_refused(void **state)
{
	static const struct console_sink more[4] = {
		{.name = "a", .write = sink_write}, {.name = "b", .write = sink_write}, {.name = "c", .write = sink_write}};

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(console_sink_add(&more[i]), OK);
	assert_int_equal(console_sink_add(&more[3]), E_NOSPC);
	for (unsigned int i = 0; i < 3; i++)
		console_sink_remove(&more[i]);
	log_info("once");
	assert_string_equal(seen, "(HOSPES) once\n");
}

static void levels_are_parsed_as_their_names(void **state)
{
	static const struct {
		const char *text;
		unsigned int always, limited;
	} cases[] = {
		{"none", 0, 0}, {"error", 1, 1}, {"warning", 2, 2}, {"info", 3, 3}, {"debug", 4, 4}, {"all", 4, 4},
		{"error/warning", 1, 2}, {"none/all", 0, 4}, {"all/none", 4, 4},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(cases); i++) {
		struct log_threshold t;

		assert_int_equal(log_level_parse(cases[i].text, &t), OK);
		assert_int_equal(t.always, cases[i].always);
		assert_int_equal(t.limited, cases[i].limited);
	}
}

static void levels_that_do_not_exist_are_refused(void **state)
{
	static const char *const texts[] = {"", "loud", "error/", "/error", "errors", "error/warning/info", "error "};
	struct log_threshold t = {9, 9};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(texts); i++)
		assert_int_equal(log_level_parse(texts[i], &t), E_INVAL);
	assert_int_equal(t.always, 9);
}

static unsigned int ring_news;
static void ring_written(void)
{
	char text[8];
	uint32_t index = 0;

	/* It is there, and the lock is free. */
	assert_int_equal(console_ring_read(&index, false, text, sizeof(text)), sizeof(text));
	ring_news++;
}

static void who_reads_the_ring_is_told_of_what_it_gets(void **state)
{
	(void)state;
	console_ring_set_notify(ring_written);
	log_info("a line of ours");
	assert_int_equal(ring_news, 1);
	guest_writes("a line of a guest\n");
	assert_int_equal(ring_news, 2);
	console_domain0_write("not kept\n", 9);
	assert_int_equal(ring_news, 2);
	console_ring_domain0_set(true);
	console_domain0_write("kept\n", 5);
	assert_int_equal(ring_news, 3);
	console_ring_domain0_set(false);
	console_ring_set_notify(NULL);
	log_info("told to nobody");
	assert_int_equal(ring_news, 3);
}

/* Last: it is not taken back. */
static void forced_console_writes_without_its_lock(void **state)
{
	(void)state;
	console_force();
	log_error("stopping");
	assert_string_equal(seen, "(HOSPES) stopping\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(line_of_ours_is_marked_and_ended, set_up),
		cmocka_unit_test_setup(line_below_the_threshold_is_not_printed, set_up),
		cmocka_unit_test_setup(line_too_long_is_cut_and_ended, set_up),
		cmocka_unit_test_setup(line_of_ours_starts_at_the_left_after_domain0, set_up),
		cmocka_unit_test_setup(domain0_text_stays_as_it_is, set_up),
		cmocka_unit_test_setup(domain0_text_is_not_in_the_ring_unless_asked, set_up),
		cmocka_unit_test_setup(guest_text_is_marked_line_by_line, set_up),
		cmocka_unit_test_setup(guest_text_loses_control_characters, set_up),
		cmocka_unit_test_setup(guest_line_without_end_is_broken, set_up),
		cmocka_unit_test_setup(guest_that_floods_is_cut_off_and_told_of, set_up),
		cmocka_unit_test_setup(one_guest_does_not_use_up_anothers_rate, set_up),
		cmocka_unit_test_setup(guest_text_is_left_out_where_its_level_says_so, set_up),
		cmocka_unit_test_setup(lines_about_guests_are_limited_in_rate, set_up),
		cmocka_unit_test_setup(debug_lines_about_guests_are_not_printed_by_default, set_up),
		cmocka_unit_test_setup(ring_is_read_on_from_where_it_stopped, set_up),
		cmocka_unit_test_setup(ring_of_odd_size_is_refused, set_up),
		cmocka_unit_test_setup(too_many_sinks_are_refused, set_up),
		cmocka_unit_test_setup(levels_are_parsed_as_their_names, set_up),
		cmocka_unit_test_setup(levels_that_do_not_exist_are_refused, set_up),
		cmocka_unit_test_setup(who_reads_the_ring_is_told_of_what_it_gets, set_up),
		cmocka_unit_test_setup(forced_console_writes_without_its_lock, set_up),
	};

	return cmocka_run_group_tests(tests, group_set_up, NULL);
}
