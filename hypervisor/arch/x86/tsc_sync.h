#pragma once
/* How far the time-stamp counter of another CPU is from the boot CPU's; see tsc_sync.c. */
#include <hyp/types.h>

/* What is known of the difference (the other's counter less the boot CPU's): low <= it <= high. */
struct tsc_bounds {
	int64_t low, high;
};
#define TSC_BOUNDS_NONE ((struct tsc_bounds){INT64_MIN, INT64_MAX})

/* The other read `other` between the boot CPU's readings of `before` and `after`. */
void tsc_bounds_narrow(struct tsc_bounds *b, uint64_t before, uint64_t other, uint64_t after);
/* The difference to reckon with: 0 if nothing speaks against it. */
int64_t tsc_bounds_offset(const struct tsc_bounds *b);
/* Did all readings agree on one difference? */
bool tsc_bounds_agree(const struct tsc_bounds *b);

/* Where the two meet: one for each CPU that starts, zeroed. */
struct tsc_meeting {
	uint32_t asked, answered; /* [a] rounds, counted */
	uint64_t counter;	  /* the answer of the round */
};

/* On the boot CPU and on the other, at the same time. The other goes on only when tsc_meeting_end has been called. */
void tsc_meeting_ask(struct tsc_meeting *m, struct tsc_bounds *b);
void tsc_meeting_end(struct tsc_meeting *m);
void tsc_meeting_answer(struct tsc_meeting *m);
