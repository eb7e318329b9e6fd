/* What this build is; the build gives the words. */
#include <hyp/version.h>

#include "../arch/x86/paging.h"

#ifndef HOSPES_VERSION
#define HOSPES_VERSION "unknown"
#endif
#ifndef HOSPES_DATE
#define HOSPES_DATE "unknown"
#endif

const char hospes_changeset[] = HOSPES_VERSION, hospes_compiler[] = "gcc " __VERSION__, hospes_date[] = HOSPES_DATE;

const uint8_t *hospes_build_id(uint32_t *bytes)
{
	const uint32_t *note = (const uint32_t *)build_id_start;

	*bytes = 0;
	/* name size, description size, type 3, "GNU\0", description */
	if (build_id_end - build_id_start < 16 || note[2] != 3 || note[0] != 4)
		return NULL;
	*bytes = note[1];
	return (const uint8_t *)&note[4];
}
