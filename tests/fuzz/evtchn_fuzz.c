/* The model of event channels, driven by libFuzzer. */
#include "../model/evtchn_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return evtchn_model_run(bytes, count); }
