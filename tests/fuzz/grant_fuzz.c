/* The model of grant tables, driven by libFuzzer. */
#include "../model/grant_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return grant_model_run(bytes, count); }
