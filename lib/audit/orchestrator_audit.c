/* SPDX-License-Identifier: ISC */
/*
 * The orchestrator's own directory (FORMAT sections 1, 6 and 9).
 */
#include "audit/orchestrator_audit.h"
#include "audit/foreign.h"
#include "audit/held_keys.h"
#include "audit/report_look.h"
#include "base/grammar.h"
#include "base/text.h"
#include "store/keystore.h"
#include "store/path.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 128

enum { WHAT_KEYS, WHAT_SEEN, WHAT_FOREIGN, WHAT_NAMES, WHAT_REPORTS, WHAT_DONE };

void tote__orchestrator_audit_init(
	struct orchestrator_audit *o, struct inquiry *q, const struct keyring *keys)
{
	*o = (struct orchestrator_audit){.q = q, .keys = keys};
}

static int tell(struct orchestrator_audit *o, int code, int space, const char *name,
	const char *expected, const char *was, struct tote_fault *fault)
{
	o->odd = 1;
	if (!o->telling)
		return 0;
	return tote__inquiry_find(o->q, code, space, name, FINDING_NO_SEQ, expected, was, fault);
}

static int find_container(
	const struct orchestrator_audit *o, const char *id, struct known_container *ret)
{
	const struct orchestrator_facts *facts = o->q->target->facts;

	return facts->container(facts->user, id, ret) > 0;
}

/*
 * Where the key it was registered with does not answer, its log may lead on to another one. Only
 * then is the container itself looked at: one that cannot be, or hangs, must not keep all the others'
 * keys from being audited.
 */
static void follow(const struct orchestrator_audit *o, struct known_container *known)
{
	const struct orchestrator_facts *facts = o->q->target->facts;

	if (facts->key)
		facts->key(facts->user, known);
}

static int begins(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Temporary names are those of a writer: of cells never a finding, of others information. */
static int is_temporary(struct orchestrator_audit *o, int space, const char *name, int *ret_rc,
	struct tote_fault *fault)
{
	*ret_rc = 0;
	if (begins(name, PATH_NEW_PREFIX))
		return 1;
	if (!begins(name, PATH_TEMP_PREFIX))
		return 0;
	*ret_rc = tell(o, FINDING_LOG_STALE, space, name, NULL, "an unfinished file", fault);
	return 1;
}

static int list(
	struct orchestrator_audit *o, int space, store_list_fn *each, struct tote_fault *fault)
{
	const struct place *place = o->q->place;
	struct tote_fault why;
	int r;

	memset(&why, 0, sizeof(why));
	r = place->ops->list(place->handle, space, "", each, o, &why);
	if (r == 0 || r == TOTE_E_NOT_FOUND || r == TOTE_E_UNTRUSTED)
		return 0; /* the skeleton tells of it */
	*fault = why;
	return tote__inquiry_failed(o->q, space, "", r, fault);
}

/* --- keys/ ---------------------------------------------------------------------------------- */

/* NAME, or the NAME of NAME.last and NAME.next. */
static void key_name(const char *name, char out[64])
{
	static const char *const suffixes[] = {".last", ".next"};
	size_t len = strlen(name);

	for (int i = 0; i < 2; i++) {
		size_t tail = strlen(suffixes[i]);

		if (len > tail && strcmp(name + len - tail, suffixes[i]) == 0) {
			len -= tail;
			break;
		}
	}
	snprintf(out, 64, "%.*s", (int)(len < 64 ? len : 63), name);
}

/* 1 and the key that keys/NAME was to hold first (NULL: not known), and its key name; 0: no such name. */
static int key_owner(const struct orchestrator_audit *o, const char *name, const struct vkey **ret,
	const char **ret_origin)
{
	const struct run_target *t = o->q->target;
	struct known_container known;

	*ret = NULL;
	*ret_origin = NULL;
	if (!strcmp(name, "orchestrator")) {
		*ret = tote__keyring_for(o->keys, UINT64_MAX);
		*ret_origin = t->origin;
		return 1;
	}
	if (!strcmp(name, "witness")) {
		*ret = t->witness;
		return 1;
	}
	if (!find_container(o, name, &known))
		return 0;
	*ret = known.key;
	*ret_origin = known.origin;
	return 1;
}

/* 1 where keys/NAME holds the key it is to hold: of a container, one that its log leads to. */
static int is_wanted(struct orchestrator_audit *o, const char *name, const struct vkey *key,
	const struct vkey **want)
{
	struct known_container known;

	if (!*want || strstr(name, ".next") || tote__vkey_equal(key, *want))
		return 1;
	if (!find_container(o, name, &known))
		return 0;
	follow(o, &known);
	*want = known.key;
	return !*want || tote__vkey_equal(key, *want);
}

static int check_key_file(struct orchestrator_audit *o, const char *name, const struct vkey *want,
	const char *origin, struct tote_fault *fault)
{
	char expected[VKEY_MAX], was[VKEY_MAX];
	struct tote_fault why;
	struct vkey key;
	int r;

	memset(&why, 0, sizeof(why));
	r = tote__keystore_public(o->q->place, name, &key, &why);
	if (r == TOTE_E_NOT_FOUND)
		return 0;
	if (r == TOTE_E_KEY || r == TOTE_E_UNTRUSTED || r == TOTE_E_MALFORMED ||
		r == TOTE_E_TOO_LARGE)
		return tell(
			o, FINDING_KEY_DAMAGED, SPACE_KEYS, name, "a key file", why.text, fault);
	if (r < 0) {
		*fault = why;
		return tote__inquiry_failed(o->q, SPACE_KEYS, name, r, fault);
	}
	tote__vkey_format(&key, was);
	if (!is_wanted(o, name, &key, &want)) {
		tote__vkey_format(want, expected);
		return tell(o, FINDING_KEY_DIFFERS, SPACE_KEYS, name, expected, was, fault);
	}
	if (origin && strcmp(origin, key.name) != 0)
		return tell(o, FINDING_KEY_DIFFERS, SPACE_KEYS, name, origin, was, fault);
	return tote__held_keys_add(o->held, name, key.pub, fault);
}

/* A line that bears a log's name, whichever of its keys it is by. */
static int has_line_of(const struct note *note, const char *name)
{
	for (size_t i = 0; i < note->sig_count; i++)
		if (note->sigs[i].name_len == strlen(name) &&
			memcmp(note->sigs[i].name, name, note->sigs[i].name_len) == 0)
			return 1;
	return 0;
}

/* 1: a line by this key verifies; 0: none is by it; TOTE_E_BAD_SIGNATURE. */
static int is_line_by(const struct note *note, const struct vkey *key, struct tote_fault *why)
{
	return key->type == KEY_TYPE_ED25519 ? tote__note_verify(note, key, why) : 0;
}

/*
 * By the key in force, the one that lies in the file, or a former one: between a rotation and the
 * checkpoint over it the note is still by the key before.
 */
static int is_line_by_any(struct orchestrator_audit *o, const char *name, const struct note *note,
	const struct vkey *key, struct tote_fault *why)
{
	struct known_container known;
	struct tote_fault unused;
	struct vkey held = {.name = ""};
	char base[64];
	int r = key ? is_line_by(note, key, why) : 0;

	memset(&unused, 0, sizeof(unused));
	key_name(name, base);
	if (!r && !tote__keystore_public(o->q->place, base, &held, &unused))
		r = is_line_by(note, &held, why);
	for (size_t i = 0; !r && i < o->keys->count; i++)
		r = is_line_by(note, &o->keys->steps[i].key, why);
	if (!r && find_container(o, base, &known)) {
		follow(o, &known);
		if (known.key)
			r = is_line_by(note, known.key, why);
		if (!r && known.rotated && has_line_of(note, held.name))
			return 0;
	}
	return r ? r : tote__fault(why, TOTE_E_BAD_SIGNATURE, "no line by the key of %s", base);
}

/* NAME.last: a note that was signed with the key. */
static int check_last(struct orchestrator_audit *o, const char *name, const struct vkey *key,
	struct tote_fault *fault)
{
	const struct place *place = o->q->place;
	struct tote_fault why;
	struct checkpoint c;
	struct note note;
	struct buf bytes;
	int r;

	memset(&why, 0, sizeof(why));
	tote__buf_init(&bytes, o->q->heap, NOTE_MAX);
	r = place->ops->cell_read(place->handle, SPACE_KEYS, name, &bytes, &why);
	if (r == 0)
		r = tote__checkpoint_read(bytes.data, bytes.len, &note, &c, &why);
	if (r == 0)
		r = is_line_by_any(o, name, &note, key, &why);
	tote__buf_free(&bytes);
	if (r >= 0 || r == TOTE_E_NOT_FOUND)
		return 0;
	if (r == TOTE_E_MALFORMED || r == TOTE_E_BAD_SIGNATURE || r == TOTE_E_UNTRUSTED ||
		r == TOTE_E_TOO_LARGE)
		return tell(o, FINDING_KEY_DAMAGED, SPACE_KEYS, name, "the note signed last",
			why.text, fault);
	*fault = why;
	return tote__inquiry_failed(o->q, SPACE_KEYS, name, r, fault);
}

/*
 * A container is registered last (FORMAT section 8), so its key and what was seen of it may be there
 * without it: provisioning is under way, or was interrupted. Its key bears ORIGIN/ID.
 */
static int is_unfinished_key(struct orchestrator_audit *o, const char *id)
{
	struct tote_fault unused;
	struct vkey key;
	size_t len, tail = strlen(id);

	memset(&unused, 0, sizeof(unused));
	if (!tote__id_valid(id) || tote__keystore_public(o->q->place, id, &key, &unused) < 0)
		return 0;
	len = strlen(key.name);
	return len > tail && key.name[len - tail - 1] == '/' &&
	       strcmp(key.name + len - tail, id) == 0;
}

static int tell_unfinished(
	struct orchestrator_audit *o, int space, const char *name, struct tote_fault *fault)
{
	return tell(o, FINDING_LOG_STALE, space, name, NULL,
		"of a container that is not registered: provision ID completes it", fault);
}

static int each_key(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct orchestrator_audit *o = user;
	const struct vkey *want;
	const char *origin;
	char base[64], was[TEXT_MAX];
	int rc;

	if (is_temporary(o, SPACE_KEYS, name, &rc, fault))
		return rc;
	key_name(name, base);
	if (!key_owner(o, base, &want, &origin)) {
		if (!is_unfinished_key(o, base))
			return tell(o, FINDING_ORCHESTRATOR_FOREIGN, SPACE_KEYS, name, NULL,
				"a name that is no container's", fault);
		rc = tell_unfinished(o, SPACE_KEYS, name, fault);
		if (rc < 0)
			return rc;
	}
	if (st->type == STORE_FILE && st->mode & 07177u) {
		snprintf(was, sizeof(was), "mode %04o", (unsigned)st->mode);
		return tell(
			o, FINDING_ORCHESTRATOR_MODE, SPACE_KEYS, name, "mode 0600", was, fault);
	}
	if (strstr(name, ".last"))
		return check_last(o, name, want, fault);
	return check_key_file(o, name, want, origin, fault);
}

/*
 * The root's own, from init on. The record has no witness: the note signed last with its key is what
 * guards it.
 */
static int look_at_own(struct orchestrator_audit *o, struct tote_fault *fault)
{
	static const char *const own[][2] = {{"orchestrator", "a key file"},
		{"witness", "a key file"}, {"orchestrator.last", "the note signed last"}};
	const struct place *place = o->q->place;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(own) / sizeof(own[0]); i++) {
		struct tote_fault unused;
		struct store_stat st;

		memset(&unused, 0, sizeof(unused));
		if (place->ops->stat(place->handle, SPACE_KEYS, own[i][0], &st, &unused) ==
			TOTE_E_NOT_FOUND)
			rc = tell(o, FINDING_KEY_DAMAGED, SPACE_KEYS, own[i][0], own[i][1],
				"nothing", fault);
	}
	return rc;
}

/* Who holds the key of another signs for it (FORMAT section 6: equal key material is refused). */
static int look_at_equals(struct orchestrator_audit *o, struct tote_fault *fault)
{
	const struct held_key *twin;
	char was[TEXT_MAX];
	int rc = 0;

	tote__held_keys_sort(o->held);
	for (size_t at = 0; rc == 0 && (twin = tote__held_keys_twin(o->held, &at));) {
		snprintf(was, sizeof(was), "the key that keys/%s holds", twin[0].name);
		rc = tell(o, FINDING_KEY_SHARED, SPACE_KEYS, twin[1].name, "a key of its own", was,
			fault);
	}
	return rc;
}

static int look_at_keys(struct orchestrator_audit *o, struct tote_fault *fault)
{
	struct held_keys held;
	const struct place *place = o->q->place;
	struct tote_fault unused;
	struct store_stat st;
	char was[TEXT_MAX];
	int rc = 0;

	memset(&unused, 0, sizeof(unused));
	if (place->ops->stat(place->handle, SPACE_KEYS, "", &st, &unused) == 0 && st.mode & 077u) {
		snprintf(was, sizeof(was), "mode %04o", (unsigned)st.mode);
		rc = tell(o, FINDING_ORCHESTRATOR_MODE, SPACE_KEYS, "", "mode 0700", was, fault);
	}
	if (rc == 0)
		rc = look_at_own(o, fault);
	tote__held_keys_init(&held, o->q->heap);
	o->held = &held;
	if (rc == 0)
		rc = list(o, SPACE_KEYS, each_key, fault);
	if (rc == 0)
		rc = look_at_equals(o, fault);
	o->held = NULL;
	tote__held_keys_free(&held);
	return rc;
}

/* --- seen/ ---------------------------------------------------------------------------------- */

/* 0, or a code: what is wrong with a cell that must hold a cosigned checkpoint. */
static int verify_seen(struct orchestrator_audit *o, const char *name,
	struct known_container *known, struct tote_fault *why)
{
	const struct vkey *witness = o->q->target->witness;
	const struct place *place = o->q->place;
	struct buf bytes, scratch;
	struct checkpoint c;
	struct note note;
	int r;

	tote__buf_init(&bytes, o->q->heap, NOTE_MAX);
	tote__buf_init(&scratch, o->q->heap, NOTE_MAX + 256);
	r = place->ops->cell_read(place->handle, SPACE_SEEN, name, &bytes, why);
	if (r == 0)
		r = tote__checkpoint_read(bytes.data, bytes.len, &note, &c, why);
	if (r == 0 && known->origin && strcmp(known->origin, c.origin) != 0)
		r = tote__fault(why, TOTE_E_MALFORMED, "it is of origin %s", c.origin);
	if (r == 0 && known->key) {
		r = tote__note_verify(&note, known->key, why);
		if (r == 0) {
			follow(o, known);
			r = known->key ? tote__note_verify(&note, known->key, why) : 1;
		}
		if (r == 0 && !(known->rotated && has_line_of(&note, known->origin)))
			r = tote__fault(why, TOTE_E_BAD_SIGNATURE, "no line by the log's key");
	}
	if (r >= 0 && witness) {
		r = tote__inquiry_cosigned(o->q, &note, &scratch, why);
		if (r == 0)
			r = tote__fault(why, TOTE_E_BAD_SIGNATURE, "no cosignature of ours");
	}
	tote__buf_free(&scratch);
	tote__buf_free(&bytes);
	return r < 0 ? r : 0;
}

static int each_seen(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct orchestrator_audit *o = user;
	struct known_container known;
	struct tote_fault why;
	int rc;

	(void)st;
	if (is_temporary(o, SPACE_SEEN, name, &rc, fault))
		return rc;
	memset(&why, 0, sizeof(why));
	if (!find_container(o, name, &known)) {
		if (tote__foreign_is_known(o->q, name))
			return 0; /* look_at_logs says what is wrong with it */
		if (tote__foreign_is_unfinished(o->q, name))
			return tell(o, FINDING_LOG_STALE, SPACE_SEEN, name, NULL,
				"of another root's log, not on record yet: its next cosignature "
				"completes it",
				fault);
		known = (struct known_container){.id = name};
		if (o->q->target->witness && tote__id_valid(name) &&
			verify_seen(o, name, &known, &why) == 0)
			return tell_unfinished(o, SPACE_SEEN, name, fault);
		return tell(o, FINDING_ORCHESTRATOR_FOREIGN, SPACE_SEEN, name, NULL,
			"a name that is no container's", fault);
	}
	rc = verify_seen(o, name, &known, &why);
	if (rc == 0 || rc == TOTE_E_NOT_FOUND)
		return 0;
	if (rc == TOTE_E_MALFORMED || rc == TOTE_E_BAD_SIGNATURE || rc == TOTE_E_UNTRUSTED ||
		rc == TOTE_E_TOO_LARGE)
		return tell(o, FINDING_SEEN_DAMAGED, SPACE_SEEN, name, "a cosigned checkpoint",
			why.text, fault);
	*fault = why;
	return tote__inquiry_failed(o->q, SPACE_SEEN, name, rc, fault);
}

static int look_at_logs(struct orchestrator_audit *o, struct tote_fault *fault)
{
	struct foreign_fault f;
	int rc = 0;

	for (size_t i = 0; rc == 0; i++) {
		rc = tote__foreign_look(o->q, i, &f, fault);
		if (rc == 0)
			return 0;
		if (rc < 0)
			rc = tote__inquiry_failed(o->q, SPACE_SEEN, f.name, rc, fault);
		else
			rc = f.code ? tell(o, f.code, SPACE_SEEN, f.name, f.expected, f.was, fault)
				    : 0;
	}
	return rc;
}

/* --- reports/ ------------------------------------------------------------------------------- */

/* The report of a run that is not finished on record yet may be there. */
static int each_report(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct orchestrator_audit *o = user;
	int rc;

	if (is_temporary(o, SPACE_REPORTS, name, &rc, fault))
		return rc;
	if (st->type == STORE_FILE && tote__report_is_name(name))
		return 0;
	return tell(o, FINDING_ORCHESTRATOR_FOREIGN, SPACE_REPORTS, name, NULL, "no report", fault);
}

/* What is in the index itself is compared with the record, not looked at here. */
static int each_index(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct orchestrator_audit *o = user;
	int rc;

	if (is_temporary(o, SPACE_INDEX, name, &rc, fault))
		return rc;
	if (st->type == STORE_FILE && !strcmp(name, "registry"))
		return 0;
	return tell(o, FINDING_ORCHESTRATOR_FOREIGN, SPACE_INDEX, name, NULL,
		"a name that is not the index's", fault);
}

static int look_at_report(
	struct orchestrator_audit *o, const struct known_report *want, struct tote_fault *fault)
{
	struct report_fault f;
	int rc = tote__report_look(o->q, want, &f, fault);

	if (rc < 0)
		return tote__inquiry_failed(o->q, SPACE_REPORTS, f.name, rc, fault);
	return f.code ? tell(o, f.code, SPACE_REPORTS, f.name, f.expected, f.was, fault) : 0;
}

int tote__orchestrator_audit_step(struct orchestrator_audit *o, struct tote_fault *fault)
{
	const struct orchestrator_facts *facts = o->q->target->facts;
	struct known_report report;
	int rc = 0;

	if (!facts || o->q->target->layout != LAYOUT_ORCHESTRATOR)
		return 0;
	switch (o->what) {
	case WHAT_KEYS:
		rc = look_at_keys(o, fault);
		break;
	case WHAT_SEEN:
		rc = list(o, SPACE_SEEN, each_seen, fault);
		break;
	case WHAT_FOREIGN:
		rc = look_at_logs(o, fault);
		break;
	case WHAT_NAMES:
		rc = list(o, SPACE_REPORTS, each_report, fault);
		if (rc >= 0)
			rc = list(o, SPACE_INDEX, each_index, fault);
		break;
	case WHAT_REPORTS:
		if (facts->report(facts->user, o->at, &report) > 0) {
			o->at++;
			rc = look_at_report(o, &report, fault);
			return rc < 0 ? rc : 1;
		}
		break;
	default:
		return 0;
	}
	if (rc < 0)
		return rc;
	o->what++;
	return o->what < WHAT_DONE;
}
