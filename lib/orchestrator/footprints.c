/* SPDX-License-Identifier: ISC */
/*
 * A table of directories by device and inode. An entry is never taken out when its owner moves on: it
 * counts only while it is among what the owner has now, and goes when the table grows.
 */
#include "orchestrator/footprints.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct owner {
	char id[64];
	struct store_identity now;
};

/* A directory that was an owner's once; it counts while it is among those that it has now. */
struct slot {
	uint64_t device, inode;
	struct owner *owner; /* NULL: free */
};

struct footprints {
	const struct heap *heap;
	pthread_mutex_t mutex;
	struct owner **owners; /* in byte order of ID */
	size_t owner_count, owner_cap;
	struct slot *slots; /* slot_cap is a power of two */
	size_t slot_count, slot_cap;
};

struct footprints *tote__footprints_new(const struct heap *heap, struct tote_fault *fault)
{
	struct footprints *f = tote__heap_new(heap, 1, sizeof(*f), fault);

	if (f) {
		f->heap = heap;
		pthread_mutex_init(&f->mutex, NULL);
	}
	return f;
}

void tote__footprints_free(struct footprints *f)
{
	const struct heap *heap;

	if (!f)
		return;
	heap = f->heap;
	for (size_t i = 0; i < f->owner_count; i++)
		tote__heap_free(heap, f->owners[i]);
	tote__heap_free(heap, f->owners);
	tote__heap_free(heap, f->slots);
	pthread_mutex_destroy(&f->mutex);
	tote__heap_free(heap, f);
}

static int has(const struct store_identity *now, uint64_t device, uint64_t inode)
{
	for (uint32_t i = 0; i < now->count; i++)
		if (now->device[i] == device && now->inode[i] == inode)
			return 1;
	return 0;
}

/* Where the search for a directory begins. The table is never full. */
static size_t first_slot(const struct footprints *f, uint64_t device, uint64_t inode)
{
	uint64_t h = (inode ^ (device << 32 | device >> 32)) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(h >> 32) & (f->slot_cap - 1);
}

static void put_slot(struct footprints *f, uint64_t device, uint64_t inode, struct owner *owner)
{
	size_t at = first_slot(f, device, inode);

	for (; f->slots[at].owner; at = (at + 1) & (f->slot_cap - 1))
		if (f->slots[at].owner == owner && f->slots[at].device == device &&
			f->slots[at].inode == inode)
			return;
	f->slots[at] = (struct slot){.device = device, .inode = inode, .owner = owner};
	f->slot_count++;
}

/* Room for one more owner's directories; what nobody has any more is left out. */
static int room_for_slots(struct footprints *f, struct tote_fault *fault)
{
	size_t wanted = f->slot_cap ? f->slot_cap : 64;
	struct slot *slots;

	if (2 * (f->slot_count + 8) <= f->slot_cap)
		return 0;
	while (wanted < 16 * (f->owner_count + 1))
		wanted *= 2;
	slots = tote__heap_new(f->heap, wanted, sizeof(*slots), fault);
	if (!slots)
		return TOTE_E_NO_MEMORY;
	tote__heap_free(f->heap, f->slots);
	f->slots = slots;
	f->slot_cap = wanted;
	f->slot_count = 0;
	for (size_t i = 0; i < f->owner_count; i++)
		for (uint32_t n = 0; n < f->owners[i]->now.count; n++)
			put_slot(f, f->owners[i]->now.device[n], f->owners[i]->now.inode[n],
				f->owners[i]);
	return 0;
}

static int owner_of(
	struct footprints *f, const char *id, struct owner **ret, struct tote_fault *fault)
{
	size_t low = 0, high = f->owner_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(f->owners[middle]->id, id);

		if (!order) {
			*ret = f->owners[middle];
			return 0;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (f->owner_count == f->owner_cap) {
		size_t wanted = f->owner_cap ? 2 * f->owner_cap : 16;
		void *p = tote__heap_resize(f->heap, f->owners, wanted, sizeof(*f->owners), fault);

		if (!p)
			return TOTE_E_NO_MEMORY;
		f->owners = p;
		f->owner_cap = wanted;
	}
	if (!(*ret = tote__heap_new(f->heap, 1, sizeof(**ret), fault)))
		return TOTE_E_NO_MEMORY;
	snprintf((*ret)->id, sizeof((*ret)->id), "%s", id);
	memmove(f->owners + low + 1, f->owners + low, (f->owner_count - low) * sizeof(*f->owners));
	f->owners[low] = *ret;
	f->owner_count++;
	return 0;
}

/* The first that had one of these directories when it was looked at last. */
static int find_owner(const struct footprints *f, const struct owner *self, char ret_other[64])
{
	const struct store_identity *now = &self->now;

	for (uint32_t i = 0; i < now->count; i++)
		for (size_t at = first_slot(f, now->device[i], now->inode[i]); f->slots[at].owner;
			at = (at + 1) & (f->slot_cap - 1)) {
			const struct slot *slot = &f->slots[at];

			if (slot->owner != self && slot->device == now->device[i] &&
				slot->inode == now->inode[i] &&
				has(&slot->owner->now, slot->device, slot->inode)) {
				memcpy(ret_other, slot->owner->id, sizeof(slot->owner->id));
				return 1;
			}
		}
	return 0;
}

static int put(struct footprints *f, const char *id, const struct store_identity *now,
	char ret_other[64], struct tote_fault *fault)
{
	struct owner *self;
	int rc = room_for_slots(f, fault);

	if (!rc)
		rc = owner_of(f, id, &self, fault);
	if (rc < 0)
		return rc;
	self->now = *now;
	for (uint32_t i = 0; i < now->count; i++)
		put_slot(f, now->device[i], now->inode[i], self);
	return find_owner(f, self, ret_other);
}

int tote__footprints_put(struct footprints *f, const char *id, const struct store_identity *now,
	char ret_other[64], struct tote_fault *fault)
{
	int rc;

	pthread_mutex_lock(&f->mutex);
	rc = put(f, id, now, ret_other, fault);
	pthread_mutex_unlock(&f->mutex);
	return rc;
}
