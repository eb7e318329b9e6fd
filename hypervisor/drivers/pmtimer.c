/*
 * The power management timer (ACPI Specification 6.4, section 4.8.3.3): 3.579545 MHz, 24 or 32 bits, in one
 * port that the FADT names. Domain 0 may read it as well.
 */
#include <hyp/drivers/pmtimer.h>
#include <hyp/io.h>

/* A tick is 280 ns, a read of a port about as long at the least. */
#define READS_UNTIL_CHANGE_MAX 10000

static uint16_t timer_port; /* 0: none */
static uint64_t mask;

enum status pmtimer_init(uint16_t port, bool is_32_bit)
{
	uint32_t first = io_in32(port);

	if (!port)
		return E_NODEV;
	for (unsigned int i = 0; i < READS_UNTIL_CHANGE_MAX; i++) {
		if (io_in32(port) != first) {
			timer_port = port;
			mask = is_32_bit ? UINT32_MAX : BIT(24) - 1;
			return OK;
		}
	}
	return E_NODEV;
}

bool pmtimer_is_present(void)
{
	return timer_port;
}

uint64_t pmtimer_read(void)
{
	return io_in32(timer_port) & mask;
}

uint64_t pmtimer_mask(void)
{
	return mask;
}
