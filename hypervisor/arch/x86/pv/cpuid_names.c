/*
 * The names of CPU features, as command lines and tools spell them: those of the ABI's list (<xen/arch-x86/cpufeatureset.h>)
 * in small letters, with '-' for '_'. Pure.
 */
#include "cpuid_names.h"

#include <hyp/abi.h>

struct feature_name {
	const char *name;
	unsigned int feature;
};

#define XEN_CPUFEATURE(name, value) {#name, value},
static const struct feature_name names[] = {
#include <xen/arch-x86/cpufeatureset.h>
};
#undef XEN_CPUFEATURE

static char plain(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? '-' : c;
}

static bool is_name(struct text t, const char *name)
{
	uint64_t i;

	for (i = 0; i < t.bytes && name[i]; i++)
		if (plain(t.at[i]) != plain(name[i]))
			return false;
	return i == t.bytes && !name[i];
}

bool cpu_feature_find(struct text name, unsigned int *feature)
{
	for (unsigned int i = 0; i < ARRAY_COUNT(names); i++) {
		if (!is_name(name, names[i].name))
			continue;
		*feature = names[i].feature;
		return true;
	}
	return false;
}
