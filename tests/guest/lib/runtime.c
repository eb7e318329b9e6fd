/*
 * The order in which the test kernel gets ready. The boot state is kept first; the shared page is mapped over a page
 * of the image; then the trap table, the pages, the test.
 */
#include "guest.h"

uint64_t boot_registers[BOOT_REGISTERS] __attribute__((section(".data")));
struct boot_state boot_state;
struct start_info *start_info;
struct shared_info *shared;
static uint8_t shared_page[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
void runtime_main(struct start_info *info);

static void boot_state_keep(void)
{
	asm volatile("mov %%cs, %0" : "=r"(boot_state.cs));
	asm volatile("mov %%ss, %0" : "=r"(boot_state.ss));
	asm volatile("mov %%ds, %0" : "=r"(boot_state.ds));
	asm volatile("mov %%es, %0" : "=r"(boot_state.es));
	asm volatile("mov %%fs, %0" : "=r"(boot_state.fs));
	asm volatile("mov %%gs, %0" : "=r"(boot_state.gs));
	boot_state.upcall_mask = shared->vcpu_info[0].evtchn_upcall_mask;
}

bool option_is(const char *word)
{
	const char *at = (const char *)start_info->cmd_line;

	for (; *at; at++) {
		unsigned int i = 0;

		while (word[i] && at[i] == word[i])
			i++;
		if (!word[i])
			return true;
	}
	return false;
}

bool is_hospes(void)
{
	struct xen_compile_info info;

	EXPECT_STATUS(hc_xen_version(XENVER_compile_info, &info), 0);
	return bytes_compare(info.compile_by, "hospes", 7) == 0;
}

void runtime_main(struct start_info *info)
{
	start_info = info;
	print("TEST %s\n", test_name);
	shared = (struct shared_info *)shared_page;
	if (hc_update_va_mapping((unsigned long)shared_page, info->shared_info | PTE_RW_FLAGS, UVMF_INVLPG))
		FAIL("shared_info could not be mapped");
	boot_state_keep();
	page_init();
	trap_init();
	test_main();
	result_report();
}
