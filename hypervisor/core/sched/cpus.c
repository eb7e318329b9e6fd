/* Which CPUs run guests: set by whoever starts the machine. */
#include <hyp/cpu.h>

struct cpuset cpus_online;
unsigned int cpu_count;
