/* The page-type machine's model, driven by libFuzzer. */
#include "../model/page_table_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return page_table_model_run(bytes, count); }
