/* Operations on timers: the input is the model's sequence. */
#include "model/timer_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return timer_model_run(data, size);
}
