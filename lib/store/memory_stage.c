/* SPDX-License-Identifier: ISC */
/*
 * Sealing in memory.
 */
#include "store/memory_stage.h"
#include "store/layout.h"
#include "store/memory_place.h"
#include "store/path.h"
#include "store/sort.h"
#include <string.h>

int tote__memory_stage_begin(void *place, void **ret_stage, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct memory_handle *h = NULL;
	struct node *n;
	int rc = tote__memory_enter_own(p, SPACE_ASSETS, 1, fault);

	if (rc)
		return rc;
	n = tote__node_make(&p->backend->tree, STORE_FILE, 0600, fault);
	if (n)
		h = tote__memory_handle(p, n, 0, fault);
	tote__node_unref(&p->backend->tree, n);
	tote__memory_leave(p);
	if (!h)
		return fault->code;
	*ret_stage = h;
	return 0;
}

int tote__memory_stage_write(void *stage, const void *data, size_t len, struct tote_fault *fault)
{
	struct memory_handle *h = stage;
	struct memory_backend *b = h->place->backend;
	int rc;

	pthread_mutex_lock(&b->mutex);
	rc = tote__node_write(&b->tree, h->node, h->node->len, data, len, fault);
	pthread_mutex_unlock(&b->mutex);
	return rc;
}

int tote__memory_stage_sync(void *const *stages, size_t count, struct tote_fault *fault)
{
	(void)fault;
	for (size_t i = 0; i < count; i++) {
		struct memory_handle *h = stages[i];

		pthread_mutex_lock(&h->place->backend->mutex);
		h->node->mode = 0444;
		pthread_mutex_unlock(&h->place->backend->mutex);
	}
	return 0;
}

int tote__memory_stage_keep(void *stage, uint64_t seq, struct tote_fault *fault)
{
	struct memory_handle *h = stage;
	char kept[PATH_KEPT_MAX];
	int rc = tote__memory_enter_own(h->place, SPACE_ASSETS, 1, fault);

	if (rc)
		return rc;
	tote__path_kept(seq, kept);
	if (h->node->name)
		rc = tote__memory_fault(
			h->place, SPACE_ASSETS, h->node->name, TOTE_E_EXISTS, "keep again", fault);
	else
		rc = tote__memory_add(h->place, SPACE_ASSETS, kept, h->node, "keep", fault);
	tote__memory_leave(h->place);
	return rc;
}

int tote__memory_make_parents(void *place, const char *path, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *dir;
	int rc = tote__memory_enter_write(p, SPACE_ASSETS, path, fault);

	if (rc)
		return rc;
	rc = tote__memory_space(p, SPACE_ASSETS, &dir, fault);
	if (rc == 0)
		rc = tote__node_make_dirs(&p->backend->tree, dir, path, tote__path_parent(path),
			LAYOUT_SUBDIR_MODE, &dir, fault);
	tote__memory_leave(p);
	return rc;
}

/* The kept file of that number. */
static int find_kept(struct memory_place *p, uint64_t seq, const char *verb, struct node **ret,
	struct tote_fault *fault)
{
	char kept[PATH_KEPT_MAX];

	tote__path_kept(seq, kept);
	return tote__memory_find_file(p, SPACE_ASSETS, kept, verb, ret, fault);
}

static int publish_entered(
	struct memory_place *p, uint64_t seq, const char *path, struct tote_fault *fault)
{
	struct node *n, *dir, *there;
	int code, rc = find_kept(p, seq, "publish", &n, fault);

	if (rc == 0)
		rc = tote__memory_space(p, SPACE_ASSETS, &dir, fault);
	if (rc)
		return rc;
	if (tote__node_find(dir, path, strlen(path), &there) == 0)
		return tote__memory_fault(p, SPACE_ASSETS, path, TOTE_E_EXISTS, "publish", fault);
	code = tote__node_find(dir, path, tote__path_parent(path), &there);
	if (!code && there->type != STORE_DIR)
		code = TOTE_E_UNTRUSTED;
	if (code)
		return tote__memory_fault(p, SPACE_ASSETS, path, code, "publish", fault);
	return tote__node_move(&p->backend->tree, n, there, tote__path_last(path), fault);
}

int tote__memory_publish(void *place, uint64_t seq, const char *path, struct tote_fault *fault)
{
	struct memory_place *p = place;
	int rc = tote__memory_enter_write(p, SPACE_ASSETS, path, fault);

	if (rc)
		return rc;
	rc = publish_entered(p, seq, path, fault);
	tote__memory_leave(p);
	return rc;
}

int tote__memory_discard(void *place, uint64_t seq, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *n;
	int rc = tote__memory_enter_own(p, SPACE_ASSETS, 1, fault);

	if (rc)
		return rc;
	rc = find_kept(p, seq, "discard", &n, fault);
	if (rc == 0)
		tote__node_unlink(&p->backend->tree, n);
	tote__memory_leave(p);
	return rc;
}

int tote__memory_numbers(void *place, int space, int (*parse)(const char *name, uint64_t *ret),
	uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *dir;
	size_t count = 0;
	uint64_t seq;
	int rc = tote__memory_enter_own(p, space, 0, fault);

	if (rc)
		return rc;
	rc = tote__memory_space(p, space, &dir, fault);
	for (size_t i = 0; rc == 0 && i < dir->count; i++) {
		if (!parse(dir->children[i]->name, &seq))
			continue;
		if (count == cap)
			rc = tote__layout_fault(p->location, p->layout, space, "", TOTE_E_LIMIT,
				"list", "there are more files than can be looked at", fault);
		else
			seqs[count++] = seq;
	}
	tote__memory_leave(p);
	if (rc)
		return rc;
	tote__sort(seqs, count, sizeof(*seqs), tote__sort_u64);
	*ret_count = count;
	return 0;
}

int tote__memory_list_kept(
	void *place, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault)
{
	return tote__memory_numbers(
		place, SPACE_ASSETS, tote__path_kept_parse, seqs, cap, ret_count, fault);
}

int tote__memory_sync_parents(
	void *place, const char *const *paths, size_t count, struct tote_fault *fault)
{
	int rc = tote__memory_enter_own(place, SPACE_ASSETS, 1, fault);

	if (rc)
		return rc;
	tote__memory_leave(place);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = tote__path_check(paths[i], fault);
	return rc;
}

/* A nameless file of memory is gone with its last handle: nothing is ever left. */
int tote__memory_sweep(void *place, struct tote_fault *fault)
{
	int rc = tote__memory_enter_own(place, SPACE_TOP, 1, fault);

	if (rc == 0)
		tote__memory_leave(place);
	return rc;
}
