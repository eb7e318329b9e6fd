/* The model of frames, led by coverage. */
#include "model/frames_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return frames_model_run(bytes, count); }
