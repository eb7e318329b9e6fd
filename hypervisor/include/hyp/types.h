#pragma once
/*
 * Numbers that must not mix are one-member structs; everything else is <stdint.h>.
 *
 * mfn_t  machine frame number: which 4 KiB of the machine.
 * gfn_t  guest frame number: what a guest calls a frame in its interface (equal to the mfn for a
 *        paravirtual guest, not for later guest types).
 * paddr_t, vaddr_t  byte addresses, machine and virtual.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hyp/status.h>

typedef struct { uint64_t v; } mfn_t;
typedef struct { uint64_t v; } gfn_t;
typedef uint64_t paddr_t;
typedef uint64_t vaddr_t;

#define PAGE_SHIFT 12
#define PAGE_BYTES (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_BYTES - 1))

#define MFN_INVALID ((mfn_t){UINT64_MAX})

static inline mfn_t mfn(uint64_t v) { return (mfn_t){v}; }
static inline gfn_t gfn(uint64_t v) { return (gfn_t){v}; }
static inline bool mfn_equal(mfn_t a, mfn_t b) { return a.v == b.v; }
static inline bool mfn_is_invalid(mfn_t m) { return m.v == UINT64_MAX; }
static inline paddr_t mfn_to_paddr(mfn_t m) { return m.v << PAGE_SHIFT; }
static inline mfn_t paddr_to_mfn(paddr_t p) { return mfn(p >> PAGE_SHIFT); }

#if !defined(static_assert)
#define static_assert _Static_assert
#endif

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ROUND_UP(x, n) (((x) + ((n) - 1)) / (n) * (n))
#define ROUND_DOWN(x, n) ((x) / (n) * (n))
#define DIV_UP(x, n) (((x) + ((n) - 1)) / (n))
#define BIT(n) (UINT64_C(1) << (n))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* A word that somebody else may be writing (a guest, another CPU) is read or written exactly once. */
#define read_once(x) (*(const volatile typeof(x) *)&(x))
#define write_once(x, value) (*(volatile typeof(x) *)&(x) = (value))

#define NANOSECONDS_PER_SECOND UINT64_C(1000000000)
