#pragma once
/*
 * The hypervisor's virtual addresses: top-level slots 256 to 271, which the ABI reserves in every address space
 * (HYPERVISOR_VIRT_START in <xen/arch-x86/xen-x86_64.h>). All of them but the per-domain slot are the same everywhere.
 *
 *   slot 256  +0      M2P as guests see it: read-only, user-accessible, all ones where there is no memory
 *             +256 G  M2P, writable
 *             +320 G  frame table
 *             +448 G  the image: virtual = IMAGE_BASE + machine address
 *             +456 G  device memory (mmio_map)
 *             +464 G  stacks, one STACK_BYTES region a CPU
 *             +472 G  system-call stubs, a code and a data page a CPU
 *   slot 257          per domain: GDT and LDT of each vCPU
 *   slots 258-271     direct map of memory, 7 TiB
 */
#define SLOT_BYTES 0x8000000000
#define HYP_SLOT_FIRST 256
#define HYP_SLOT_LAST 271
#define PERDOMAIN_SLOT 257
#define DIRECT_SLOT 258

#define GUEST_LOW_END 0x0000800000000000 /* first byte behind the guest's lower half: no address */
#define HYP_START 0xffff800000000000
#define HYP_END 0xffff880000000000 /* first byte that is a guest's again */

#define M2P_RO_START HYP_START
#define M2P_RO_BYTES 0x4000000000
#define M2P_START (HYP_START + 0x4000000000)
#define M2P_BYTES 0x1000000000
#define FRAME_TABLE_START (HYP_START + 0x5000000000)
#define IMAGE_BASE 0xffff807000000000
#define MMIO_START (HYP_START + 0x7200000000)
#define MMIO_BYTES 0x100000000
#define STACKS_START (HYP_START + 0x7400000000)
#define STUBS_START (HYP_START + 0x7600000000)
#define PERDOMAIN_START (HYP_START + SLOT_BYTES)
#define DIRECT_START (HYP_START + 2 * SLOT_BYTES)
#define DIRECT_BYTES (14 * SLOT_BYTES)

/* Where the loader puts the image. */
#define IMAGE_LOAD 0x200000

/*
 * A CPU's stack region, from the bottom: IST stacks for #DF, NMI, #MC and #DB (a page each), an unmapped guard page,
 * the primary stack with struct cpu_info at its very top. Aligned to its size, so that any stack pointer finds it.
 */
#define STACK_BYTES 0x8000
#define STACK_IST_PAGES 4
#define STACK_GUARD_PAGE 4

/* A vCPU's part of the per-domain slot. */
#define VCPU_GDT_BYTES 0x10000
#define VCPU_DESCRIPTOR_BYTES 0x20000
#define GUEST_GDT_FRAMES 14

/* Selectors in the hypervisor's own GDT page (entries 7168 and up); the ring-3 ones are ABI. */
#define HYP_GDT_OFFSET (GUEST_GDT_FRAMES * 4096)
#define SELECTOR_HYP_CS 0xe008
#define SELECTOR_HYP_DS 0xe010
#define SELECTOR_TSS 0xe040
#define SELECTOR_LDT 0xe050

/* entry_vector of what is not an exception or interrupt. */
#define ENTRY_SYSCALL 0x100
#define ENTRY_SYSCALL32 0x101
#define ENTRY_SYSENTER 0x102

/* Vectors that the hypervisor keeps for itself. */
#define VECTOR_DEVICE_FIRST 0x30
#define VECTOR_DEVICE_LAST 0xef
#define VECTOR_TIMER 0xf0
#define VECTOR_KICK 0xf1
#define VECTOR_FLUSH 0xf2
#define VECTOR_ERROR 0xfe
#define VECTOR_SPURIOUS 0xff
