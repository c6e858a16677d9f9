/* SPDX-License-Identifier: ISC */
/*
 * Segments of the journal in memory.
 */
#include "store/memory_journal.h"
#include "store/memory_place.h"
#include "store/memory_stage.h"
#include "store/path.h"

int tote__memory_journal_list(
	void *place, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault)
{
	return tote__memory_numbers(
		place, SPACE_JOURNAL, tote__path_segment_parse, seqs, cap, ret_count, fault);
}

int tote__memory_journal_make(void *place, uint64_t seq, const void *header, size_t len,
	uint64_t bytes, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct tree *t = &p->backend->tree;
	char name[PATH_KEPT_MAX];
	struct node *n;
	int rc = tote__memory_enter_own(p, SPACE_JOURNAL, 1, fault);

	if (rc)
		return rc;
	tote__path_segment(seq, name);
	n = tote__node_make(t, STORE_FILE, 0640, fault);
	rc = n ? tote__node_write(t, n, 0, header, len, fault) : fault->code;
	if (rc == 0)
		rc = tote__node_lengthen(t, n, bytes, fault);
	if (rc == 0)
		rc = tote__memory_add(p, SPACE_JOURNAL, name, n, "make", fault);
	tote__node_unref(t, n);
	tote__memory_leave(p);
	return rc;
}

int tote__memory_journal_open(void *place, uint64_t seq, void **ret_segment, uint64_t *ret_bytes,
	struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct memory_handle *h = NULL;
	char name[PATH_KEPT_MAX];
	struct node *n;
	int rc = tote__memory_enter_own(p, SPACE_JOURNAL, 0, fault);

	if (rc)
		return rc;
	tote__path_segment(seq, name);
	rc = tote__memory_find_file(p, SPACE_JOURNAL, name, "open", &n, fault);
	if (rc == 0) {
		h = tote__memory_handle(p, n, 0, fault);
		rc = h ? 0 : fault->code;
	}
	if (rc == 0) {
		*ret_segment = h;
		*ret_bytes = n->len;
	}
	tote__memory_leave(p);
	return rc;
}

int tote__memory_journal_size(void *segment, uint64_t *ret_bytes, struct tote_fault *fault)
{
	struct memory_handle *h = segment;

	(void)fault;
	pthread_mutex_lock(&h->place->backend->mutex);
	*ret_bytes = h->node->len;
	pthread_mutex_unlock(&h->place->backend->mutex);
	return 0;
}

int tote__memory_journal_read(void *segment, uint64_t offset, void *out, size_t len,
	size_t *ret_len, struct tote_fault *fault)
{
	struct memory_handle *h = segment;

	(void)fault;
	pthread_mutex_lock(&h->place->backend->mutex);
	*ret_len = tote__node_read(h->node, offset, out, len);
	pthread_mutex_unlock(&h->place->backend->mutex);
	return 0;
}

int tote__memory_journal_write(
	void *segment, uint64_t offset, const void *data, size_t len, struct tote_fault *fault)
{
	struct memory_handle *h = segment;
	int rc = tote__memory_enter_own(h->place, SPACE_JOURNAL, 1, fault);

	if (rc)
		return rc;
	rc = tote__node_write(&h->place->backend->tree, h->node, offset, data, len, fault);
	tote__memory_leave(h->place);
	return rc;
}

int tote__memory_journal_sync(void *segment, struct tote_fault *fault)
{
	(void)segment, (void)fault;
	return 0;
}

int tote__memory_journal_grow(void *segment, uint64_t bytes, struct tote_fault *fault)
{
	struct memory_handle *h = segment;
	int rc = tote__memory_enter_own(h->place, SPACE_JOURNAL, 1, fault);

	if (rc)
		return rc;
	rc = tote__node_lengthen(&h->place->backend->tree, h->node, bytes, fault);
	tote__memory_leave(h->place);
	return rc;
}

int tote__memory_journal_is_current(void *place, uint64_t seq, void *segment)
{
	struct memory_place *p = place;
	struct memory_handle *h = segment;
	struct tote_fault unused;
	char name[PATH_KEPT_MAX];
	struct node *n;
	int same;

	if (tote__memory_enter_own(p, SPACE_JOURNAL, 0, &unused) != 0)
		return 0;
	tote__path_segment(seq, name);
	same = tote__memory_find(p, SPACE_JOURNAL, name, "look at", &n, &unused) == 0 &&
	       n == h->node;
	tote__memory_leave(p);
	return same;
}

int tote__memory_journal_remove(void *place, uint64_t seq, struct tote_fault *fault)
{
	struct memory_place *p = place;
	char name[PATH_KEPT_MAX];
	struct node *n;
	int rc = tote__memory_enter_own(p, SPACE_JOURNAL, 1, fault);

	if (rc)
		return rc;
	tote__path_segment(seq, name);
	rc = tote__memory_find_file(p, SPACE_JOURNAL, name, "remove", &n, fault);
	if (rc == 0)
		tote__node_unlink(&p->backend->tree, n);
	tote__memory_leave(p);
	return rc;
}

int tote__memory_journal_sync_names(void *place, struct tote_fault *fault)
{
	int rc = tote__memory_enter_own(place, SPACE_JOURNAL, 1, fault);

	if (rc == 0)
		tote__memory_leave(place);
	return rc;
}
