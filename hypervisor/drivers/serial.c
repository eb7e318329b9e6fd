/*
 * The serial console: a 16550 UART (National Semiconductor PC16550D data sheet; 16550A and later have a
 * working FIFO).
 *
 * Output goes through a ring, and from there to the port while its transmitter is empty, sixteen characters at once. What
 * a slow line has not taken when the writer leaves goes out by interrupt: a line of text takes milliseconds at
 * 115200 baud, and the writer's CPU has others waiting for it. Before there are interrupts, without one, and from the
 * moment on when the machine stops (serial_settle), the writer waits until all is out, so that output works from the
 * first instruction to the last word of a panic. It also waits for room when the ring is full.
 *
 * Every wait is bounded: a port whose transmitter stays busy for longer than any baud rate explains loses the text,
 * and after that each write waits only briefly until the transmitter is seen empty again, so a stuck port cannot
 * stop the machine.
 *
 * Input comes by interrupt. A port without one is written to only.
 *
 * I1  Registers and ring of the output are one CPU's at a time (output.lock, which is taken under the console's), those of the
 *     input too (input_lock): the interrupt's target may change. Once the machine stops there is one CPU, and no lock.
 * I2  Whenever output.lock is free: the ring is empty, or the port interrupts when its transmitter is.
 */
#include <hyp/console.h>
#include <hyp/console_input.h>
#include <hyp/drivers/serial.h>
#include <hyp/io.h>
#include <hyp/lock.h>

/* Registers, from the port's base. */
#define DATA 0		  /* receive and transmit; low divisor while DLAB is set */
#define INTERRUPT_ENABLE 1 /* high divisor while DLAB is set */
#define INTERRUPT_ID 2	  /* read */
#define FIFO_CONTROL 2	  /* write */
#define LINE_CONTROL 3
#define MODEM_CONTROL 4
#define LINE_STATUS 5
#define SCRATCH 7
#define REGISTERS 8

#define INTERRUPT_ENABLE_RECEIVE 0x01
#define INTERRUPT_ENABLE_TRANSMIT 0x02
#define INTERRUPT_ID_NONE 0x01
#define INTERRUPT_ID_FIFO 0xc0 /* both bits: a FIFO that works */
#define FIFO_ENABLE_CLEAR 0x07
#define FIFO_TRIGGER_14 0xc0
#define LINE_CONTROL_DLAB 0x80
#define MODEM_CONTROL_DTR_RTS_OUT2 0x0b /* OUT2 lets the interrupt through on a PC */
#define LINE_STATUS_RECEIVED 0x01
#define LINE_STATUS_TRANSMIT_EMPTY 0x20
#define LINE_STATUS_ABSENT 0xff /* bit 7 and all others never hold together on a port that exists */

#define CLOCK_HZ_DEFAULT 1843200
#define FIFO_BYTES 16
/* Reading a port takes about a microsecond: room for sixteen characters at 1200 baud. */
#define WAIT_READS_MAX 200000
#define WAIT_READS_STUCK 16
/* What one interrupt takes at most: a port that always has input cannot hold the CPU. */
#define INPUT_BATCH 256
#define INTERRUPT_PASSES 4
#define OUTPUT_BYTES 16384u /* a power of two */

static struct serial_config port; /* .port is 0 until there is one */
static uint8_t fifo_bytes = 1;
static bool stuck;
static struct spinlock input_lock = SPINLOCK_INIT;

static struct {
	struct spinlock lock;
	bool by_interrupt;
	bool machine_stops;
	uint32_t first, end; /* of the characters in the ring, counted without end */
	char ring[OUTPUT_BYTES];
} output;

static uint8_t register_read(unsigned int index)
{
	return io_in8((uint16_t)(port.port + index));
}

static void register_write(unsigned int index, uint8_t value)
{
	io_out8((uint16_t)(port.port + index), value);
}

static bool output_lock(void) NO_LOCK_CHECK
{
	if (read_once(output.machine_stops))
		return false;
	spin_lock(&output.lock);
	return true;
}

static void output_unlock(bool locked) NO_LOCK_CHECK
{
	if (locked)
		spin_unlock(&output.lock);
}

static bool transmitter_is_empty(void) { return register_read(LINE_STATUS) & LINE_STATUS_TRANSMIT_EMPTY; }

static bool wait_transmitter(void)
{
	unsigned int reads = stuck ? WAIT_READS_STUCK : WAIT_READS_MAX;

	for (; reads; reads--) {
		if (transmitter_is_empty()) {
			stuck = false;
			return true;
		}
		io_pause();
	}
	stuck = true;
	return false;
}

/* To a transmitter that is empty. */
static void output_batch(void)
{
	for (unsigned int room = fifo_bytes; room && output.first != output.end; room--)
		register_write(DATA, (uint8_t)output.ring[output.first++ % OUTPUT_BYTES]);
}

static void output_send_ready(void)
{
	while (output.first != output.end && transmitter_is_empty())
		output_batch();
}

static void output_send_all(void)
{
	while (output.first != output.end && wait_transmitter())
		output_batch();
	/* What a stuck port does not take is lost. */
	output.first = output.end;
}

static void output_add(char c)
{
	if (output.end - output.first == OUTPUT_BYTES) {
		if (!wait_transmitter())
			return;
		output_batch();
	}
	output.ring[output.end++ % OUTPUT_BYTES] = c;
}

static void interrupts_choose(void)
{
	bool transmit = output.first != output.end;

	register_write(INTERRUPT_ENABLE, INTERRUPT_ENABLE_RECEIVE | (transmit ? INTERRUPT_ENABLE_TRANSMIT : 0));
}

static void serial_write(const char *text, size_t length)
{
	bool locked = output_lock(), idle = output.first == output.end;

	for (size_t i = 0; i < length; i++) {
		/* A terminal wants both; text that already has the return is left alone. */
		if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
			output_add('\r');
		output_add(text[i]);
	}
	if (output.by_interrupt) {
		output_send_ready();
		/* With more to send than before the port interrupts anyway. */
		if (idle && output.first != output.end)
			interrupts_choose();
	} else {
		output_send_all();
	}
	output_unlock(locked);
}

static void serial_settle(void)
{
	write_once(output.machine_stops, true);
	output.by_interrupt = false;
	output_send_all();
}

static const struct console_sink sink = {.name = "serial", .write = serial_write, .settle = serial_settle};

static bool line_control_encode(const struct serial_config *config, uint8_t *control)
{
	static const char parities[] = {'n', 'o', 'e', 'm', 's'};
	static const uint8_t codes[] = {0x00, 0x08, 0x18, 0x28, 0x38};

	if (config->data_bits < 5 || config->data_bits > 8 || config->stop_bits < 1 || config->stop_bits > 2)
		return false;
	for (unsigned int i = 0; i < ARRAY_COUNT(parities); i++) {
		if (parities[i] == config->parity) {
			*control = (uint8_t)((config->data_bits - 5) | (config->stop_bits - 1) << 2 | codes[i]);
			return true;
		}
	}
	return false;
}

/* The port's divisor; 0 leaves it alone. False if the rate cannot be had. */
static bool divisor_encode(const struct serial_config *config, uint32_t *divisor)
{
	uint32_t clock_hz = config->clock_hz ? config->clock_hz : CLOCK_HZ_DEFAULT;

	*divisor = 0;
	if (!config->baud)
		return true;
	if (config->baud > clock_hz / 16)
		return false;
	*divisor = clock_hz / 16 / config->baud;
	return *divisor <= UINT16_MAX;
}

static bool is_present(void)
{
	static const uint8_t patterns[] = {0x5a, 0xa5};

	if (register_read(LINE_STATUS) == LINE_STATUS_ABSENT)
		return false;
	for (unsigned int i = 0; i < ARRAY_COUNT(patterns); i++) {
		register_write(SCRATCH, patterns[i]);
		if (register_read(SCRATCH) != patterns[i])
			return false;
	}
	return true;
}

static void set_up(uint8_t control, uint32_t divisor)
{
	register_write(INTERRUPT_ENABLE, 0);
	if (divisor) {
		register_write(LINE_CONTROL, control | LINE_CONTROL_DLAB);
		register_write(DATA, (uint8_t)divisor);
		register_write(INTERRUPT_ENABLE, (uint8_t)(divisor >> 8));
	}
	register_write(LINE_CONTROL, control);
	register_write(FIFO_CONTROL, FIFO_ENABLE_CLEAR | FIFO_TRIGGER_14);
	fifo_bytes = (register_read(INTERRUPT_ID) & INTERRUPT_ID_FIFO) == INTERRUPT_ID_FIFO ? FIFO_BYTES : 1;
	register_write(MODEM_CONTROL, MODEM_CONTROL_DTR_RTS_OUT2);
}

enum status serial_init(const struct serial_config *config)
{
	uint8_t control;
	uint32_t divisor;
	enum status status;

	if (!config->port || !line_control_encode(config, &control) || !divisor_encode(config, &divisor))
		return E_INVAL;
	port = *config;
	status = is_present() ? console_sink_add(&sink) : E_NODEV;
	if (status) {
		port.port = 0;
		return status;
	}
	set_up(control, divisor);
	return OK;
}

static void input_take(void)
{
	for (unsigned int i = 0; i < INPUT_BATCH; i++) {
		bool received;
		uint8_t c = 0;

		spin_lock(&input_lock);
		received = register_read(LINE_STATUS) & LINE_STATUS_RECEIVED;
		if (received)
			c = register_read(DATA);
		spin_unlock(&input_lock);
		if (!received)
			return;
		/* Without the lock: what it leads to may print. */
		console_input_character((char)c);
	}
}

void serial_interrupts_enable(void)
{
	bool locked;

	if (!serial_irq())
		return;
	/* What arrived before does not interrupt any more on ports that signal the change only. */
	input_take();
	locked = output_lock();
	output.by_interrupt = true;
	interrupts_choose();
	output_unlock(locked);
}

static void output_go_on(void)
{
	bool locked = output_lock();

	output_send_ready();
	if (output.first == output.end)
		interrupts_choose();
	output_unlock(locked);
}

/* The line to the interrupt controller falls, and rises if there is a reason. */
static void interrupt_again(void)
{
	bool locked = output_lock();

	register_write(INTERRUPT_ENABLE, 0);
	interrupts_choose();
	output_unlock(locked);
}

void serial_interrupt(void)
{
	/* The line to the interrupt controller rises once for several reasons. Reading the identification also ends what a line
	   error raised. */
	for (unsigned int i = 0; i < INTERRUPT_PASSES; i++) {
		input_take();
		if (output.by_interrupt)
			output_go_on();
		if (register_read(INTERRUPT_ID) & INTERRUPT_ID_NONE)
			return;
	}
	/* Others have waited long enough. */
	interrupt_again();
}

uint8_t serial_irq(void)
{
	return port.port ? port.irq : 0;
}

bool serial_owns_port(uint16_t number)
{
	return port.port && number >= port.port && number - port.port < REGISTERS;
}
