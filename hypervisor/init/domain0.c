/*
 * Domain 0 from the boot modules: the first is its kernel, the second its initial ramdisk.
 */
#include "init.h"
#include "../arch/x86/paging.h"
#include "../arch/x86/pv/dom0_build.h"
#include "../arch/x86/panic.h"
#include <hyp/console.h>
#include <hyp/console_input.h>
#include <hyp/domain.h>
#include <hyp/drivers/vga.h>
#include <hyp/log.h>
#include <hyp/timer.h>

/* Who reads the console's ring is told so long after the first of some lines. */
#define RING_NEWS_DELAY_NS (NANOSECONDS_PER_SECOND / 100)

static struct timer ring_news;
static bool ring_has_news; /* ring_news is set */

static void console_arrived(void) { evtchn_send_global_virq(VIRQ_CONSOLE); }

static void ring_written(void)
{
	if (!__atomic_exchange_n(&ring_has_news, true, __ATOMIC_SEQ_CST))
		timer_set(&ring_news, time_now() + RING_NEWS_DELAY_NS);
}

static void ring_news_tell(struct timer *t)
{
	(void)t;
	/* First: what is written from here on is told again. */
	__atomic_store_n(&ring_has_news, false, __ATOMIC_SEQ_CST);
	evtchn_send_global_virq(VIRQ_CON_RING);
}

void startup_domain0(void)
{
	const struct boot_info *info = &startup.info;
	struct dom0_image image = {0};

	if (!info->module_count)
		refuse_to_start("no kernel for domain 0: give it to the loader as the first module");
	image.kernel = paddr_map(info->module[0].start);
	image.kernel_bytes = info->module[0].bytes;
	image.command_line = text_of(startup.dom0_command_line, sizeof(startup.dom0_command_line));
	image.screen = &info->screen;
	image.efi = info->efi.system_table;
	if (info->module_count > 1) {
		image.ramdisk = paddr_map(info->module[1].start);
		image.ramdisk_bytes = info->module[1].bytes;
	}
	dom0_build(&image, &startup.options);
	startup_memory_release_modules();
	console_input_set_notify(console_arrived);
	console_input_set_focus(CONSOLE_FOCUS_DOMAIN0);
	timer_init(&ring_news, ring_news_tell, arch_cpu_id());
	console_ring_set_notify(ring_written);
	log_info("starting domain 0; Ctrl-A three times switches the console's input to the hypervisor");
	vga_release();
	if (domain_control_unpause(domain0) != OK)
		panic("domain 0 was not paused");
	vcpu_up(domain0->vcpu[0]);
}
