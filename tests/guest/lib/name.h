#pragma once
/* Included before each test's main.c: the folder's name is the test's. */
const char test_name[] = TEST_NAME;
