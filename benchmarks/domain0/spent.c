/*
 * Says how much CPU time domains have used, in nanoseconds: spent ID...
 */
#include "control.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	if (!control_open())
		control_fail("no hypervisor");
	for (int i = 1; i < argc; i++)
		printf("%lu ", control_domain((unsigned int)atoi(argv[i]))->cpu_time);
	putchar('\n');
	return 0;
}
