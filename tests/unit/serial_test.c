/* The serial port: detection, set-up, output that never hangs, input. */
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
	unsigned int fifo_used;	  /* characters since the transmitter was seen empty */
	unsigned int status_reads;
	bool overrun;
	const char *input;
	char output[4096];
	size_t output_length;
} uart;

static uint8_t line_status(void)
{
	uart.status_reads++;
	if (!uart.busy)
		uart.fifo_used = 0;
	return (uint8_t)((uart.busy ? 0 : 0x60) | (*uart.input ? 1 : 0));
}

static uint32_t port_in(uint16_t port, unsigned int bytes)
{
	assert_int_equal(bytes, 1);
	switch (port - PORT) {
	case 0:
		return *uart.input ? (uint8_t)*uart.input++ : 0;
	case 2:
		return uart.has_fifo && (uart.fifo_control & 1) ? 0xc1 : 0x01;
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
		*(uart.line_control & 0x80 ? &uart.divisor[1] : &uart.interrupt_enable) = (uint8_t)value;
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
	uart.busy = false;
	uart.input = "";
	console_domain0_write("\n", 1);
	memset(uart.output, 0, sizeof(uart.output));
	uart.output_length = uart.status_reads = 0;
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
	serial_poll();
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

	(void)state;
	memset(flood, 'y', sizeof(flood) - 1);
	uart.input = flood;
	serial_interrupt();
	assert_in_range(console_input_read(text, sizeof(text)), 1, 256);
}

static void interrupts_are_enabled_when_asked(void **state)
{
	(void)state;
	serial_interrupts_enable();
	assert_int_equal(uart.interrupt_enable, 1);
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
		cmocka_unit_test_setup(input_reaches_domain0, set_up),
		cmocka_unit_test_setup(endless_input_is_taken_in_pieces, set_up),
		cmocka_unit_test_setup(interrupts_are_enabled_when_asked, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
