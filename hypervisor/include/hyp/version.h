#pragma once
/* What this build is. */
#include <hyp/types.h>

extern const char hospes_changeset[], hospes_compiler[], hospes_date[];
/* The command line that the loader gave; set while the machine starts. */
extern char hospes_command_line[1024];
/* The linker's identification of the image; *bytes 0 if it has none. */
const uint8_t *hospes_build_id(uint32_t *bytes);
