/* SPDX-License-Identifier: ISC */
/*
 * The library's kinds of entries: the two tables of FORMAT section 4 and its list of forms. A known
 * field that is missing or of another form is malformed; a field that is not in the table is merely
 * unknown, and so is a kind, because a later version may have added it.
 */
#include "ledger/kind.h"
#include "base/text.h"
#include "crypto/key.h"
#include "ledger/cached.h"
#include <inttypes.h>
#include <string.h>

#define FIELDS_MAX 17
#define BOTH       (LEDGER_CONTAINER | LEDGER_RECORD)

/* --- forms ---------------------------------------------------------------------------------- */

enum form {
	FORM_TEXT, /* any bytes */
	FORM_NUMBER,
	FORM_ID,
	FORM_AUDITED, /* an ID, or `orchestrator` for the consolidated record */
	FORM_ORIGIN,
	FORM_VKEY,
	FORM_WITNESS,
	FORM_WITNESSES, /* vkeys of cosigners, a space between */
	FORM_ROOT,
	FORM_PROOF,
	FORM_DIGEST,
	FORM_TIME,
	FORM_PATH,
	FORM_LOCATION,
	FORM_STATE,
	FORM_LEVEL,
	FORM_VERDICT,
	FORM_WINDOW,
	FORM_ON_FLAG,
	FORM_CACHED,
	FORM_CODE
};

/* A decoded value: as text where it has no NUL, and only then do forms other than text fit. */
struct value {
	char text[VALUE_MAX + 1];
	size_t len;
};

static int one_of(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(s, *words))
			return 1;
	return 0;
}

static int is_number(const char *s, size_t len)
{
	uint64_t n;

	return !tote__decimal_parse(s, len, &n);
}

static int is_time(const char *s, size_t len)
{
	int64_t us;

	return !tote__time_parse(s, len, &us);
}

static int is_base64_of(const char *s, size_t len, size_t bytes)
{
	uint8_t raw[SIG_LEN];
	size_t got;

	return !tote__base64_decode(s, len, raw, sizeof(raw), &got) && got == bytes;
}

static int is_digest(const char *s, size_t len)
{
	static const char algorithm[] = "sha256:";
	size_t skip = strlen(algorithm);
	uint8_t raw[HASH_LEN];

	return len == skip + 2 * sizeof(raw) && !memcmp(s, algorithm, skip) &&
	       !tote__hex_decode(s + skip, 2 * sizeof(raw), raw);
}

static int is_vkey(const char *s, size_t len, uint8_t type)
{
	struct tote_fault unused;
	struct vkey key;

	return !tote__vkey_parse(s, len, &key, &unused) && key.type == type;
}

static int is_witness_list(const char *s)
{
	for (;;) {
		size_t len = strcspn(s, " ");

		if (!is_vkey(s, len, KEY_TYPE_COSIGNATURE))
			return 0;
		if (!s[len])
			return 1;
		s += len + 1;
	}
}

static int is_path(const char *s)
{
	struct tote_fault unused;

	return !tote__asset_path_check(s, &unused);
}

/* Below ROOT, relative without `.` or `..`; elsewhere absolute. Only `posix` has a form for it. */
static int is_location(const char *s)
{
	if (*s == '/')
		return 1;
	for (;;) {
		size_t len = strcspn(s, "/");

		if (!len || (len == 1 && *s == '.') || (len == 2 && !memcmp(s, "..", 2)))
			return 0;
		if (!s[len])
			return 1;
		s += len + 1;
	}
}

static int is_two_digits(const char *s, int below)
{
	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return 0;
	return (s[0] - '0') * 10 + (s[1] - '0') < below;
}

/* HH:MM-HH:MM */
static int is_window(const char *s, size_t len)
{
	return len == 11 && is_two_digits(s, 24) && s[2] == ':' && is_two_digits(s + 3, 60) &&
	       s[5] == '-' && is_two_digits(s + 6, 24) && s[8] == ':' && is_two_digits(s + 9, 60);
}

/* TOTE-nnnn */
static int is_code(const char *s, size_t len)
{
	return len == 9 && !memcmp(s, "TOTE-", 5) && is_two_digits(s + 5, 100) &&
	       is_two_digits(s + 7, 100);
}

static int is_state(const char *s)
{
	static const char *const words[] = {"active", "suspended", "archived", "disposed", NULL};

	return one_of(s, words);
}

static int is_level(const char *s)
{
	static const char *const words[] = {"structure", "full", NULL};

	return one_of(s, words);
}

static int is_verdict(const char *s)
{
	static const char *const words[] = {"ok", "damaged", "incomplete", NULL};

	return one_of(s, words);
}

static int is_on_flag(const char *s)
{
	static const char *const words[] = {"none", "suspend", NULL};

	return one_of(s, words);
}

static int form_fits(enum form form, const struct value *v)
{
	const char *s = v->text;

	if (form == FORM_TEXT)
		return 1;
	if (strlen(s) != v->len)
		return 0;
	switch (form) {
	case FORM_TEXT:
		return 1;
	case FORM_NUMBER:
		return is_number(s, v->len);
	case FORM_ID:
		return tote__id_valid(s);
	case FORM_AUDITED:
		return tote__id_valid(s) || !strcmp(s, "orchestrator");
	case FORM_ORIGIN:
		return tote__origin_valid(s);
	case FORM_VKEY:
		return is_vkey(s, v->len, KEY_TYPE_ED25519);
	case FORM_WITNESS:
		return is_vkey(s, v->len, KEY_TYPE_COSIGNATURE);
	case FORM_WITNESSES:
		return is_witness_list(s);
	case FORM_ROOT:
		return is_base64_of(s, v->len, HASH_LEN);
	case FORM_PROOF:
		return is_base64_of(s, v->len, SIG_LEN);
	case FORM_DIGEST:
		return is_digest(s, v->len);
	case FORM_TIME:
		return is_time(s, v->len);
	case FORM_PATH:
		return is_path(s);
	case FORM_LOCATION:
		return is_location(s);
	case FORM_STATE:
		return is_state(s);
	case FORM_LEVEL:
		return is_level(s);
	case FORM_VERDICT:
		return is_verdict(s);
	case FORM_WINDOW:
		return is_window(s, v->len);
	case FORM_ON_FLAG:
		return is_on_flag(s);
	case FORM_CACHED:
		return tote__cached_parse(s, v->len) >= 0;
	case FORM_CODE:
		return is_code(s, v->len);
	}
	return 0;
}

static const char *form_name(enum form form)
{
	switch (form) {
	case FORM_TEXT:
		return "text";
	case FORM_NUMBER:
		return "a decimal number below 2^63";
	case FORM_ID:
		return "an ID";
	case FORM_AUDITED:
		return "an ID or 'orchestrator'";
	case FORM_ORIGIN:
		return "an origin";
	case FORM_VKEY:
		return "the vkey of an Ed25519 key (type 1)";
	case FORM_WITNESS:
		return "the vkey of a cosigner (type 4)";
	case FORM_WITNESSES:
		return "vkeys of cosigners (type 4) with one space between";
	case FORM_ROOT:
		return "the base64 of 32 bytes";
	case FORM_PROOF:
		return "the base64 of 64 bytes";
	case FORM_DIGEST:
		return "'sha256:' and 64 lower-case hex digits";
	case FORM_TIME:
		return "a time in UTC";
	case FORM_PATH:
		return "the path of an asset";
	case FORM_LOCATION:
		return "an absolute path, or one below the root without '.' and '..'";
	case FORM_STATE:
		return "a state";
	case FORM_LEVEL:
		return "'structure' or 'full'";
	case FORM_VERDICT:
		return "'ok', 'damaged' or 'incomplete'";
	case FORM_WINDOW:
		return "HH:MM-HH:MM";
	case FORM_ON_FLAG:
		return "'none' or 'suspend'";
	case FORM_CACHED:
		return "'store' or 'asked'";
	case FORM_CODE:
		return "TOTE- and four digits";
	}
	return "";
}

/* --- the tables ----------------------------------------------------------------------------- */

enum { NEEDED, OPTIONAL };

struct field_rule {
	const char *key; /* NULL ends the list */
	enum form form;
	int optional;
};

struct kind_rule {
	int ledgers;
	const char *kind;
	struct field_rule fields[FIELDS_MAX + 1];
};

/* clang-format off */
static const struct kind_rule rules[] = {
	{LEDGER_CONTAINER, "container.created", {
		{"id", FORM_ID, NEEDED}, {"origin", FORM_ORIGIN, NEEDED},
		{"vkey", FORM_VKEY, NEEDED}, {"backend", FORM_ID, NEEDED},
		{"predecessor-origin", FORM_ORIGIN, OPTIONAL},
		{"predecessor-size", FORM_NUMBER, OPTIONAL},
		{"predecessor-root", FORM_ROOT, OPTIONAL}}},
	{LEDGER_CONTAINER, "container.state", {
		{"from", FORM_STATE, NEEDED}, {"to", FORM_STATE, NEEDED},
		{"reason", FORM_TEXT, NEEDED}}},
	{LEDGER_CONTAINER, "asset.sealed", {
		{"path", FORM_PATH, NEEDED}, {"size", FORM_NUMBER, NEEDED},
		{"digest", FORM_DIGEST, NEEDED}, {"media-type", FORM_TEXT, OPTIONAL},
		{"mtime", FORM_TIME, OPTIONAL}, {"source", FORM_TEXT, OPTIONAL},
		{"supersedes", FORM_NUMBER, OPTIONAL}}},
	{LEDGER_CONTAINER, "asset.void", {
		{"seal", FORM_NUMBER, NEEDED}, {"reason", FORM_TEXT, NEEDED}}},
	{LEDGER_CONTAINER, "asset.erased", {
		{"seal", FORM_NUMBER, NEEDED}, {"reason", FORM_TEXT, NEEDED},
		{"authority", FORM_TEXT, NEEDED}}},
	{LEDGER_CONTAINER, "input.rejected", {
		{"name", FORM_TEXT, NEEDED}, {"size", FORM_NUMBER, NEEDED},
		{"digest", FORM_DIGEST, NEEDED}, {"reason", FORM_TEXT, NEEDED}}},
	{BOTH, "key.rotated", {
		{"from", FORM_VKEY, NEEDED}, {"to", FORM_VKEY, NEEDED},
		{"proof", FORM_PROOF, NEEDED}, {"reason", FORM_TEXT, NEEDED}}},
	{BOTH, "ledger.repaired", {
		{"from-seq", FORM_NUMBER, NEEDED}, {"lost", FORM_NUMBER, NEEDED},
		{"reason", FORM_TEXT, NEEDED}}},

	{LEDGER_RECORD, "orchestrator.created", {
		{"origin", FORM_ORIGIN, NEEDED}, {"vkey", FORM_VKEY, NEEDED},
		{"witness-vkey", FORM_WITNESS, NEEDED}}},
	{LEDGER_RECORD, "witness.rotated", {
		{"from", FORM_WITNESS, NEEDED}, {"to", FORM_WITNESS, NEEDED},
		{"proof", FORM_PROOF, NEEDED}, {"reason", FORM_TEXT, NEEDED}}},
	/* another root's origin may be any that C2SP allows */
	{LEDGER_RECORD, "witness.accepted", {
		{"origin", FORM_TEXT, NEEDED}, {"vkey", FORM_VKEY, NEEDED}}},
	{LEDGER_RECORD, "witness.cosigned", {
		{"origin", FORM_TEXT, NEEDED}, {"size", FORM_NUMBER, NEEDED},
		{"root", FORM_ROOT, NEEDED}}},
	{LEDGER_RECORD, "container.registered", {
		{"container", FORM_ID, NEEDED}, {"location", FORM_TEXT, NEEDED},
		{"backend", FORM_ID, NEEDED}, {"origin", FORM_ORIGIN, NEEDED},
		{"vkey", FORM_VKEY, NEEDED}}},
	{LEDGER_RECORD, "container.policy", {
		{"container", FORM_AUDITED, NEEDED}, {"structure-every", FORM_NUMBER, OPTIONAL},
		{"full-every", FORM_NUMBER, OPTIONAL}, {"overdue-after", FORM_NUMBER, OPTIONAL},
		{"fold-after", FORM_NUMBER, OPTIONAL}, {"fold-bytes", FORM_NUMBER, OPTIONAL},
		{"rate", FORM_NUMBER, OPTIONAL}, {"window", FORM_WINDOW, OPTIONAL},
		{"on-flag", FORM_ON_FLAG, OPTIONAL}, {"cosigners", FORM_NUMBER, OPTIONAL},
		{"cosigner-keys", FORM_WITNESSES, OPTIONAL}}},
	{LEDGER_RECORD, "container.detached", {
		{"container", FORM_ID, NEEDED}, {"reason", FORM_TEXT, NEEDED}}},
	{LEDGER_RECORD, "container.rekeyed", {
		{"container", FORM_ID, NEEDED}, {"from", FORM_VKEY, NEEDED},
		{"to", FORM_VKEY, NEEDED}, {"at-seq", FORM_NUMBER, NEEDED},
		{"reason", FORM_TEXT, NEEDED}}},
	{LEDGER_RECORD, "container.state", {
		{"container", FORM_ID, NEEDED}, {"from", FORM_STATE, NEEDED},
		{"to", FORM_STATE, NEEDED}, {"reason", FORM_TEXT, NEEDED}}},
	{LEDGER_RECORD, "audit.started", {
		{"container", FORM_AUDITED, NEEDED}, {"level", FORM_LEVEL, NEEDED},
		{"from-seq", FORM_NUMBER, OPTIONAL}, {"to-seq", FORM_NUMBER, OPTIONAL},
		{"path", FORM_PATH, OPTIONAL}, {"continues", FORM_NUMBER, OPTIONAL},
		{"job", FORM_NUMBER, OPTIONAL}, {"scope", FORM_TEXT, OPTIONAL},
		{"cached", FORM_CACHED, OPTIONAL}}},
	{LEDGER_RECORD, "audit.covered", {
		{"container", FORM_AUDITED, NEEDED}, {"run", FORM_NUMBER, NEEDED},
		{"level", FORM_LEVEL, NEEDED}, {"from-seq", FORM_NUMBER, NEEDED},
		{"to-seq", FORM_NUMBER, NEEDED}, {"bytes", FORM_NUMBER, NEEDED},
		{"size", FORM_NUMBER, OPTIONAL}, {"leaf", FORM_ROOT, OPTIONAL}}},
	{LEDGER_RECORD, "audit.finished", {
		{"container", FORM_AUDITED, NEEDED}, {"run", FORM_NUMBER, NEEDED},
		{"level", FORM_LEVEL, NEEDED}, {"verdict", FORM_VERDICT, NEEDED},
		{"entries", FORM_NUMBER, NEEDED}, {"assets", FORM_NUMBER, NEEDED},
		{"bytes", FORM_NUMBER, NEEDED}, {"findings", FORM_NUMBER, NEEDED},
		{"size", FORM_NUMBER, NEEDED}, {"root", FORM_ROOT, NEEDED},
		{"witnessed", FORM_NUMBER, NEEDED}, {"report-digest", FORM_DIGEST, NEEDED},
		{"report-size", FORM_NUMBER, NEEDED}, {"asked", FORM_NUMBER, OPTIONAL},
		{"since", FORM_TIME, OPTIONAL}, {"stopped-at", FORM_NUMBER, OPTIONAL},
		{"cached", FORM_CACHED, OPTIONAL}}},
	{LEDGER_RECORD, "audit.finding", {
		{"container", FORM_AUDITED, NEEDED}, {"run", FORM_NUMBER, NEEDED},
		{"code", FORM_CODE, NEEDED}, {"at-seq", FORM_NUMBER, OPTIONAL},
		/* the path of any file, also of one that must not be there */
		{"path", FORM_TEXT, OPTIONAL}, {"expected", FORM_TEXT, OPTIONAL},
		{"found", FORM_TEXT, OPTIONAL}}},
	{LEDGER_RECORD, "flag.raised", {
		{"container", FORM_AUDITED, NEEDED}, {"code", FORM_CODE, NEEDED},
		{"finding", FORM_NUMBER, NEEDED}}},
	{LEDGER_RECORD, "flag.acknowledged", {
		{"flag", FORM_NUMBER, NEEDED}, {"reason", FORM_TEXT, NEEDED}}},
	{LEDGER_RECORD, "fleet.applied", {
		{"digest", FORM_DIGEST, NEEDED}, {"changes", FORM_NUMBER, NEEDED}}},
};
/* clang-format on */

static const struct kind_rule *rule_find(int ledger_type, const char *kind, size_t len)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].ledgers & ledger_type && strlen(rules[i].kind) == len &&
			!memcmp(rules[i].kind, kind, len))
			return &rules[i];
	return NULL;
}

int tote__kind_class(int ledger_type, const char *kind, size_t len)
{
	if (tote__kind_is_host(kind, len))
		return KIND_HOST;
	return rule_find(ledger_type, kind, len) ? KIND_KNOWN : KIND_UNKNOWN;
}

/* --- checking ------------------------------------------------------------------------------- */

static int malformed(const struct entry *e, const char *key, const char *why, const char *what,
	struct tote_fault *fault)
{
	tote__fault(fault, TOTE_E_MALFORMED, "entry %" PRIu64 " (%.*s): field '%s' %s%s", e->seq,
		(int)e->kind_len, e->kind, key, why, what);
	tote__fault_set_seq(fault, e->seq);
	return TOTE_E_MALFORMED;
}

static int check_field(const struct entry *e, const char *key, enum form form, int optional,
	struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, key);
	struct value v;

	if (!f)
		return optional ? 0 : malformed(e, key, "is missing", "", fault);
	if (f->value_len > VALUE_MAX ||
		tote__value_unescape(f->value, f->value_len, (uint8_t *)v.text, &v.len))
		return malformed(e, key, "is not escaped as it must be", "", fault);
	v.text[v.len] = '\0';
	if (!form_fits(form, &v))
		return malformed(e, key, "is not ", form_name(form), fault);
	return 0;
}

/* FORMAT section 4: each entry of a container's whose seq is a multiple of 256, but seq 0. */
static int check_state(int ledger_type, const struct entry *e, struct tote_fault *fault)
{
	int wanted = ledger_type == LEDGER_CONTAINER && e->seq && e->seq % STATE_INTERVAL == 0;

	if (wanted)
		return check_field(e, "tote-state", FORM_STATE, NEEDED, fault);
	if (tote__entry_field(e, "tote-state"))
		return malformed(e, "tote-state", "stands where none is written", "", fault);
	return 0;
}

/* A location has a form only for a backend that this version knows the paths of. */
static int check_location(const struct entry *e, struct tote_fault *fault)
{
	const struct entry_field *backend = tote__entry_field(e, "backend");

	if (!tote__entry_is(e, "container.registered") || !backend ||
		backend->value_len != strlen("posix") ||
		memcmp(backend->value, "posix", backend->value_len))
		return 0;
	return check_field(e, "location", FORM_LOCATION, NEEDED, fault);
}

/* The host's kinds have no rule of fields; the consolidated record has none of them. */
static int check_host(int ledger_type, const struct entry *e, struct tote_fault *fault)
{
	if (ledger_type != LEDGER_RECORD)
		return 0;
	tote__fault(fault, TOTE_E_MALFORMED,
		"entry %" PRIu64 " (%.*s): the consolidated record has none of the host's kinds",
		e->seq, (int)e->kind_len, e->kind);
	tote__fault_set_seq(fault, e->seq);
	return TOTE_E_MALFORMED;
}

int tote__kind_check(int ledger_type, const struct entry *e, struct tote_fault *fault)
{
	const struct kind_rule *rule;
	int r;

	if (e->version != 1)
		return 0;
	if ((r = check_state(ledger_type, e, fault)) < 0)
		return r;
	if (tote__kind_is_host(e->kind, e->kind_len))
		return check_host(ledger_type, e, fault);
	rule = rule_find(ledger_type, e->kind, e->kind_len);
	if (!rule)
		return 0;
	for (const struct field_rule *f = rule->fields; f->key; f++)
		if ((r = check_field(e, f->key, f->form, f->optional, fault)) < 0)
			return r;
	return check_location(e, fault);
}
