/*
 * What: two vCPUs that initialise a third at the same moment, each with page tables of its own: one succeeds, the other is
 *       told that it exists, and the third runs on the tables of the first.
 * Why: whoever came second exchanged the page tables of a vCPU that was running by then, and the old ones, still loaded in
 *      its CPU, became plain memory of the guest.
 * How: vCPUs 0 and 1 meet at a counter and call initialise for vCPUs 3 and up, round by round; the tables are validated
 *      on the way, which takes a while.
 * A failure means: a guest writes to page tables that a CPU uses: all of memory is its own.
 * Machine: cpus=2 vcpus=16 seconds=120
 */
#include <guest.h>

#define FIRST 3u
#define LAST 15u
#define NOT_YET 1000

static struct vcpu_guest_context contexts[2];
static uint64_t *roots[2][LAST + 1];
static volatile unsigned int gate, arrived;
static volatile long results[2];

static void nothing(void *argument)
{
	(void)argument;
}

static void meet(unsigned int round)
{
	__atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < 2 * round)
		cpu_relax();
}

static void initialise(unsigned int caller, unsigned int target)
{
	contexts[caller].ctrlreg[3] = machine_of(roots[caller][target]);
	meet(target - FIRST + 1);
	results[caller] = hc_vcpu_op(VCPUOP_initialise, target, &contexts[caller]);
}

static void other(void *argument)
{
	(void)argument;
	for (unsigned int target = FIRST; target <= LAST; target++) {
		while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST) < target)
			cpu_relax();
		initialise(1, target);
	}
}

static void round_run(unsigned int target)
{
	results[0] = results[1] = NOT_YET;
	__atomic_store_n(&gate, target, __ATOMIC_SEQ_CST);
	initialise(0, target);
	while (results[1] == NOT_YET)
		cpu_relax();
	EXPECT_TRUE((results[0] == 0 && results[1] == -XEN_EEXIST) || (results[0] == -XEN_EEXIST && results[1] == 0));
	/* Only the tables of the one that succeeded are in use: the others can be written again. */
	for (unsigned int i = 0; i < 2; i++)
		EXPECT_EQ(table_unseal(roots[i][target]) == 0, results[i] != 0);
}

void test_main(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		vcpu_context_fill(&contexts[i], 2, nothing, NULL);
		for (unsigned int target = FIRST; target <= LAST; target++)
			roots[i][target] = top_table_alloc();
	}
	vcpu_start(1, other, NULL);
	for (unsigned int target = FIRST; target <= LAST; target++)
		round_run(target);
	EXPECT_TRUE(vcpu_join(1));
}
