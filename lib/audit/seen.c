/* SPDX-License-Identifier: ISC */
/*
 * The log against the last checkpoint that the witness saw of it (FORMAT section 6): rollback, fork,
 * and a witness that was rolled back itself.
 */
#include "audit/head.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 128

/* What is wrong: a finding's code, 0 for nothing. */
static int odd(const struct head *h, const struct seen_facts *f, const struct checkpoint *seen,
	uint8_t root[HASH_LEN], struct tote_fault *fault)
{
	int r;

	if (!seen)
		return h->q->target->seen_expected ? FINDING_SEEN_MISSING : 0;
	if (h->state != HEAD_THERE && seen->size)
		return h->state == HEAD_NONE ? FINDING_CHECKPOINT_MISSING : 0;
	if (h->is_signed != SIGNED_WELL)
		return 0; /* what is not signed proves nothing, and that was said */
	if (tote__findings_have(&h->q->findings, FINDING_IDENTITY_DIFFERS))
		return 0; /* another container was never what the witness saw of this one */
	if (f->end_known && seen->size > f->end)
		return FINDING_ROLLBACK;
	r = f->root(f->user, seen->size, root, fault);
	if (r < 0)
		return r;
	if (r && !tote__hash_equal(root, seen->root))
		return FINDING_FORK;
	return h->witnessed > seen->size ? FINDING_WITNESS_ROLLED_BACK : 0;
}

int tote__seen_is_odd(const struct head *h, const struct seen_facts *f, struct tote_fault *fault)
{
	uint8_t root[HASH_LEN];
	int r = odd(h, f, h->q->target->seen, root, fault);

	return r < 0 ? r : r != 0;
}

static void describe(int code, const struct head *h, const struct seen_facts *f,
	const struct checkpoint *seen, const uint8_t *root, char *expected, char *was)
{
	char a[2 * HASH_LEN + 1], b[2 * HASH_LEN + 1];

	expected[0] = was[0] = '\0';
	switch (code) {
	case FINDING_ROLLBACK:
		snprintf(expected, TEXT_MAX, "%" PRIu64 " entries or more", seen->size);
		snprintf(was, TEXT_MAX, "%" PRIu64 " entries", f->end);
		break;
	case FINDING_FORK:
		tote__hex_encode(seen->root, HASH_LEN, a);
		tote__hex_encode(root, HASH_LEN, b);
		snprintf(expected, TEXT_MAX, "root of %" PRIu64 ": %s", seen->size, a);
		snprintf(was, TEXT_MAX, "root of %" PRIu64 ": %s", seen->size, b);
		break;
	case FINDING_WITNESS_ROLLED_BACK:
		snprintf(expected, TEXT_MAX, "%" PRIu64 " entries seen or more", h->witnessed);
		snprintf(was, TEXT_MAX, "%" PRIu64 " entries seen", seen->size);
		break;
	case FINDING_CHECKPOINT_MISSING:
		snprintf(expected, TEXT_MAX, "a checkpoint of %" PRIu64 " entries or more",
			seen->size);
		snprintf(was, TEXT_MAX, "none");
		break;
	default:
		break;
	}
}

int tote__seen_judge(const struct head *h, const struct seen_facts *f, struct tote_fault *fault)
{
	const struct run_target *t = h->q->target;
	const struct checkpoint *seen = t->seen;
	char expected[TEXT_MAX], was[TEXT_MAX];
	struct checkpoint again;
	struct tote_fault why;
	uint8_t root[HASH_LEN];
	int code;

	memset(&why, 0, sizeof(why));
	if (t->seen_again) {
		int r = t->seen_again(t->user, &again, &why);

		if (r < 0) /* whoever gave it says what is wrong with it */
			return r == TOTE_E_NO_MEMORY ? r : 0;
		seen = r ? &again : NULL;
	}
	code = odd(h, f, seen, root, fault);
	if (code <= 0)
		return code;
	describe(code, h, f, seen, root, expected, was);
	if (code == FINDING_SEEN_MISSING || code == FINDING_WITNESS_ROLLED_BACK)
		return tote__findings_add(
			&h->q->findings, code, "", FINDING_NO_SEQ, expected, was, fault);
	return tote__inquiry_find(h->q, code, SPACE_LOG,
		code == FINDING_CHECKPOINT_MISSING ? "checkpoint" : "", FINDING_NO_SEQ, expected,
		was, fault);
}
