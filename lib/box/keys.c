/* SPDX-License-Identifier: ISC */
/*
 * The keys that a box's log has and had.
 */
#include "box/open.h"
#include <string.h>

static int read_keys(tote_box *box, struct view *v, struct keyring *ret, struct tote_fault *fault)
{
	char origin[256], vkey[VKEY_MAX];
	struct entry first;
	struct vkey key;
	int rc = v->limit > 0 ? 0 : tote__fault(fault, TOTE_E_NOT_FOUND, "keys: no entry yet");

	if (rc < 0 || (rc = tote__box_read_first(v, &first, fault)) < 0 ||
		(rc = tote__entry_string(&first, "origin", origin, sizeof(origin), fault)) < 0 ||
		(rc = tote__entry_string(&first, "vkey", vkey, sizeof(vkey), fault)) < 0 ||
		(rc = tote__vkey_parse(vkey, strlen(vkey), &key, fault)) < 0 ||
		(rc = tote__keyring_add(ret, 0, &key, fault)) < 0 ||
		(box->keys && (rc = box->keys(box->parent, ret, fault)) < 0))
		return rc;
	return tote__keyring_follow(ret, origin, v, 1, v->limit, fault);
}

int tote__box_keys(tote_box *box, struct keyring *ret, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	rc = read_keys(box, &view, ret, fault);
	tote__view_close(&view);
	return rc;
}

int tote__keys_out(const struct keyring *keys, struct tote_key *out, size_t cap, size_t *ret_count,
	struct tote_fault *fault)
{
	size_t count = 0;

	for (size_t i = 0; i < keys->count; i++) {
		const struct key_step *s = &keys->steps[i];

		if (count < cap) {
			out[count] = (struct tote_key){.from_seq = s->at_seq,
				.flags = s->replaced ? TOTE_KEYS_REPLACED : 0};
			tote__vkey_format(&s->key, out[count].vkey);
		}
		count++;
	}
	*ret_count = count;
	if (count <= cap)
		return 0;
	return tote__fault(
		fault, TOTE_E_TOO_LARGE, "keys: there are %zu, and room for %zu", count, cap);
}

int tote_box_keys(tote_box *box, struct tote_key *keys, size_t cap, size_t *ret_count,
	struct tote_fault *fault)
{
	struct keyring ring;
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__box_check(box, fault);
	if (rc == 0 && (!ret_count || (cap && !keys)))
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "keys: no place for them");
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	tote__keyring_init(&ring, &box->ctx->heap);
	rc = tote__box_keys(box, &ring, fault);
	if (rc == 0)
		rc = tote__keys_out(&ring, keys, cap, ret_count, fault);
	tote__keyring_free(&ring);
	return tote__box_done(box, rc, fault);
}
