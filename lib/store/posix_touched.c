/* SPDX-License-Identifier: ISC */
/*
 * The directories whose names changed: a sorted array, small since a fold or a batch of seals
 * touches few directories with many names.
 */
#include "store/posix_touched.h"
#include <string.h>

#define PATH_ROOM 4096

int tote__touched_init(struct touched *t, const struct heap *heap, struct tote_fault *fault)
{
	memset(t, 0, sizeof(*t));
	if (pthread_mutex_init(&t->mutex, NULL) != 0)
		return tote__fault(fault, TOTE_E_NO_MEMORY, "no memory for a mutex");
	t->heap = heap;
	return 0;
}

void tote__touched_free(struct touched *t)
{
	if (!t->heap)
		return;
	for (size_t i = 0; i < t->count; i++)
		tote__heap_free(t->heap, t->dirs[i].path);
	tote__heap_free(t->heap, t->dirs);
	pthread_mutex_destroy(&t->mutex);
	memset(t, 0, sizeof(*t));
}

static int compare(const struct touched_dir *dir, int space, const char *path, size_t len)
{
	int order;

	if (dir->space != space)
		return dir->space < space ? -1 : 1;
	order = strncmp(dir->path, path, len);
	return order ? order : dir->path[len] != '\0';
}

/* The first that is not before what is looked for; *ret_found says whether it is that. */
static size_t place_of(
	const struct touched *t, int space, const char *path, size_t len, int *ret_found)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&t->dirs[middle], space, path, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = low < t->count && compare(&t->dirs[low], space, path, len) == 0;
	return low;
}

static int make_room(struct touched *t, struct tote_fault *fault)
{
	size_t cap = t->cap ? t->cap * 2 : 16;
	struct touched_dir *moved;

	if (t->count < t->cap)
		return 0;
	moved = tote__heap_resize(t->heap, t->dirs, cap, sizeof(*moved), fault);
	if (!moved)
		return fault->code;
	t->dirs = moved;
	t->cap = cap;
	return 0;
}

static int pin_one(
	struct touched *t, int space, const char *path, size_t len, struct tote_fault *fault)
{
	int found, rc;
	size_t at = place_of(t, space, path, len, &found);
	char *copy;

	if (found) {
		t->dirs[at].pins++;
		return 0;
	}
	rc = make_room(t, fault);
	if (rc)
		return rc;
	copy = tote__heap_new(t->heap, len + 1, 1, fault);
	if (!copy)
		return fault->code;
	memcpy(copy, path, len);
	memmove(t->dirs + at + 1, t->dirs + at, (t->count - at) * sizeof(*t->dirs));
	t->dirs[at] = (struct touched_dir){.space = space, .pins = 1, .path = copy};
	t->count++;
	return 0;
}

/* stamp 0: nothing changed there, and what nobody else marked or pins is forgotten. */
static void unpin_one(struct touched *t, int space, const char *path, size_t len, uint64_t stamp)
{
	int found;
	size_t at = place_of(t, space, path, len, &found);
	struct touched_dir *dir = &t->dirs[at];

	if (!found || !dir->pins)
		return;
	dir->pins--;
	if (stamp)
		dir->stamp = stamp;
	if (dir->pins || dir->stamp)
		return;
	tote__heap_free(t->heap, dir->path);
	t->count--;
	memmove(dir, dir + 1, (t->count - at) * sizeof(*dir));
}

/* The length of the parent of the first len bytes; 1 while there is one. "" is the last. */
static int parent_of(const char *path, size_t *len)
{
	if (*len == 0)
		return 0;
	while (*len && path[*len - 1] != '/')
		--*len;
	if (*len)
		--*len;
	return 1;
}

/* From len upwards, but not what is at or above `until`; SIZE_MAX: all of them. */
static void unpin_up(
	struct touched *t, int space, const char *path, size_t len, size_t until, uint64_t stamp)
{
	do {
		if (len == until)
			return;
		unpin_one(t, space, path, len, stamp);
	} while (parent_of(path, &len));
}

int tote__touched_pin(
	struct touched *t, int space, const char *path, size_t len, struct tote_fault *fault)
{
	size_t at = len;
	int rc;

	pthread_mutex_lock(&t->mutex);
	do {
		rc = pin_one(t, space, path, at, fault);
	} while (rc == 0 && parent_of(path, &at));
	if (rc)
		unpin_up(t, space, path, len, at, 0);
	pthread_mutex_unlock(&t->mutex);
	return rc;
}

void tote__touched_unpin(struct touched *t, int space, const char *path, size_t len, int changed)
{
	pthread_mutex_lock(&t->mutex);
	unpin_up(t, space, path, len, SIZE_MAX, changed ? ++t->now : 0);
	pthread_mutex_unlock(&t->mutex);
}

/*
 * Copies the path of the first marked directory of the space behind `last` (NULL: the very first)
 * into out; 0: no more. One that is only pinned may not even be there yet.
 */
static int next_of(struct touched *t, int space, const char *last, char out[PATH_ROOM])
{
	size_t at;
	int found = 0, got = 0;

	pthread_mutex_lock(&t->mutex);
	at = last ? place_of(t, space, last, strlen(last), &found)
		  : place_of(t, space, "", 0, &found);
	if (last && found)
		at++;
	while (at < t->count && t->dirs[at].space == space && !t->dirs[at].stamp)
		at++;
	if (at < t->count && t->dirs[at].space == space && strlen(t->dirs[at].path) < PATH_ROOM) {
		strcpy(out, t->dirs[at].path);
		got = 1;
	}
	pthread_mutex_unlock(&t->mutex);
	return got;
}

static void forget(struct touched *t, int space, uint64_t upto)
{
	size_t kept = 0;

	pthread_mutex_lock(&t->mutex);
	for (size_t i = 0; i < t->count; i++) {
		struct touched_dir *dir = &t->dirs[i];

		if (dir->space == space && dir->pins == 0 && dir->stamp <= upto)
			tote__heap_free(t->heap, dir->path);
		else
			t->dirs[kept++] = *dir;
	}
	t->count = kept;
	pthread_mutex_unlock(&t->mutex);
}

int tote__touched_sync(
	struct touched *t, int space, touched_sync_fn *sync, void *user, struct tote_fault *fault)
{
	char path[PATH_ROOM];
	const char *last = NULL;
	uint64_t upto;
	int rc = 0;

	pthread_mutex_lock(&t->mutex);
	upto = t->now;
	pthread_mutex_unlock(&t->mutex);
	while (rc == 0 && next_of(t, space, last, path)) {
		rc = sync(user, space, path, fault);
		last = path;
	}
	if (rc == 0)
		forget(t, space, upto);
	return rc;
}
