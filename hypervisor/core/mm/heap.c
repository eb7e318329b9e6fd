/*
 * Small memory for the hypervisor itself.
 *
 * Sizes up to 2 KiB are rounded up to a power of two, from 32 bytes, and cut from slabs: single frames that hold
 * objects of one size. A slab needs no room of its own in the frame: how many of its objects are in use stands in the
 * frame's `type`, which is its first free one in its `stamp`; both words mean nothing to others while the frame has no
 * references. Slabs are linked through their first free objects. Larger blocks are whole frames.
 *
 *   H1  A slab is on the list of its size exactly while it has a free object; it always has one in use, for when the
 *       last one is given back the frame goes back, too.
 *   H2  Objects are zeroed when they are given out. Nothing is promised about what they hold while they are free.
 *
 * One lock, above the allocator's but never held across it.
 */
#include <hyp/heap.h>
#include <hyp/list.h>
#include <hyp/lock.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/string.h>

#define CLASS_SHIFT_MIN 5u  /* 32 bytes */
#define CLASS_SHIFT_MAX 11u /* 2 KiB */
#define CLASSES (CLASS_SHIFT_MAX - CLASS_SHIFT_MIN + 1)

/* What a free object holds. Only in the first free object of a slab `slabs` is linked. */
struct free_object {
	struct free_object *next;
	struct list slabs;
};
static_assert(sizeof(struct free_object) <= 1u << CLASS_SHIFT_MIN);

static struct {
	struct spinlock lock;
	struct list slabs[CLASSES]; /* through the first free object of each */
} heap;

void heap_init(void)
{
	spin_init(&heap.lock);
	for (unsigned int class = 0; class < CLASSES; class++)
		list_init(&heap.slabs[class]);
}

static bool is_small(size_t bytes) { return bytes <= (size_t)1 << CLASS_SHIFT_MAX; }

static unsigned int shift_for(size_t bytes)
{
	return bytes <= 1 ? 0 : 64 - (unsigned int)__builtin_clzll(bytes - 1);
}

static unsigned int class_for(size_t bytes) { return MAX(shift_for(bytes), CLASS_SHIFT_MIN) - CLASS_SHIFT_MIN; }
static size_t class_bytes(unsigned int class) { return (size_t)1 << (class + CLASS_SHIFT_MIN); }
static unsigned int order_for(size_t bytes) { return MAX(shift_for(bytes), PAGE_SHIFT) - PAGE_SHIFT; }

static struct page *slab_of(const void *object) { return mfn_to_page(arch_virt_to_mfn(object)); }

/* The slab's first free object; NULL if all are in use. */
static struct free_object *slab_first(const struct page *slab, unsigned int class)
{
	if (!slab->stamp)
		return NULL;
	return (struct free_object *)((char *)arch_frame_map(page_to_mfn(slab)) +
				      (slab->stamp - 1u) * class_bytes(class));
}

/* `first` takes the place of the slab's first free object, and the slab is on the list if there is one (H1). */
static void slab_set_first(struct page *slab, unsigned int class, struct free_object *first)
{
	struct free_object *old = slab_first(slab, class);

	if (old)
		list_remove(&old->slabs);
	if (first)
		list_push_front(&heap.slabs[class], &first->slabs);
	slab->stamp = first ? (uint16_t)(((uintptr_t)first & ~PAGE_MASK) / class_bytes(class) + 1) : 0;
}

static void *class_take(unsigned int class)
{
	struct free_object *object;
	struct page *slab;

	if (list_is_empty(&heap.slabs[class]))
		return NULL;
	object = list_first(&heap.slabs[class], struct free_object, slabs);
	slab = slab_of(object);
	slab_set_first(slab, class, object->next);
	slab->type++;
	return object;
}

/* A new slab with its first object in use. */
static void *slab_take(struct page *slab, unsigned int class)
{
	char *objects = arch_frame_map(page_to_mfn(slab));
	struct free_object *first = NULL;

	for (size_t at = PAGE_BYTES - class_bytes(class); at > 0; at -= class_bytes(class)) {
		struct free_object *object = (struct free_object *)(objects + at);

		object->next = first;
		first = object;
	}
	slab->type = 1;
	slab->stamp = 0;
	slab_set_first(slab, class, first);
	return objects;
}

/* Returns the slab if that was the last object in use: it is then on no list. */
static struct page *class_give(unsigned int class, void *block)
{
	struct page *slab = slab_of(block);
	struct free_object *object = block;

	CHECK(slab->type > 0 && slab->type <= PAGE_BYTES / class_bytes(class));
	object->next = slab_first(slab, class);
	list_init(&object->slabs);
	slab_set_first(slab, class, object);
	if (--slab->type)
		return NULL;
	slab_set_first(slab, class, NULL);
	return slab;
}

static void *small_alloc(size_t bytes)
{
	unsigned int class = class_for(bytes);
	void *object;

	spin_lock(&heap.lock);
	object = class_take(class);
	spin_unlock(&heap.lock);
	if (!object) {
		struct page *slab = frames_alloc(0, 0);

		if (!slab)
			return NULL;
		spin_lock(&heap.lock);
		object = slab_take(slab, class);
		spin_unlock(&heap.lock);
	}
	return memset(object, 0, class_bytes(class));
}

void *heap_alloc(size_t bytes)
{
	struct page *first;

	if (is_small(bytes))
		return small_alloc(bytes);
	first = bytes <= PAGE_BYTES << PAGE_ORDER_MAX ? frames_alloc(order_for(bytes), 0) : NULL;
	return first ? arch_frame_map(page_to_mfn(first)) : NULL;
}

/* Zeroed here: no guest has ever seen it, and frames that are not clean are flushed for. */
static void give_back(void *block, unsigned int order)
{
	memset(block, 0, PAGE_BYTES << order);
	frames_free(slab_of(block), order, false);
}

void heap_free(void *block, size_t bytes)
{
	struct page *slab;

	if (!block)
		return;
	if (!is_small(bytes)) {
		give_back(block, order_for(bytes));
		return;
	}
	spin_lock(&heap.lock);
	slab = class_give(class_for(bytes), block);
	spin_unlock(&heap.lock);
	if (slab)
		give_back(arch_frame_map(page_to_mfn(slab)), 0);
}
