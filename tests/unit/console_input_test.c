/* Typed characters: who gets them, and how the focus moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hyp/console.h>
#include <hyp/console_input.h>

static unsigned int notified, pressed;
static char seen[8192];
static size_t seen_length;

static void notify(void) { notified++; }
static void press(void) { pressed++; }

static void sink_write(const char *text, size_t length)
{
	assert_true(seen_length + length < sizeof(seen));
	memcpy(seen + seen_length, text, length);
	seen_length += length;
	seen[seen_length] = '\0';
}

static const struct console_sink sink = {.name = "test", .write = sink_write};

static int set_up(void **state)
{
	char text[2048];

	(void)state;
	console_input_set_focus(CONSOLE_FOCUS_DOMAIN0);
	console_input_read(text, sizeof(text));
	console_input_set_notify(notify);
	notified = pressed = 0;
	seen_length = 0;
	seen[0] = '\0';
	return 0;
}

static int group_set_up(void **state)
{
	(void)state;
	return console_key_register('z', "a key for the test", press) || console_sink_add(&sink);
}

static void type(const char *text)
{
	for (; *text; text++)
		console_input_character(*text);
}

#define EXPECT_INPUT(expected)                                                                                         \
	do {                                                                                                           \
		char text[64];                                                                                         \
		size_t count = console_input_read(text, sizeof(text));                                                 \
		assert_int_equal(count, strlen(expected));                                                             \
		assert_memory_equal(text, expected, count);                                                            \
	} while (0)

static void domain0_reads_what_was_typed_in_order(void **state)
{
	(void)state;
	type("ls\r");
	assert_int_equal(console_input_pending(), 3);
	EXPECT_INPUT("ls\r");
	EXPECT_INPUT("");
}

static void each_character_notifies_domain0(void **state)
{
	(void)state;
	type("ab");
	assert_int_equal(notified, 2);
}

static void three_ctrl_a_move_the_focus_and_are_eaten(void **state)
{
	(void)state;
	type("a\x01\x01\x01z");
	assert_int_equal(console_input_focus(), CONSOLE_FOCUS_HYPERVISOR);
	assert_int_equal(pressed, 1);
	EXPECT_INPUT("a");
	type("\x01\x01\x01z");
	assert_int_equal(console_input_focus(), CONSOLE_FOCUS_DOMAIN0);
	assert_int_equal(pressed, 1);
	EXPECT_INPUT("z");
}

static void fewer_ctrl_a_reach_domain0_with_the_next_character(void **state)
{
	(void)state;
	type("\x01\x01");
	EXPECT_INPUT("");
	type("d");
	EXPECT_INPUT("\x01\x01" "d");
}

static void interrupted_ctrl_a_do_not_add_up(void **state)
{
	(void)state;
	type("\x01\x01x\x01y");
	assert_int_equal(console_input_focus(), CONSOLE_FOCUS_DOMAIN0);
	EXPECT_INPUT("\x01\x01x\x01y");
}

static void overflow_loses_the_newest(void **state)
{
	char text[4096];
	size_t count;

	(void)state;
	type("first");
	for (unsigned int i = 0; i < 5000; i++)
		type("x");
	count = console_input_read(text, sizeof(text));
	assert_int_equal(count, 1024);
	assert_memory_equal(text, "firstx", 6);
}

static void key_of_another_is_refused(void **state)
{
	(void)state;
	assert_int_equal(console_key_register('z', "again", press), E_EXIST);
	assert_int_equal(console_key_register('h', "help", press), E_EXIST);
}

static void key_that_cannot_be_typed_is_refused(void **state)
{
	(void)state;
	assert_int_equal(console_key_register('\n', "x", press), E_INVAL);
	assert_int_equal(console_key_register((char)0x80, "x", press), E_INVAL);
}

static void unknown_key_does_nothing(void **state)
{
	(void)state;
	for (int c = -128; c < 128; c++) {
		if (c != 'z' && c != 'h')
			console_key_press((char)c);
	}
	assert_int_equal(pressed, 0);
	assert_int_equal(seen_length, 0);
}

static void help_lists_each_key(void **state)
{
	(void)state;
	console_key_press('h');
	assert_non_null(strstr(seen, "key 'z': a key for the test\n"));
	assert_non_null(strstr(seen, "key 'h': show this list\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(domain0_reads_what_was_typed_in_order, set_up),
		cmocka_unit_test_setup(each_character_notifies_domain0, set_up),
		cmocka_unit_test_setup(three_ctrl_a_move_the_focus_and_are_eaten, set_up),
		cmocka_unit_test_setup(fewer_ctrl_a_reach_domain0_with_the_next_character, set_up),
		cmocka_unit_test_setup(interrupted_ctrl_a_do_not_add_up, set_up),
		cmocka_unit_test_setup(overflow_loses_the_newest, set_up),
		cmocka_unit_test_setup(key_of_another_is_refused, set_up),
		cmocka_unit_test_setup(key_that_cannot_be_typed_is_refused, set_up),
		cmocka_unit_test_setup(unknown_key_does_nothing, set_up),
		cmocka_unit_test_setup(help_lists_each_key, set_up),
	};

	return cmocka_run_group_tests(tests, group_set_up, NULL);
}
