/*
 * What is typed at the console.
 *
 * Typed characters belong to whoever has the focus. Three Ctrl-A in a row move it and are eaten; fewer are
 * held back until the next character shows that they were meant as they are, and are then delivered before
 * it, so that Ctrl-A still works for what runs in domain 0.
 *
 * I1  read <= written <= read + INPUT_BYTES (as distances): when domain 0 does not read, what is typed is
 *     lost, not overwritten.
 * I2  Handlers and the notification run without the lock.
 *
 * Keys are registered while the machine starts, by one CPU, and never removed: the table needs no lock.
 */
#include <hyp/console_input.h>
#include <hyp/lock.h>
#include <hyp/log.h>

#define SWITCH_CHARACTER 0x01 /* Ctrl-A */
#define SWITCH_COUNT 3
#define INPUT_BYTES 1024 /* a power of two */
#define KEY_FIRST ' '
#define KEY_LAST '~'

static struct {
	struct spinlock lock;
	enum console_focus focus;  /* [L] */
	unsigned int held_back;	   /* [L] Ctrl-A that are not decided yet, below SWITCH_COUNT */
	uint32_t written, read;	   /* [L] indices of domain 0's ring, ever increasing */
	char ring[INPUT_BYTES];	   /* [L] */
	void (*arrived)(void);	   /* set while the machine starts */
} input;

static struct key {
	const char *help;
	void (*handler)(void);
} keys[KEY_LAST - KEY_FIRST + 1];

static bool is_key(char c)
{
	return c >= KEY_FIRST && c <= KEY_LAST;
}

enum status console_key_register(char key, const char *help, void (*handler)(void))
{
	if (!is_key(key) || key == 'h')
		return key == 'h' ? E_EXIST : E_INVAL;
	if (keys[key - KEY_FIRST].handler)
		return E_EXIST;
	keys[key - KEY_FIRST] = (struct key){help, handler};
	return OK;
}

static void list_keys(void)
{
	log_info("keys of the hypervisor (Ctrl-A three times returns to domain 0):");
	log_info(" key 'h': show this list");
	for (unsigned int i = 0; i < ARRAY_COUNT(keys); i++) {
		if (keys[i].handler)
			log_info(" key '%c': %s", (char)(KEY_FIRST + i), keys[i].help);
	}
}

void console_key_press(char key)
{
	if (key == 'h')
		list_keys();
	else if (is_key(key) && keys[key - KEY_FIRST].handler)
		keys[key - KEY_FIRST].handler();
}

static void ring_put(char c)
{
	if (input.written - input.read < INPUT_BYTES)
		input.ring[input.written++ & (INPUT_BYTES - 1)] = c;
}

/* What a typed character asks to be done once the lock is released. */
enum consequence { NOTHING, NOTIFY, PRESS, FOCUS_MOVED };

static enum consequence take_character(char c)
{
	if (c == SWITCH_CHARACTER) {
		if (++input.held_back < SWITCH_COUNT)
			return NOTHING;
		input.held_back = 0;
		input.focus = input.focus == CONSOLE_FOCUS_DOMAIN0 ? CONSOLE_FOCUS_HYPERVISOR
								   : CONSOLE_FOCUS_DOMAIN0;
		return FOCUS_MOVED;
	}

	unsigned int held_back = input.held_back;

	input.held_back = 0;
	if (input.focus == CONSOLE_FOCUS_HYPERVISOR)
		return PRESS;
	for (; held_back; held_back--)
		ring_put(SWITCH_CHARACTER);
	ring_put(c);
	return NOTIFY;
}

static void say_focus(enum console_focus focus)
{
	log_info("serial input to %s (type Ctrl-A three times to switch)",
		 focus == CONSOLE_FOCUS_DOMAIN0 ? "domain 0" : "the hypervisor");
}

void console_input_character(char c)
{
	enum consequence consequence;
	enum console_focus focus;

	spin_lock(&input.lock);
	consequence = take_character(c);
	focus = input.focus;
	spin_unlock(&input.lock);

	if (consequence == FOCUS_MOVED)
		say_focus(focus);
	else if (consequence == PRESS)
		console_key_press(c);
	else if (consequence == NOTIFY && input.arrived)
		input.arrived();
}

void console_input_set_focus(enum console_focus focus)
{
	spin_lock(&input.lock);
	input.focus = focus;
	input.held_back = 0;
	spin_unlock(&input.lock);
	say_focus(focus);
}

enum console_focus console_input_focus(void)
{
	return read_once(input.focus);
}

size_t console_input_read(char *to, size_t max)
{
	size_t count = 0;

	spin_lock(&input.lock);
	while (count < max && input.read != input.written)
		to[count++] = input.ring[input.read++ & (INPUT_BYTES - 1)];
	spin_unlock(&input.lock);
	return count;
}

size_t console_input_pending(void)
{
	size_t count;

	spin_lock(&input.lock);
	count = input.written - input.read;
	spin_unlock(&input.lock);
	return count;
}

void console_input_set_notify(void (*arrived)(void))
{
	input.arrived = arrived;
}
