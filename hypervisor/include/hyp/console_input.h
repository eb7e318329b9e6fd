#pragma once
/*
 * What is typed at the console: for domain 0, or for the hypervisor's own keys. Ctrl-A three times changes
 * which. Any CPU, interrupts off.
 */
#include <hyp/types.h>

enum console_focus { CONSOLE_FOCUS_HYPERVISOR, CONSOLE_FOCUS_DOMAIN0 };

/* One character typed; from the serial port's interrupt or poll. */
void console_input_character(char c);
void console_input_set_focus(enum console_focus focus);
enum console_focus console_input_focus(void);

/* console_io read: takes up to `max` characters that were typed for domain 0. Returns how many. */
size_t console_input_read(char *to, size_t max);
/* Characters that are waiting for domain 0. */
size_t console_input_pending(void);
/* `arrived` is called without locks after characters for domain 0 arrived: it raises VIRQ_CONSOLE. NULL:
   nobody. */
void console_input_set_notify(void (*arrived)(void));

/* A key of the hypervisor; `help` is borrowed for good. E_EXIST if the key is taken, E_INVAL if it is
   not printable. */
enum status console_key_register(char key, const char *help, void (*handler)(void));
/* As if the key were typed to the hypervisor (sysctl debug_keys). Unknown keys do nothing. */
void console_key_press(char key);
