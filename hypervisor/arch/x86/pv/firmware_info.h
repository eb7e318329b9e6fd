#pragma once
/* platform_op firmware_info; see firmware_info.c. v is current. */
#include <hyp/abi.h>
#include <hyp/types.h>

struct vcpu;

/* Fills what the type asks for. E_SRCH: the firmware told nothing of that; E_NOSYS: it is about EFI and there is none; E_INVAL:
   no such type; E_FAULT. */
enum status firmware_info_get(struct vcpu *v, struct xenpf_firmware_info *info);
