#pragma once
/*
 * What a test is made of. A test is one function, test_main; the runtime prints TEST before it and one RESULT line
 * after it, and powers the machine off. A check that does not hold is printed and counted, and the test goes on;
 * FAIL and SKIP end it at once.
 */
#include "abi.h"

extern const char test_name[];
void test_main(void);

[[gnu::format(printf, 1, 2)]] void print(const char *format, ...);
void check_eq(const char *file, int line, const char *text, uint64_t got, uint64_t want);
void check_true(const char *file, int line, const char *text, bool holds);
void check_refused(const char *file, int line, const char *text, long got);
void check_one_of(const char *file, int line, const char *text, long got, long first, long second);
[[gnu::noreturn]] void result_fail(const char *file, int line, const char *text);
[[gnu::noreturn]] void result_skip(const char *text);
[[gnu::noreturn]] void result_report(void);
[[gnu::noreturn]] void power_off(unsigned int reason);

/* The value must be the one wanted. */
#define EXPECT_EQ(got, want) check_eq(__FILE_NAME__, __LINE__, #got, (uint64_t)(got), (uint64_t)(want))
#define EXPECT_TRUE(condition) check_true(__FILE_NAME__, __LINE__, #condition, (condition))
/* A hypercall's result: 0, a count, or a negative errno. */
#define EXPECT_STATUS(call, want)                                                                                  \
	check_eq(__FILE_NAME__, __LINE__, #call, (uint64_t)(long)(call), (uint64_t)(long)(want))
/* Any negative errno: the ABI does not say which. */
#define EXPECT_REFUSED(call) check_refused(__FILE_NAME__, __LINE__, #call, (long)(call))
/* Two answers are right: the comment beside says why. */
#define EXPECT_ONE_OF(call, first, second)                                                                         \
	check_one_of(__FILE_NAME__, __LINE__, #call, (long)(call), (first), (second))
/* Nothing after can work if this does not hold. */
#define REQUIRE(condition) do { if (!(condition)) result_fail(__FILE_NAME__, __LINE__, #condition); } while (0)
#define FAIL(text) result_fail(__FILE_NAME__, __LINE__, text)
#define SKIP(text) result_skip(text)
/* From here the domain must die, and the hypervisor say so: a RESULT line that still comes is the failure. */
#define EXPECT_CRASH(text) print("EXPECT_CRASH %s\n", text)
