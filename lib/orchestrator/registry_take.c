/* SPDX-License-Identifier: ISC */
/*
 * What the registry takes from the consolidated record: one function for each kind of entry. Kinds
 * that it does not know are passed over.
 */
#include "base/text.h"
#include "orchestrator/policy_fields.h"
#include "orchestrator/registry_runs.h"
#include <string.h>

/* --- fields --------------------------------------------------------------------------------- */

/* A field as a heap string without a NUL inside; absent gives NULL and 0. */
static int text_of(struct registry *r, const struct entry *e, const char *key, char **ret,
	struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, key);
	int rc;

	*ret = NULL;
	if (!f)
		return 0;
	tote__buf_reset(&r->scratch);
	if ((rc = tote__field_decode(f, &r->scratch, fault)) < 0)
		return rc;
	*ret = tote__heap_strdup(r->heap, (const char *)r->scratch.data, fault);
	return *ret ? 0 : TOTE_E_NO_MEMORY;
}

static int number_of(const struct entry *e, const char *key, uint64_t absent, uint64_t *ret,
	struct tote_fault *fault)
{
	if (!tote__entry_field(e, key)) {
		*ret = absent;
		return 0;
	}
	return tote__entry_number(e, key, ret, fault);
}

/* The container that an entry is about, which must be known. */
int tote__registry_subject(
	struct registry *r, const struct entry *e, struct known **ret, struct tote_fault *fault)
{
	char id[64];
	int rc = tote__entry_string(e, "container", id, sizeof(id), fault);

	if (rc < 0)
		return rc;
	*ret = tote__registry_find(r, id);
	if (!*ret)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"consolidated record: '%s' was never registered", id);
	return 0;
}

static int code_of(const struct entry *e, int32_t *ret, struct tote_fault *fault)
{
	static const char form[] = "TOTE-";
	char code[16];
	int32_t n = 0;
	int rc = tote__entry_string(e, "code", code, sizeof(code), fault);

	if (rc < 0)
		return rc;
	if (strlen(code) != 9 || memcmp(code, form, strlen(form)) != 0)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"consolidated record: entry %llu: '%s' is no code",
			(unsigned long long)e->seq, code);
	for (const char *p = code + strlen(form); *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (*p - '0');
	*ret = n;
	return 0;
}

/* --- kinds ---------------------------------------------------------------------------------- */

static int key_of(
	const struct entry *e, const char *name, struct vkey *ret, struct tote_fault *fault)
{
	char text[VKEY_MAX];
	int rc = tote__entry_string(e, name, text, sizeof(text), fault);

	return rc < 0 ? rc : tote__vkey_parse(text, strlen(text), ret, fault);
}

/* The first key of a ring. */
static int begin_ring(
	struct keyring *ring, const struct entry *e, const char *name, struct tote_fault *fault)
{
	struct vkey key;
	int rc = key_of(e, name, &key, fault);

	tote__keyring_free(ring); /* an entry that is taken again */
	return rc < 0 ? rc : tote__keyring_add(ring, 0, &key, fault);
}

static int take_created(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known *k;
	int rc;

	if ((rc = begin_ring(&r->keys, e, "vkey", fault)) < 0 ||
		(rc = begin_ring(&r->witness_keys, e, "witness-vkey", fault)) < 0 ||
		(rc = tote__entry_string(e, "origin", r->origin, sizeof(r->origin), fault)) < 0 ||
		(rc = tote__entry_string(e, "vkey", r->vkey, sizeof(r->vkey), fault)) < 0 ||
		(rc = tote__entry_string(
			 e, "witness-vkey", r->witness_vkey, sizeof(r->witness_vkey), fault)) < 0 ||
		(rc = tote__registry_add(r, RECORD_ID, &k, fault)) < 0)
		return rc;
	memcpy(k->origin, r->origin, sizeof(k->origin));
	memcpy(k->vkey, r->vkey, sizeof(k->vkey));
	k->registered_us = e->time_us;
	return 0;
}

/* A detached ID may be registered again, by the same container: its findings and runs go on. */
static int take_registered(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	char id[64];
	struct known *k;
	char *location;
	int rc;

	if ((rc = tote__entry_string(e, "container", id, sizeof(id), fault)) < 0)
		return rc;
	k = tote__registry_find(r, id);
	if (k && !k->detached)
		return tote__fault(
			fault, TOTE_E_DAMAGED, "consolidated record: '%s' is registered twice", id);
	/* what may fail for want of memory comes first: the entry is taken again then */
	if ((rc = text_of(r, e, "location", &location, fault)) < 0)
		return rc;
	if (!location)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"consolidated record: '%s' is registered without a location", id);
	if (!k && (rc = tote__registry_add(r, id, &k, fault)) < 0) {
		tote__heap_free(r->heap, location);
		return rc;
	}
	tote__heap_free(r->heap, k->location);
	k->location = location;
	k->detached = 0;
	k->registered = e->seq;
	k->registered_us = e->time_us;
	k->history.moved = e->seq;
	if ((rc = tote__entry_string(e, "backend", k->backend, sizeof(k->backend), fault)) < 0 ||
		(rc = tote__entry_string(e, "origin", k->origin, sizeof(k->origin), fault)) < 0)
		return rc;
	return tote__entry_string(e, "vkey", k->vkey, sizeof(k->vkey), fault);
}

static int take_detached(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known *k;
	int rc = tote__registry_subject(r, e, &k, fault);

	if (!rc)
		k->detached = 1;
	return rc;
}

/* What a policy does not name stays as it was. */
static int take_policy(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known *k;
	char *keys;
	int rc;

	if ((rc = tote__registry_subject(r, e, &k, fault)) < 0 ||
		(rc = text_of(r, e, COSIGNER_KEYS_KEY, &keys, fault)) < 0)
		return rc;
	tote__policy_take(&k->policy, e);
	if (keys) {
		tote__heap_free(r->heap, k->cosigner_keys);
		k->cosigner_keys = keys;
	}
	return 0;
}

/* First contact with a log of another root, or a key of its that follows the one before. */
static int take_accepted(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known_log log = {.accepted = e->seq}, *known;
	void *items = r->logs;
	int rc;

	if ((rc = tote__entry_string(e, "origin", log.origin, sizeof(log.origin), fault)) < 0 ||
		(rc = tote__entry_string(e, "vkey", log.vkey, sizeof(log.vkey), fault)) < 0)
		return rc;
	known = tote__registry_log(r, log.origin);
	if (known) {
		memcpy(known->vkey, log.vkey, sizeof(known->vkey));
		known->accepted = e->seq;
		return 0;
	}
	if ((rc = tote__registry_grow(
		     r->heap, &items, r->log_count, &r->log_cap, sizeof(log), fault)) < 0)
		return rc;
	r->logs = items;
	r->logs[r->log_count++] = log;
	return 0;
}

static int take_cosigned(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	const struct entry_field *root = tote__entry_field(e, "root");
	struct known_log *log;
	char origin[256];
	size_t len;
	int rc = tote__entry_string(e, "origin", origin, sizeof(origin), fault);

	if (rc < 0)
		return rc;
	log = tote__registry_log(r, origin);
	if (!log || !root)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"consolidated record: entry %llu: a cosignature for a log that was never "
			"accepted",
			(unsigned long long)e->seq);
	if ((rc = tote__entry_number(e, "size", &log->size, fault)) < 0)
		return rc;
	return tote__base64_decode(root->value, root->value_len, log->root, HASH_LEN, &len) < 0
		       ? tote__fault(fault, TOTE_E_DAMAGED,
				 "consolidated record: entry %llu: its root is none",
				 (unsigned long long)e->seq)
		       : 0;
}

/* One that the key in force did not prove never comes into force: an audit names it. */
static int take_rotation(struct keyring *ring, const char *name, char vkey[320],
	const struct entry *e, struct tote_fault *fault)
{
	const char *why;
	int rc = ring->count ? tote__keyring_rotation(ring, name, NULL, e, &why, fault) : 0;

	if (rc > 0)
		tote__vkey_format(&ring->steps[ring->count - 1].key, vkey);
	return rc < 0 ? rc : 0;
}

static int take_rotated(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	return take_rotation(&r->keys, r->origin, r->vkey, e, fault);
}

static int take_witness_rotated(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct keyring *ring = &r->witness_keys;
	char name[KEY_NAME_MAX + 1] = "";

	if (ring->count)
		memcpy(name, ring->steps[0].key.name, sizeof(name));
	return take_rotation(ring, name, r->witness_vkey, e, fault);
}

static int take_rekeyed(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct recorded_rekey rekey;
	struct known *k;
	void *items;
	int rc;

	if ((rc = tote__registry_subject(r, e, &k, fault)) < 0 ||
		(rc = key_of(e, "from", &rekey.from, fault)) < 0 ||
		(rc = key_of(e, "to", &rekey.key, fault)) < 0 ||
		(rc = tote__entry_number(e, "at-seq", &rekey.at_seq, fault)) < 0)
		return rc;
	items = k->rekeys;
	if ((rc = tote__registry_grow(
		     r->heap, &items, k->rekey_count, &k->rekey_cap, sizeof(rekey), fault)) < 0)
		return rc;
	k->rekeys = items;
	k->rekeys[k->rekey_count++] = rekey;
	return 0;
}

static int take_state(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	const struct entry_field *from = tote__entry_field(e, "from");
	const struct entry_field *to = tote__entry_field(e, "to");
	struct known *k;
	void *items;
	int rc;

	if ((rc = tote__registry_subject(r, e, &k, fault)) < 0)
		return rc;
	items = k->moves;
	if (!from || !to)
		return tote__fault(
			fault, TOTE_E_DAMAGED, "consolidated record: a move without states");
	if ((rc = tote__registry_grow(
		     r->heap, &items, k->move_count, &k->move_cap, sizeof(*k->moves), fault)) < 0)
		return rc;
	k->moves = items;
	k->moves[k->move_count].from = tote__state_parse(from->value, from->value_len);
	k->state = tote__state_parse(to->value, to->value_len);
	k->moves[k->move_count++].to = k->state;
	k->history.moved = e->seq;
	return 0;
}

static int take_finding(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known_finding f = {.flag = TOTE_SEQ_ANY, .seq = e->seq, .first_seen_us = e->time_us};
	struct known *k;
	uint64_t run;
	void *items;
	int rc;

	if ((rc = tote__registry_subject(r, e, &k, fault)) < 0 ||
		(rc = code_of(e, &f.code, fault)) < 0 ||
		(rc = number_of(e, "run", 0, &run, fault)) < 0 ||
		(rc = number_of(e, "at-seq", 0, &f.at_seq, fault)) < 0)
		return rc;
	f.have_at_seq = tote__entry_field(e, "at-seq") != NULL;
	items = k->findings;
	if ((rc = tote__registry_grow(
		     r->heap, &items, k->finding_count, &k->finding_cap, sizeof(f), fault)) < 0)
		return rc;
	k->findings = items;
	if ((rc = text_of(r, e, "path", &f.path, fault)) < 0)
		return rc;
	k->findings[k->finding_count++] = f;
	tote__runs_found(&k->runs, run);
	return 0;
}

static int take_flag(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known_flag flag = {.seq = e->seq, .raised_us = e->time_us};
	struct known_finding *finding;
	struct known *k;
	void *items;
	int rc;

	if ((rc = tote__registry_subject(r, e, &k, fault)) < 0 ||
		(rc = code_of(e, &flag.code, fault)) < 0 ||
		(rc = tote__entry_number(e, "finding", &flag.finding, fault)) < 0)
		return rc;
	items = k->flags;
	if ((rc = tote__registry_grow(
		     r->heap, &items, k->flag_count, &k->flag_cap, sizeof(flag), fault)) < 0)
		return rc;
	k->flags = items;
	items = r->flags;
	if ((rc = tote__registry_grow(
		     r->heap, &items, r->flag_count, &r->flag_cap, sizeof(*r->flags), fault)) < 0)
		return rc;
	r->flags = items;
	r->flags[r->flag_count++] =
		(struct flag_place){.seq = e->seq, .of = k, .index = k->flag_count};
	k->flags[k->flag_count++] = flag;
	finding = tote__known_finding(k, flag.finding);
	if (finding)
		finding->flag = e->seq;
	return 0;
}

static int take_acknowledged(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known_flag *flag;
	struct known *k;
	uint64_t seq;
	int rc;

	if ((rc = tote__entry_number(e, "flag", &seq, fault)) < 0)
		return rc;
	flag = tote__registry_flag(r, seq, &k);
	if (!flag)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"consolidated record: entry %llu acknowledges a flag that was not raised",
			(unsigned long long)e->seq);
	if (flag->acknowledged_us)
		return 0;
	if ((!flag->actor && (rc = text_of(r, e, "actor", &flag->actor, fault)) < 0) ||
		(rc = text_of(r, e, "reason", &flag->reason, fault)) < 0)
		return rc;
	flag->acknowledged_us = e->time_us;
	return 0;
}

int tote__registry_digest(
	const struct entry *e, const char *key, uint8_t ret[HASH_LEN], struct tote_fault *fault)
{
	static const char form[] = "sha256:";
	char digest[sizeof(form) + 2 * HASH_LEN];
	int rc = tote__entry_string(e, key, digest, sizeof(digest), fault);

	if (rc < 0)
		return rc;
	if (strlen(digest) != strlen(form) + (size_t)2 * HASH_LEN ||
		memcmp(digest, form, strlen(form)) != 0 ||
		tote__hex_decode(digest + strlen(form), (size_t)2 * HASH_LEN, ret) < 0)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"consolidated record: entry %llu: %s is no digest",
			(unsigned long long)e->seq, key);
	return 0;
}

static int take_fleet(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	int rc = tote__registry_digest(e, "digest", r->fleet_digest, fault);

	r->have_fleet = rc == 0;
	return rc;
}

static const struct {
	const char *kind;
	int (*take)(struct registry *r, const struct entry *e, struct tote_fault *fault);
} takers[] = {
	{"orchestrator.created", take_created},
	{ROTATED_KIND, take_rotated},
	{WITNESS_ROTATED_KIND, take_witness_rotated},
	{"container.registered", take_registered},
	{"container.detached", take_detached},
	{"container.policy", take_policy},
	{"container.rekeyed", take_rekeyed},
	{"container.state", take_state},
	{"witness.accepted", take_accepted},
	{"witness.cosigned", take_cosigned},
	{"audit.started", tote__registry_started},
	{"audit.covered", tote__registry_covered},
	{"fleet.applied", take_fleet},
	{"audit.finding", take_finding},
	{"audit.finished", tote__registry_finished},
	{"flag.raised", take_flag},
	{"flag.acknowledged", take_acknowledged},
};

int tote__registry_take(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	if (e->seq < r->next)
		return 0;
	if (e->seq != r->next)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"consolidated record: entry %llu comes where %llu should",
			(unsigned long long)e->seq, (unsigned long long)r->next);
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (e->version == 1 && tote__entry_is(e, takers[i].kind)) {
			int rc = takers[i].take(r, e, fault);

			if (rc < 0)
				return rc;
			break;
		}
	if (e->time_us < r->newest_us) {
		r->stepped_seq = e->seq;
		r->stepped_us = e->time_us;
	}
	r->newest_us = e->time_us;
	r->next = e->seq + 1;
	return 0;
}
