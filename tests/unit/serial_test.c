/* The serial port: detection, set-up, output that never hangs nor holds up its writer, input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fakes/io_fake.h>
#include <hyp/console.h>
#include <hyp/console_input.h>
#include <hyp/drivers/serial.h>

#define PORT 0x3f8

static struct {
	uint8_t scratch, interrupt_enable, line_control, divisor[2], modem_control, fifo_control;
	bool has_scratch, has_fifo, busy;
	bool slow; /* the transmitter is empty only when the line has taken it: uart_line_takes */
	unsigned int fifo_used;	  /* characters since the transmitter was seen empty */
	unsigned int status_reads;
	bool overrun;
	bool has_risen; /* the line to the interrupt controller, since somebody looked */
	const char *input;
	unsigned int reads_until_empty; /* of the status, if it is slow; 0: never by itself */
	char output[4096];
	size_t output_length, written;
} uart;

static uint8_t line_status(void)
{
	bool busy;

	uart.status_reads++;
	if (uart.reads_until_empty && uart.status_reads % uart.reads_until_empty == 0)
		uart.fifo_used = 0;
	busy = uart.busy || (uart.slow && uart.fifo_used);
	if (!busy)
		uart.fifo_used = 0;
	return (uint8_t)((busy ? 0 : 0x60) | (*uart.input ? 1 : 0));
}

/* The line to the interrupt controller is high. */
static bool interrupts(void)
{
	bool empty = !uart.busy && !(uart.slow && uart.fifo_used);

	return (uart.interrupt_enable & 1 && *uart.input) || (uart.interrupt_enable & 2 && empty);
}

static void interrupt_enable_write(uint8_t value)
{
	bool was_high = interrupts();

	uart.interrupt_enable = value;
	uart.has_risen |= !was_high && interrupts();
}

static uint32_t port_in(uint16_t port, unsigned int bytes)
{
	assert_int_equal(bytes, 1);
	switch (port - PORT) {
	case 0:
		return *uart.input ? (uint8_t)*uart.input++ : 0;
	case 2:
		return (uart.has_fifo && (uart.fifo_control & 1) ? 0xc0 : 0) | !interrupts();
	case 5:
		return line_status();
	case 7:
		return uart.has_scratch ? uart.scratch : 0;
	default:
		return UINT32_MAX;
	}
}

static void transmit(uint8_t c)
{
	uart.written++;
	uart.overrun |= uart.fifo_used++ >= (uart.has_fifo ? 16 : 1);
	if (uart.output_length < sizeof(uart.output) - 1)
		uart.output[uart.output_length++] = (char)c;
}

static void port_out(uint16_t port, unsigned int bytes, uint32_t value)
{
	assert_int_equal(bytes, 1);
	switch (port - PORT) {
	case 0:
		if (uart.line_control & 0x80)
			uart.divisor[0] = (uint8_t)value;
		else
			transmit((uint8_t)value);
		break;
	case 1:
		if (uart.line_control & 0x80)
			uart.divisor[1] = (uint8_t)value;
		else
			interrupt_enable_write((uint8_t)value);
		break;
	case 2:
		uart.fifo_control = (uint8_t)value;
		break;
	case 3:
		uart.line_control = (uint8_t)value;
		break;
	case 4:
		uart.modem_control = (uint8_t)value;
		break;
	case 7:
		uart.scratch = (uint8_t)value;
		break;
	}
}

static const struct io_fake_ports ports = {port_in, port_out};

/* The line has sent what the transmitter held; true if the port interrupts. */
static bool uart_line_takes(void)
{
	uart.fifo_used = 0;
	return uart.interrupt_enable & 2;
}

static void uart_reset(void)
{
	memset(&uart, 0, sizeof(uart));
	uart.has_scratch = uart.has_fifo = true;
	uart.input = "";
	io_fake_reset();
	io_fake_set_ports(&ports);
}

/* The port is a sink of the console once, in the first test that finds it; later ones start from there. */
static int set_up(void **state)
{
	(void)state;
	uart.busy = uart.slow = false;
	uart.input = "";
	console_domain0_write("\n", 1);
	uart.fifo_used = 0;
	memset(uart.output, 0, sizeof(uart.output));
	uart.output_length = uart.written = uart.status_reads = uart.reads_until_empty = 0;
	uart.overrun = false;
	return 0;
}

static void port_that_is_not_there_is_refused(void **state)
{
	const struct serial_config config = SERIAL_COM1;

	(void)state;
	uart_reset();
	io_fake_set_ports(NULL);
	assert_int_equal(serial_init(&config), E_NODEV);
	assert_false(serial_owns_port(PORT));
	assert_int_equal(serial_irq(), 0);
	uart_reset();
	uart.has_scratch = false;
	assert_int_equal(serial_init(&config), E_NODEV);
}

static void configuration_that_makes_no_sense_is_refused(void **state)
{
	struct serial_config configs[] = {SERIAL_COM1, SERIAL_COM1, SERIAL_COM1, SERIAL_COM1, SERIAL_COM1, SERIAL_COM1};

	(void)state;
	uart_reset();
	configs[0].port = 0;
	configs[1].data_bits = 9;
	configs[2].stop_bits = 0;
	configs[3].parity = 'x';
	configs[4].baud = 115201;
	configs[5].baud = 1;
	for (unsigned int i = 0; i < ARRAY_COUNT(configs); i++)
		assert_int_equal(serial_init(&configs[i]), E_INVAL);
}

static void port_is_set_up_as_configured(void **state)
{
	struct serial_config config = SERIAL_COM1;

	(void)state;
	uart_reset();
	config.baud = 38400;
	config.data_bits = 7;
	config.parity = 'e';
	config.stop_bits = 2;
	assert_int_equal(serial_init(&config), OK);
	assert_int_equal(uart.divisor[0], 3);
	assert_int_equal(uart.divisor[1], 0);
	assert_int_equal(uart.line_control, 0x1e);
	assert_int_equal(uart.modem_control, 0x0b);
	assert_int_equal(uart.interrupt_enable, 0);
	assert_int_equal(serial_irq(), 4);
	assert_true(serial_owns_port(0x3ff));
	assert_false(serial_owns_port(0x400));
	assert_false(serial_owns_port(0x3f7));
}

static void lines_end_with_return_and_newline(void **state)
{
	(void)state;
	console_domain0_write("a\nb\r\n", 5);
	assert_string_equal(uart.output, "a\r\nb\r\n");
}

static void fifo_is_filled_and_never_overrun(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	console_domain0_write(text, sizeof(text));
	assert_int_equal(uart.output_length, sizeof(text));
	assert_false(uart.overrun);
	assert_in_range(uart.status_reads, 63, 70);
}

static void port_that_is_stuck_loses_text_but_never_hangs(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	uart.busy = true;
	uart.fifo_used = 0;
	console_domain0_write(text, sizeof(text));
	assert_int_equal(uart.output_length, 0);
	/* One long wait, then short ones. */
	assert_in_range(uart.status_reads, 1, 300000);
	uart.busy = false;
	console_domain0_write("back", 4);
	assert_string_equal(uart.output, "back");
}

static void interrupts_are_enabled_when_asked(void **state)
{
	(void)state;
	serial_interrupts_enable();
	assert_int_equal(uart.interrupt_enable, 1);
}

static void slow_line_does_not_hold_up_its_writer(void **state)
{
	char text[1000];
	unsigned int interrupts = 0;

	(void)state;
	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	uart.slow = true;
	console_domain0_write(text, sizeof(text));
	/* The first characters, and two looks at the status. */
	assert_int_equal(uart.output_length, 16);
	assert_in_range(uart.status_reads, 1, 2);
	assert_int_equal(uart.interrupt_enable, 3);
	/* More in the meantime comes behind. */
	console_domain0_write("end", 3);
	while (uart_line_takes()) {
		interrupts++;
		serial_interrupt();
	}
	assert_int_equal(uart.output_length, sizeof(text) + 3);
	assert_memory_equal(uart.output, text, sizeof(text));
	assert_string_equal(uart.output + sizeof(text), "end");
	assert_false(uart.overrun);
	assert_in_range(interrupts, 62, 65);
	assert_int_equal(uart.interrupt_enable, 1);
}

static void more_than_the_ring_holds_waits_for_the_line(void **state)
{
	static char text[20000];

	(void)state;
	memset(text, 'z', sizeof(text));
	/* It moves on while it is waited for. */
	uart.slow = true;
	uart.reads_until_empty = 100;
	console_domain0_write(text, sizeof(text));
	while (uart_line_takes())
		serial_interrupt();
	assert_int_equal(uart.written, sizeof(text));
	assert_false(uart.overrun);
}

static void port_that_is_stuck_keeps_what_the_ring_holds(void **state)
{
	static char text[20000];

	(void)state;
	memset(text, 'z', sizeof(text));
	uart.slow = true;
	console_domain0_write(text, sizeof(text));
	assert_in_range(uart.status_reads, 1, 300000);
	while (uart_line_takes())
		serial_interrupt();
	assert_int_equal(uart.written, 16384 + 16);
}

static void input_reaches_domain0(void **state)
{
	char text[8];

	(void)state;
	console_input_set_focus(CONSOLE_FOCUS_DOMAIN0);
	uart.input = "ls\r";
	serial_interrupt();
	assert_int_equal(console_input_read(text, sizeof(text)), 3);
	assert_memory_equal(text, "ls\r", 3);
}

static void endless_input_is_taken_in_pieces(void **state)
{
	static char flood[10000];
	char text[2048];
	size_t taken = 0;

	(void)state;
	memset(flood, 'y', sizeof(flood) - 1);
	uart.input = flood;
	/* On controllers that see changes alone, what is left must raise the line again. */
	do {
		size_t piece;

		uart.has_risen = false;
		serial_interrupt();
		piece = console_input_read(text, sizeof(text));
		assert_in_range(piece, 1, 1024);
		taken += piece;
	} while (uart.has_risen);
	assert_int_equal(taken, sizeof(flood) - 1);
}

/* The last of all: it cannot be taken back. */
static void what_waits_is_written_when_the_machine_stops(void **state)
{
	char text[100];

	(void)state;
	memset(text, 'x', sizeof(text));
	uart.slow = true;
	console_domain0_write(text, sizeof(text));
	assert_int_equal(uart.output_length, 16);
	uart.slow = false;
	console_force();
	assert_int_equal(uart.output_length, sizeof(text));
	console_domain0_write(text, sizeof(text));
	assert_int_equal(uart.output_length, 2 * sizeof(text));
	assert_false(uart.overrun);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_that_is_not_there_is_refused),
		cmocka_unit_test(configuration_that_makes_no_sense_is_refused),
		cmocka_unit_test(port_is_set_up_as_configured),
		cmocka_unit_test_setup(lines_end_with_return_and_newline, set_up),
		cmocka_unit_test_setup(fifo_is_filled_and_never_overrun, set_up),
		cmocka_unit_test_setup(port_that_is_stuck_loses_text_but_never_hangs, set_up),
		cmocka_unit_test_setup(interrupts_are_enabled_when_asked, set_up),
		cmocka_unit_test_setup(slow_line_does_not_hold_up_its_writer, set_up),
		cmocka_unit_test_setup(more_than_the_ring_holds_waits_for_the_line, set_up),
		cmocka_unit_test_setup(port_that_is_stuck_keeps_what_the_ring_holds, set_up),
		cmocka_unit_test_setup(input_reaches_domain0, set_up),
		cmocka_unit_test_setup(endless_input_is_taken_in_pieces, set_up),
		cmocka_unit_test_setup(what_waits_is_written_when_the_machine_stops, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
