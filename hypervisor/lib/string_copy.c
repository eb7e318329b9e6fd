/* The one string copy of the hypervisor: it never overruns, always ends the string, and says what did
   not fit. */
#include <hyp/string.h>

size_t string_copy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);

	if (size) {
		size_t copied = length < size ? length : size - 1;

		memcpy(to, from, copied);
		to[copied] = '\0';
	}
	return length;
}
