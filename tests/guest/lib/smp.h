#pragma once
/* A second vCPU. */
#include "abi.h"

#define VCPUS_MAX 4

unsigned int vcpu_here(void);
unsigned int vcpu_count(void);
/* What a new vCPU starts with: runs function(argument) in kernel mode on a stack of its own. */
void vcpu_context_fill(struct vcpu_guest_context *context, unsigned int vcpu, void (*function)(void *),
		       void *argument);
/* initialise and up; fails the test if either is refused. */
void vcpu_start(unsigned int vcpu, void (*function)(void *), void *argument);
/* Waits until its function has returned: false after five seconds. */
bool vcpu_join(unsigned int vcpu);
