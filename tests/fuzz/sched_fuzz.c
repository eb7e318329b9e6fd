/* What vCPUs and CPUs do: the input is the model's sequence. */
#include "model/sched_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return sched_model_run(data, size);
}
