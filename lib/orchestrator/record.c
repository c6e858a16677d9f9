/* SPDX-License-Identifier: ISC */
/*
 * The entries of the consolidated audit record, each drafted in one place; the fields of each are
 * those of the table in FORMAT section 4.
 */
#include "orchestrator/record.h"
#include "base/text.h"
#include "orchestrator/index_file.h"
#include "orchestrator/policy_fields.h"
#include "orchestrator/report.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX  18
#define NUMBER_MAX  24
#define DIGEST_TEXT (sizeof("sha256:") + HASH_LEN * 2)
#define ROOT_TEXT   (BASE64_LEN(HASH_LEN) + 1)

/* A draft under construction: numbers need a place to stand until it is written. */
struct sheet {
	struct field fields[FIELDS_MAX];
	size_t count;
	char numbers[FIELDS_MAX][NUMBER_MAX];
	size_t number_count;
};

static void put_bytes(struct sheet *s, const char *key, const void *value, size_t len)
{
	s->fields[s->count++] = (struct field){.key = key, .value = value, .len = len};
}

/* An optional field that is empty is left out: a value has at least one byte. */
static void put_text(struct sheet *s, const char *key, const char *value)
{
	if (value && *value)
		put_bytes(s, key, value, strlen(value));
}

/* A short text that does not outlive the call. */
static void put_copy(struct sheet *s, const char *key, const char *value)
{
	char *text = s->numbers[s->number_count++];
	int len = snprintf(text, NUMBER_MAX, "%s", value);

	put_bytes(s, key, text, (size_t)len);
}

static void put_number(struct sheet *s, const char *key, uint64_t value)
{
	char text[NUMBER_MAX];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_copy(s, key, text);
}

static struct draft draft_of(const struct sheet *s, const char *kind, const char *actor)
{
	return (struct draft){
		.kind = kind, .actor = actor, .fields = s->fields, .field_count = s->count};
}

/* --- with the record held ------------------------------------------------------------------- */

static int write_group(tote_orchestrator *o, const struct draft *drafts, size_t count,
	uint64_t *ret_first, struct tote_fault *fault)
{
	uint64_t first;
	int rc = tote__ledger_write(o->record->ledger, drafts, count, &first, fault);

	if (rc < 0)
		return tote__fault_wrap(fault, "consolidated record");
	if (ret_first)
		*ret_first = first;
	return 0;
}

static int write_one(tote_orchestrator *o, const struct sheet *s, const char *kind,
	const char *actor, struct tote_fault *fault)
{
	struct draft d = draft_of(s, kind, actor);

	return write_group(o, &d, 1, NULL, fault);
}

static void put_state(
	struct sheet *s, const char *id, uint32_t from, uint32_t to, const char *reason)
{
	put_text(s, "container", id);
	put_text(s, "from", tote_state_name(from));
	put_text(s, "to", tote_state_name(to));
	put_text(s, "reason", reason);
}

int tote__record_registered(tote_orchestrator *o, const struct registration *r,
	const struct move_list *moves, struct tote_fault *fault)
{
	const struct heap *heap = &o->ctx->heap;
	size_t skip = r->known_moves, count = 1;
	struct sheet *sheets;
	struct draft *drafts;
	char vkey[VKEY_MAX];
	int rc = TOTE_E_NO_MEMORY;

	if (moves && moves->count > skip)
		count += moves->count - skip;
	sheets = tote__heap_new(heap, count, sizeof(*sheets), fault);
	drafts = sheets ? tote__heap_new(heap, count, sizeof(*drafts), fault) : NULL;
	if (drafts) {
		tote__vkey_format(r->key, vkey);
		put_text(&sheets[0], "container", r->id);
		put_text(&sheets[0], "location", r->location);
		put_text(&sheets[0], "backend", r->backend);
		put_text(&sheets[0], "origin", r->key->name);
		put_text(&sheets[0], "vkey", vkey);
		drafts[0] = draft_of(&sheets[0], "container.registered", r->actor);
		for (size_t i = 1; i < count; i++) {
			const struct move *m = &moves->items[skip + i - 1];

			put_state(&sheets[i], r->id, m->from, m->to, m->reason);
			drafts[i] = draft_of(&sheets[i], "container.state", m->actor);
		}
		rc = write_group(o, drafts, count, NULL, fault);
	}
	tote__heap_free(heap, drafts);
	tote__heap_free(heap, sheets);
	return rc;
}

int tote__record_rekeyed(tote_orchestrator *o, const char *id, const struct vkey *from,
	const struct vkey *to, uint64_t at_seq, const char *reason, const char *actor,
	struct tote_fault *fault)
{
	struct sheet s = {.count = 0};
	char from_text[VKEY_MAX], to_text[VKEY_MAX];

	tote__vkey_format(from, from_text);
	tote__vkey_format(to, to_text);
	put_text(&s, "container", id);
	put_text(&s, "from", from_text);
	put_text(&s, "to", to_text);
	put_number(&s, "at-seq", at_seq);
	put_text(&s, "reason", reason);
	return write_one(o, &s, "container.rekeyed", actor, fault);
}

int tote__record_detached(tote_orchestrator *o, const char *id, const char *reason,
	const char *actor, struct tote_fault *fault)
{
	struct sheet s = {.count = 0};

	put_text(&s, "container", id);
	put_text(&s, "reason", reason);
	return write_one(o, &s, "container.detached", actor, fault);
}

int tote__record_state(tote_orchestrator *o, const char *id, uint32_t from, uint32_t to,
	const char *reason, const char *actor, struct tote_fault *fault)
{
	struct sheet s = {.count = 0};

	put_state(&s, id, from, to, reason);
	return write_one(o, &s, "container.state", actor, fault);
}

int tote__record_cosigners(tote_orchestrator *o, const char *id, const char *keys,
	const char *actor, struct tote_fault *fault)
{
	struct sheet s = {.count = 0};

	put_text(&s, "container", id);
	put_text(&s, COSIGNER_KEYS_KEY, keys);
	return write_one(o, &s, "container.policy", actor, fault);
}

int tote__record_policy(tote_orchestrator *o, const char *id, const struct tote_policy *p,
	const char *actor, struct tote_fault *fault)
{
	struct sheet s = {.count = 0};

	put_text(&s, "container", id);
	for (size_t i = 0; i < POLICY_FIELDS; i++) {
		char value[POLICY_VALUE_MAX];
		const char *key;

		if (p->set & tote__policy_field(p, i, &key, value))
			put_copy(&s, key, value);
	}
	return write_one(o, &s, "container.policy", actor, fault);
}

int tote__record_fleet(tote_orchestrator *o, const uint8_t digest[HASH_LEN], uint64_t changes,
	const char *actor, uint64_t *ret_seq, struct tote_fault *fault)
{
	struct sheet s = {.count = 0};
	char text[DIGEST_TEXT] = "sha256:";
	struct draft d;

	tote__hex_encode(digest, HASH_LEN, text + strlen(text));
	put_text(&s, "digest", text);
	put_number(&s, "changes", changes);
	d = draft_of(&s, "fleet.applied", actor);
	return write_group(o, &d, 1, ret_seq, fault);
}

int tote__record_cosigned(tote_orchestrator *o, const struct checkpoint *c, const char *vkey,
	const char *actor, struct tote_fault *fault)
{
	struct sheet accepted = {.count = 0}, cosigned = {.count = 0};
	struct draft drafts[2];
	char root[ROOT_TEXT];
	size_t count = 0;

	put_text(&accepted, "origin", c->origin);
	put_text(&accepted, "vkey", vkey);
	if (vkey)
		drafts[count++] = draft_of(&accepted, "witness.accepted", actor);
	tote__base64_encode(c->root, HASH_LEN, root);
	put_text(&cosigned, "origin", c->origin);
	put_number(&cosigned, "size", c->size);
	put_text(&cosigned, "root", root);
	drafts[count++] = draft_of(&cosigned, "witness.cosigned", actor);
	return write_group(o, drafts, count, NULL, fault);
}

/* The flag names the finding's seq, which is known with the hold. */
int tote__record_finding(tote_orchestrator *o, const char *id, uint64_t run,
	const struct finding *f, int with_flag, uint64_t *ret_finding, uint64_t *ret_flag,
	struct tote_fault *fault)
{
	struct sheet finding = {.count = 0}, flag = {.count = 0};
	struct draft drafts[2];
	char code[16];
	uint64_t first = 0;
	int rc;

	snprintf(code, sizeof(code), "TOTE-%04d", f->code);
	put_text(&finding, "container", id);
	put_number(&finding, "run", run);
	put_text(&finding, "code", code);
	if (f->have_seq)
		put_number(&finding, "at-seq", f->seq);
	put_text(&finding, "path", f->path);
	put_text(&finding, "expected", f->expected);
	put_text(&finding, "found", f->found);
	drafts[0] = draft_of(&finding, "audit.finding", NULL);
	put_text(&flag, "container", id);
	put_text(&flag, "code", code);
	put_number(&flag, "finding", tote__ledger_next(o->record->ledger));
	drafts[1] = draft_of(&flag, "flag.raised", NULL);
	if ((rc = write_group(o, drafts, with_flag ? 2 : 1, &first, fault)) < 0)
		return rc;
	*ret_finding = first;
	*ret_flag = with_flag ? first + 1 : TOTE_SEQ_ANY;
	return 0;
}

int tote__record_acknowledged(tote_orchestrator *o, uint64_t flag, const char *reason,
	const char *actor, struct tote_fault *fault)
{
	struct sheet s = {.count = 0};

	put_number(&s, "flag", flag);
	put_text(&s, "reason", reason);
	return write_one(o, &s, "flag.acknowledged", actor, fault);
}

/* --- without -------------------------------------------------------------------------------- */

static int append(tote_orchestrator *o, const struct draft *drafts, size_t count,
	uint64_t *ret_first, struct tote_fault *fault)
{
	uint64_t first;
	int rc = tote__orchestrator_records(o, fault);

	if (rc < 0)
		return rc;
	rc = tote__ledger_append(
		o->record->ledger, drafts, count, LEDGER_SEQ_ANY, 0, &first, fault);
	if (rc < 0)
		return tote__fault_wrap(fault, "consolidated record");
	if (ret_first)
		*ret_first = first;
	return 0;
}

static int append_one(tote_orchestrator *o, const struct sheet *s, const char *kind,
	const char *actor, uint64_t *ret_seq, struct tote_fault *fault)
{
	struct draft d = draft_of(s, kind, actor);

	return append(o, &d, 1, ret_seq, fault);
}

int tote__record_audit_started(tote_orchestrator *o, const struct run_begin *begin,
	uint64_t *ret_run, struct tote_fault *fault)
{
	const struct asked *asked = begin->asked;
	struct sheet s = {.count = 0};

	put_text(&s, "container", begin->id);
	put_text(&s, "level", tote__level_name(begin->level));
	if (begin->continues) {
		put_number(&s, "continues", begin->continues);
		put_number(&s, "from-seq", begin->from);
	}
	if (asked && asked->path) {
		put_text(&s, "path", asked->path);
	} else if (asked) {
		put_number(&s, "from-seq", asked->from);
		put_number(&s, "to-seq", asked->to);
	}
	if (begin->job)
		put_number(&s, "job", begin->job);
	if (begin->all)
		put_text(&s, "scope", "all");
	put_text(&s, "cached", tote__cached_name(begin->cached));
	return append_one(o, &s, "audit.started", begin->actor, ret_run, fault);
}

int tote__record_audit_covered(
	tote_orchestrator *o, const struct run_cover *cover, struct tote_fault *fault)
{
	struct sheet s = {.count = 0};
	char leaf[ROOT_TEXT];

	put_text(&s, "container", cover->id);
	put_number(&s, "run", cover->run);
	put_text(&s, "level", tote__level_name(cover->level));
	put_number(&s, "from-seq", cover->from);
	put_number(&s, "to-seq", cover->to);
	put_number(&s, "bytes", cover->bytes);
	if (cover->leaf) {
		tote__base64_encode(cover->leaf, HASH_LEN, leaf);
		put_number(&s, "size", cover->size);
		put_text(&s, "leaf", leaf);
	}
	return append_one(o, &s, "audit.covered", NULL, NULL, fault);
}

int tote__record_audit_finished(
	tote_orchestrator *o, const struct run_end *end, struct tote_fault *fault)
{
	const struct run_result *r = end->result;
	struct sheet s = {.count = 0};
	char digest[DIGEST_TEXT] = "sha256:", root[ROOT_TEXT], since[TIME_LEN + 1];

	tote__hex_encode(end->report_digest, HASH_LEN, digest + strlen(digest));
	tote__base64_encode(r->head.root, HASH_LEN, root);
	put_text(&s, "container", end->id);
	put_number(&s, "run", end->run);
	put_text(&s, "level", tote__level_name(end->level));
	put_text(&s, "verdict", tote__verdict_name(r->verdict));
	put_number(&s, "entries", r->entries);
	put_number(&s, "assets", r->assets);
	put_number(&s, "bytes", r->bytes);
	put_number(&s, "findings", end->findings);
	put_number(&s, "size", r->head.size);
	put_text(&s, "root", root);
	put_number(&s, "witnessed", r->witnessed);
	put_text(&s, "report-digest", digest);
	put_number(&s, "report-size", end->report_size);
	if (end->part)
		put_number(&s, "asked", r->asked);
	if (end->stopped)
		put_number(&s, "stopped-at", r->read_to);
	if (r->earlier_us && !tote__time_format(r->earlier_us, since, fault))
		put_text(&s, "since", since);
	put_text(&s, "cached", tote__cached_name(r->cached));
	return append_one(o, &s, "audit.finished", NULL, NULL, fault);
}

int tote__record_fold(tote_orchestrator *o, struct tote_fault *fault)
{
	struct checkpoint head;

	if (!tote__orchestrator_ledger(o) || !o->record->have_signer)
		return 0;
	if (tote__ledger_fold(o->record->ledger, &head, NULL, fault) < 0)
		return tote__fault_wrap(fault, "consolidated record");
	tote__index_save(o);
	return 0;
}
