/*
 * The memory map, against a model that keeps one type per frame.
 *
 * The input is a list of operations of four bytes: what, where, how long. The frames are few, so that operations
 * overlap; the operations can be many, so that the map runs over. As long as it did not, map and model agree on every
 * frame; after that, what is RAM in the map is RAM in the model.
 */
#include <fakes/boot_memory_fake.h>

#define FRAMES 4096

/* Comparing all frames takes most of the time: so often within a run, and once at its end. */
#define COMPARE_MAX 3

static struct memmap map;
static uint32_t model[FRAMES];
static unsigned int compare_count;

/* From the freest to the strictest by type, a hole being freest of all. The types that step() uses. */
static const uint8_t strictness[] = {
	[0] = 0, [MEMMAP_RAM] = 1, [MEMMAP_ACPI] = 2, [MEMMAP_NVS] = 3, [MEMMAP_RESERVED] = 4, [6] = 5, [12] = 6,
	[MEMMAP_UNUSABLE] = 7,
};

static void model_add(unsigned int frame, unsigned int count, uint32_t type)
{
	for (unsigned int i = frame; i < frame + count && i < FRAMES; i++)
		if (strictness[type] > strictness[model[i]])
			model[i] = type;
}

static void frames_of_map(uint32_t *frames)
{
	memset(frames, 0, FRAMES * sizeof(frames[0]));
	memmap_for_each(e, &map)
		for (uint64_t i = 0; i < e->bytes / PAGE_BYTES; i++)
			frames[e->start / PAGE_BYTES + i] = e->type;
}

/* The questions are asked for a few frames only, since each takes a search. */
static void questions_ask(const uint32_t *frames)
{
	for (unsigned int i = compare_count; i < FRAMES; i += 61) {
		const struct memmap_entry *e = memmap_find(&map, i * PAGE_BYTES);

		if ((e ? e->type : 0) != frames[i] ||
		    memmap_is_ram(&map, i * PAGE_BYTES, PAGE_BYTES) != (frames[i] == MEMMAP_RAM))
			abort();
	}
}

static void compare(void)
{
	static uint32_t frames[FRAMES];
	uint64_t ram = 0;

	if (!memmap_is_normal(&map))
		abort();
	if (compare_count++ >= COMPARE_MAX)
		return;
	frames_of_map(frames);
	for (unsigned int i = 0; i < FRAMES; i++) {
		if (map.truncated ? frames[i] == MEMMAP_RAM && model[i] != MEMMAP_RAM : frames[i] != model[i])
			abort();
		ram += frames[i] == MEMMAP_RAM ? PAGE_BYTES : 0;
	}
	if (memmap_ram_bytes(&map) != ram || memmap_max_paddr(&map) > FRAMES * PAGE_BYTES)
		abort();
	questions_ask(frames);
}

static void find(uint64_t pages, uint64_t align, paddr_t min, paddr_t max, bool top_down)
{
	paddr_t at;

	if (memmap_find_ram(&map, pages * PAGE_BYTES, align, min, max, top_down, &at) != OK)
		return;
	if (at % align || at < min || at + pages * PAGE_BYTES > max || !memmap_is_ram(&map, at, pages * PAGE_BYTES))
		abort();
}

static void step(const uint8_t *p)
{
	static const uint32_t types[] = {MEMMAP_RAM, MEMMAP_RAM, MEMMAP_RESERVED, MEMMAP_ACPI, MEMMAP_NVS, MEMMAP_UNUSABLE,
					 6, 12};
	unsigned int frame = (p[1] | p[2] << 8) % FRAMES, count = p[3];
	uint32_t type = types[p[0] % 8];

	count = MIN(count, FRAMES - frame);
	switch (p[0] >> 4 & 7) {
	case 5:
		memmap_normalise(&map);
		compare();
		find(count, BIT(p[0] % 8 + 8), (paddr_t)p[1] << 16, (paddr_t)p[2] << 17, p[0] >> 7);
		break;
	case 6:
		memmap_normalise(&map);
		memmap_reserve(&map, frame * PAGE_BYTES, count * PAGE_BYTES, type);
		model_add(frame, count, type);
		compare();
		break;
	default:
		memmap_add(&map, frame * PAGE_BYTES, count * PAGE_BYTES, type);
		model_add(frame, count, type);
	}
}

/* Any 64-bit numbers: nothing is compared, but nothing may overflow either. */
static void absurd(const uint8_t *data, size_t size)
{
	for (; size >= 17; data += 17, size -= 17) {
		uint64_t n[2];

		memcpy(n, data + 1, sizeof(n));
		memmap_add(&map, n[0], n[1], data[0] % 8);
	}
	memmap_normalise(&map);
	if (!memmap_is_normal(&map))
		abort();
	memmap_max_paddr(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&map, 0, sizeof(map));
	memset(model, 0, sizeof(model));
	compare_count = 0;
	if (size && data[0] == 0xff) {
		absurd(data + 1, size - 1);
		return 0;
	}
	for (; size >= 4; data += 4, size -= 4)
		step(data);
	memmap_normalise(&map);
	compare_count = 0;
	compare();
	return 0;
}
