/* SPDX-License-Identifier: ISC */
/*
 * Cosignatures from outside, carried here by hand. A key is on record before its line is in a
 * checkpoint, so an audit knows every line that it meets there.
 */
#include "orchestrator/cosigners.h"
#include "orchestrator/containers.h"
#include "orchestrator/own_keys.h"
#include "orchestrator/record.h"
#include "tlog/cosignature.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX 65536u
#define KEYS_TEXT  (TOTE_COSIGNERS_MAX * VKEY_MAX)

/* --- keys ----------------------------------------------------------------------------------- */

static int has_key(const struct cosigners *c, const struct vkey *key)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->keys[i].id == key->id && !strcmp(c->keys[i].name, key->name) &&
			!memcmp(c->keys[i].pub, key->pub, sizeof(key->pub)))
			return 1;
	return 0;
}

/* One key counts once, whatever it is called. */
static int add_key(struct cosigners *c, const struct vkey *key, struct tote_fault *fault)
{
	if (has_key(c, key))
		return 0;
	for (size_t i = 0; i < c->count; i++)
		if (!memcmp(c->keys[i].pub, key->pub, sizeof(key->pub)))
			return tote__fault(fault, TOTE_E_KEY,
				"witness merge: the key of '%s' is known already as that of '%s'",
				key->name, c->keys[i].name);
	if (c->count == TOTE_COSIGNERS_MAX)
		return tote__fault(
			fault, TOTE_E_LIMIT, "there are %u cosigners already", TOTE_COSIGNERS_MAX);
	c->keys[c->count++] = *key;
	return 0;
}

/* What is on record was checked when it was written; what a later version wrote is passed over. */
void tote__cosigners_parse(const char *text, struct cosigners *ret)
{
	struct tote_fault unused;
	struct vkey key;

	ret->count = 0;
	while (text && *text) {
		size_t len = strcspn(text, " ");

		if (tote__vkey_parse(text, len, &key, &unused) == 0 &&
			key.type == KEY_TYPE_COSIGNATURE)
			add_key(ret, &key, &unused);
		text += len + (text[len] == ' ');
	}
}

int tote__cosigners_known(
	tote_orchestrator *o, const char *id, struct cosigners *ret, struct tote_fault *fault)
{
	const struct known *k;
	char *text = NULL;
	int there;

	ret->count = 0;
	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	ret->wanted = k ? k->policy.cosigners : 0;
	there = k && k->cosigner_keys;
	if (there)
		text = tote__heap_strdup(&o->ctx->heap, k->cosigner_keys, fault);
	tote__orchestrator_unlock(o);
	if (there && !text)
		return TOTE_E_NO_MEMORY;
	tote__cosigners_parse(text, ret);
	tote__heap_free(&o->ctx->heap, text);
	return 0;
}

/* --- an answer ------------------------------------------------------------------------------ */

struct merge {
	tote_orchestrator *o;
	tote_box *box;
	const char *id;
	const char *actor;
	struct cosigners allowed; /* on record, and given now */
	struct cosigners used;    /* those whose line verified */
	struct buf bytes;         /* the checkpoint's text and the lines of the answer */
	struct note note;         /* of bytes: text and the lines of the answer */
	struct buf here;          /* the checkpoint as it lies there */
	struct note present;
	const struct note_sig *take[NOTE_SIGS_MAX]; /* the line that is to be there; NULL: none */
	char unknown[KEY_NAME_MAX + 32];
	uint32_t merged;
};

/* The key of its root's own witness, also a former one, is none from outside. */
static int is_own(struct merge *m, const struct vkey *key, struct tote_fault *fault)
{
	struct keyring own;
	int rc = tote__own_keys(m->o, TOTE_KEY_WITNESS, &own, fault);

	if (rc < 0)
		return rc;
	for (size_t i = 0; !rc && i < own.count; i++)
		rc = !memcmp(key->pub, own.steps[i].key.pub, sizeof(key->pub));
	tote__keyring_free(&own);
	return rc;
}

static int allow_key(struct merge *m, const char *text, struct tote_fault *fault)
{
	struct vkey key;
	int rc;

	if (!text)
		return tote__fault(fault, TOTE_E_ARGUMENT, "witness merge: a vkey is NULL");
	if ((rc = tote__vkey_parse(text, strlen(text), &key, fault)) < 0)
		return rc;
	if (key.type != KEY_TYPE_COSIGNATURE)
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"witness merge: '%s' is a log's key, not a witness's (type 0x04)",
			key.name);
	if ((rc = is_own(m, &key, fault)) < 0)
		return rc;
	if (rc)
		return tote__fault(fault, TOTE_E_KEY,
			"witness merge: '%s' is this root's own witness: its audits add its line",
			key.name);
	return add_key(&m->allowed, &key, fault);
}

/* The checkpoint that lies there, and the answer's lines behind its text (C2SP tlog-witness). */
static int read_answer(struct merge *m, const void *answer, size_t length, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view(m->box, 0, &view, fault);

	if (rc < 0)
		return rc;
	if (view.replay.have_checkpoint)
		tote__buf_put(&m->here, view.replay.note.data, view.replay.note.len);
	else
		rc = tote__fault(fault, TOTE_E_NOT_FOUND, "no checkpoint is published yet");
	tote__view_close(&view);
	if (!rc)
		rc = tote__buf_check(&m->here, "checkpoint", fault);
	if (!rc)
		rc = tote__note_parse(m->here.data, m->here.len, &m->present, fault);
	if (rc < 0)
		return rc;
	tote__buf_put(&m->bytes, m->present.text, m->present.text_len);
	tote__buf_putc(&m->bytes, '\n');
	tote__buf_put(&m->bytes, answer, length);
	rc = tote__buf_check(&m->bytes, "witness's answer", fault);
	if (!rc)
		rc = tote__note_parse(m->bytes.data, m->bytes.len, &m->note, fault);
	if (!rc && m->note.text_len != m->present.text_len)
		rc = tote__fault(fault, TOTE_E_MALFORMED, "it is more than signature lines");
	return rc < 0 ? tote__fault_wrap(fault, "witness's answer") : 0;
}

static int is_by(const struct note_sig *sig, const struct vkey *key)
{
	return key->id == sig->id && strlen(key->name) == sig->name_len &&
	       !memcmp(key->name, sig->name, sig->name_len);
}

static const struct vkey *key_of(const struct cosigners *c, const struct note_sig *sig)
{
	for (size_t i = 0; i < c->count; i++)
		if (is_by(sig, &c->keys[i]))
			return &c->keys[i];
	return NULL;
}

/* Just this line of a note. 1 it verifies, TOTE_E_BAD_SIGNATURE. */
static int verify_line(const struct merge *m, const struct note *note, size_t i,
	const struct vkey *key, struct tote_fault *fault)
{
	struct note one = *note;
	struct buf scratch;
	uint64_t seconds;
	int rc;

	one.sigs[0] = note->sigs[i];
	one.sig_count = 1;
	tote__buf_init(&scratch, &m->o->ctx->heap, NOTE_MAX + 256);
	rc = tote__cosignature_verify(&one, key, &scratch, &seconds, fault);
	tote__buf_free(&scratch);
	if (rc == TOTE_E_BAD_SIGNATURE)
		tote__fault_wrap(fault,
			"it is no cosignature of the checkpoint that '%s' has now, perhaps of an "
			"older one: make a new request",
			m->id);
	return rc;
}

/* A valid line of this cosigner that lies there already: one is enough, whenever it was made. */
static const struct note_sig *find_there(const struct merge *m, const struct vkey *key)
{
	struct tote_fault unused;

	memset(&unused, 0, sizeof(unused));
	for (size_t i = 0; i < m->present.sig_count; i++)
		if (is_by(&m->present.sigs[i], key) &&
			verify_line(m, &m->present, i, key, &unused) > 0)
			return &m->present.sigs[i];
	return NULL;
}

static void leave_out(struct merge *m, const struct note_sig *sig)
{
	if (!*m->unknown)
		snprintf(m->unknown, sizeof(m->unknown), "'%.*s', key %08" PRIx32,
			(int)sig->name_len, sig->name, sig->id);
	tote__log(&m->o->ctx->log, TOTE_LOG_WARNING,
		"witness's answer for '%s': a line by '%.*s', key %08" PRIx32
		", was left out: its key is not known",
		m->id, (int)sig->name_len, sig->name, sig->id);
}

/* Which lines are to be added. All that are by a known key must verify. */
static int judge_lines(struct merge *m, struct tote_fault *fault)
{
	int rc, known = 0;

	for (size_t i = 0; i < m->note.sig_count; i++) {
		const struct vkey *key = key_of(&m->allowed, &m->note.sigs[i]);

		if (!key) {
			leave_out(m, &m->note.sigs[i]);
			continue;
		}
		if ((rc = verify_line(m, &m->note, i, key, fault)) < 0)
			return rc;
		known = 1;
		if (has_key(&m->used, key))
			continue;
		m->take[i] = find_there(m, key);
		if (!m->take[i]) {
			m->take[i] = &m->note.sigs[i];
			m->merged++;
		}
		if ((rc = add_key(&m->used, key, fault)) < 0)
			return rc;
	}
	if (known)
		return 0;
	return tote__fault(fault, TOTE_E_NO_SIGNATURE,
		"witness's answer: no line is by a known key: %s is not: give its vkey if you "
		"know it from elsewhere",
		m->unknown);
}

/* --- what is written ------------------------------------------------------------------------ */

static int write_keys(struct merge *m, const struct cosigners *all, struct tote_fault *fault)
{
	char *text = tote__heap_new(&m->o->ctx->heap, KEYS_TEXT, 1, fault), *at = text;
	int rc;

	if (!text)
		return TOTE_E_NO_MEMORY;
	for (size_t i = 0; i < all->count; i++) {
		if (i)
			*at++ = ' ';
		tote__vkey_format(&all->keys[i], at);
		at += strlen(at);
	}
	rc = tote__record_cosigners(m->o, m->id, text, m->actor, fault);
	tote__heap_free(&m->o->ctx->heap, text);
	return rc;
}

/* With the record held, so that of two merges at once neither forgets the other's keys. */
static int record_keys(struct merge *m, struct tote_fault *fault)
{
	struct cosigners all;
	size_t before;
	int rc = tote__orchestrator_hold(m->o, fault);

	if (rc < 0)
		return rc;
	rc = tote__cosigners_known(m->o, m->id, &all, fault);
	before = all.count;
	for (size_t i = 0; !rc && i < m->used.count; i++)
		rc = add_key(&all, &m->used.keys[i], fault);
	if (!rc && all.count > before)
		rc = write_keys(m, &all, fault);
	tote__orchestrator_release(m->o);
	return rc < 0 ? rc : tote__orchestrator_refresh(m->o, fault);
}

/* A line that lies there already is added like the others: that syncs it, which nobody may have. */
static int add_lines(struct merge *m, struct tote_fault *fault)
{
	for (size_t i = 0; i < m->note.sig_count; i++) {
		const struct note_sig *sig = m->take[i];
		int rc;

		if (!sig)
			continue;
		rc = tote__ledger_add_line(m->box->ledger, m->note.text, m->note.text_len,
			sig->line, sig->line_len, fault);
		if (!rc)
			rc = tote__fault(fault, TOTE_E_CONFLICT,
				"the checkpoint of '%s' moved on while its cosignatures were "
				"added: make a new request",
				m->id);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int merge_answer(
	struct merge *m, const void *answer, size_t length, struct tote_fault *fault)
{
	int rc;

	if ((rc = read_answer(m, answer, length, fault)) < 0 || (rc = judge_lines(m, fault)) < 0 ||
		(rc = record_keys(m, fault)) < 0)
		return rc;
	return add_lines(m, fault);
}

/* The record itself is a box too; a container's needs no key for this. */
static int open_box(struct merge *m, struct tote_fault *fault)
{
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_NO_SIGNER};

	if (strcmp(m->id, RECORD_ID) != 0)
		return tote__containers_open_box(m->o, m->id, &options, &m->box, fault);
	m->box = tote_box_ref(m->o->record);
	return 0;
}

static int run(struct merge *m, const void *answer, size_t length, const char *const *vkeys,
	size_t count, struct tote_fault *fault)
{
	int rc;

	if ((rc = tote__orchestrator_sound(m->o, fault)) < 0 ||
		(rc = tote__orchestrator_refresh(m->o, fault)) < 0 ||
		(rc = tote__cosigners_known(m->o, m->id, &m->allowed, fault)) < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		if ((rc = allow_key(m, vkeys[i], fault)) < 0)
			return rc;
	if ((rc = open_box(m, fault)) < 0)
		return rc;
	rc = merge_answer(m, answer, length, fault);
	tote_box_unref(m->box);
	return rc;
}

static int check_arguments(const char *id, const void *answer, size_t length,
	const char *const *vkeys, size_t count, uint32_t flags, struct tote_fault *fault)
{
	int rc = tote__flags_check(flags, 0, "witness merge", fault);

	if (rc < 0)
		return rc;
	if (!id || !answer || (count && !vkeys))
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "witness merge: ID, answer or vkeys is NULL");
	if (length > ANSWER_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE,
			"witness merge: the answer has %zu bytes and may have %u", length,
			ANSWER_MAX);
	return strcmp(id, RECORD_ID) != 0 ? tote__containers_check_id(id, fault) : 0;
}

int tote_orchestrator_witness_merge(tote_orchestrator *o, const char *id, const void *answer,
	size_t length, const char *const *vkeys, size_t count, const char *actor, uint32_t flags,
	uint32_t *ret_merged, struct tote_fault *fault)
{
	struct merge *m;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = check_arguments(id, answer, length, vkeys, count, flags, fault)) < 0)
		return rc;
	if (!(m = tote__heap_new(&o->ctx->heap, 1, sizeof(*m), fault)))
		return TOTE_E_NO_MEMORY;
	m->o = o;
	m->id = id;
	m->actor = actor;
	tote__buf_init(&m->bytes, &o->ctx->heap, NOTE_MAX);
	tote__buf_init(&m->here, &o->ctx->heap, NOTE_MAX);
	rc = run(m, answer, length, vkeys, count, fault);
	if (rc < 0)
		tote__fault_set_box(fault, id);
	else if (ret_merged)
		*ret_merged = m->merged;
	tote__buf_free(&m->bytes);
	tote__buf_free(&m->here);
	tote__heap_free(&o->ctx->heap, m);
	return rc;
}
