/* SPDX-License-Identifier: ISC */
/*
 * seen/ID, read: it counts only with both signatures, the log's and our witness's.
 */
#include "orchestrator/seen.h"
#include "base/text.h"
#include "orchestrator/own_keys.h"
#include "store/keystore.h"
#include <inttypes.h>
#include <string.h>

void tote__seen_free(struct seen *s)
{
	tote__buf_free(&s->note);
	memset(s, 0, sizeof(*s));
}

/* Keys that the root knows of a log without reading it. */
static int known_keys(tote_orchestrator *o, const char *id, const struct vkey *log_key,
	struct keyring *ret, struct tote_fault *fault)
{
	const struct known *k;
	struct tote_fault unused;
	struct vkey key;
	int rc;

	tote__keyring_init(ret, &o->ctx->heap);
	rc = tote__keyring_add(ret, 0, log_key, fault);
	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	for (size_t i = 0; rc == 0 && k && i < k->rekey_count; i++) {
		rc = tote__keyring_add(ret, 0, &k->rekeys[i].from, fault);
		if (rc == 0)
			rc = tote__keyring_add(ret, 0, &k->rekeys[i].key, fault);
	}
	tote__orchestrator_unlock(o);
	if (rc == 0 && o->key_store.ops &&
		tote__keystore_public(&o->key_store, id, &key, &unused) == 0)
		rc = tote__keyring_add(ret, 0, &key, fault);
	return rc;
}

static int has_line_of(const struct note *note, const char *name)
{
	for (size_t i = 0; i < note->sig_count; i++)
		if (note->sigs[i].name_len == strlen(name) &&
			!memcmp(note->sigs[i].name, name, note->sigs[i].name_len))
			return 1;
	return 0;
}

/* 1 a line of the log's that holds, as far as its keys are known here. */
static int verify_log(tote_orchestrator *o, const char *id, const struct vkey *log_key,
	const struct note *note, struct seen *s, struct tote_fault *fault)
{
	struct keyring keys;
	int rc = known_keys(o, id, log_key, &keys, fault);

	for (size_t i = 0; rc == 0 && i < keys.count; i++) {
		if (keys.steps[i].key.type != KEY_TYPE_ED25519)
			continue;
		rc = tote__note_verify(note, &keys.steps[i].key, fault);
		if (rc > 0) {
			s->log_known = 1;
			s->log_key = keys.steps[i].key;
		}
	}
	tote__keyring_free(&keys);
	return rc ? rc : has_line_of(note, log_key->name);
}

/* The signatures of a seen/ID, and that it is of this log. log_key NULL: only our witness's. */
static int seen_verify(tote_orchestrator *o, const char *id, const char *origin,
	const struct vkey *log_key, struct seen *s, struct tote_fault *fault)
{
	struct note note;
	int rc;

	rc = tote__checkpoint_read(s->note.data, s->note.len, &note, &s->checkpoint, fault);
	if (!rc && strcmp(s->checkpoint.origin, origin) != 0)
		rc = tote__fault(fault, TOTE_E_DAMAGED, "it is of origin '%s', not '%s'",
			s->checkpoint.origin, origin);
	if (!rc)
		rc = log_key ? verify_log(o, id, log_key, &note, s, fault) : 1;
	if (!rc)
		rc = tote__fault(fault, TOTE_E_DAMAGED, "it is not signed by the container's key");
	if (rc > 0) {
		rc = tote__own_cosignature(o, &note, &s->cosigned_seconds, &s->former, fault);
		if (!rc)
			rc = tote__fault(
				fault, TOTE_E_DAMAGED, "it is not cosigned by our witness");
	}
	if (rc > 0 || rc == TOTE_E_NO_MEMORY)
		return rc > 0 ? 0 : rc;
	fault->code = TOTE_E_DAMAGED;
	tote__fault_wrap(fault, "seen/%s", id);
	return TOTE_E_DAMAGED;
}

static int seen_read(tote_orchestrator *o, const char *name, const char *origin,
	const struct vkey *log_key, struct seen *ret, struct tote_fault *fault)
{
	int rc;

	memset(ret, 0, sizeof(*ret));
	tote__buf_init(&ret->note, &o->ctx->heap, NOTE_MAX);
	rc = o->place.ops->cell_read(o->place.handle, SPACE_SEEN, name, &ret->note, fault);
	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc == TOTE_E_TOO_LARGE || rc == TOTE_E_UNTRUSTED) { /* no file of ours */
		fault->code = TOTE_E_DAMAGED;
		rc = tote__fault_wrap(fault, "seen/%s", name);
	}
	if (!rc)
		rc = seen_verify(o, name, origin, log_key, ret, fault);
	if (rc < 0) {
		tote__seen_free(ret);
		return rc;
	}
	ret->present = 1;
	return 0;
}

/* A seen/ID is written before any run is on record that tells of it. */
static int check_recorded(
	tote_orchestrator *o, const char *id, const struct seen *s, struct tote_fault *fault)
{
	const struct known *k;
	uint64_t witnessed;

	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	witnessed = k ? k->witnessed : 0;
	tote__orchestrator_unlock(o);
	if (s->checkpoint.size >= witnessed)
		return 0;
	return tote__fault(fault, TOTE_E_MISMATCH,
		"seen/%s is of %" PRIu64 " entries, and %" PRIu64
		" were witnessed, says the consolidated record: an older copy of it lies there; "
		"bring the newest orchestrator/seen back",
		id, s->checkpoint.size, witnessed);
}

int tote__seen_read(tote_orchestrator *o, const char *id, const struct vkey *log_key,
	struct seen *ret, struct tote_fault *fault)
{
	int rc = seen_read(o, id, log_key->name, log_key, ret, fault);

	if (rc == 0 && ret->present && (rc = check_recorded(o, id, ret, fault)) < 0)
		tote__seen_free(ret);
	return rc;
}

void tote__seen_log_name(const char *origin, char out[SEEN_NAME_MAX])
{
	uint8_t hash[HASH_LEN];

	tote__hash_bytes(NULL, origin, strlen(origin), hash);
	tote__hex_encode(hash, sizeof(hash), out);
}

int tote__seen_log_read(
	tote_orchestrator *o, const char *origin, struct seen *ret, struct tote_fault *fault)
{
	char name[SEEN_NAME_MAX];

	tote__seen_log_name(origin, name);
	return seen_read(o, name, origin, NULL, ret, fault);
}
