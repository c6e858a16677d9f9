/* SPDX-License-Identifier: ISC */
/*
 * Trust policies (C2SP tlog-policy), read strictly: what a policy does not say plainly it does not
 * say at all, since a quorum that is misread is a promise that nobody made.
 */
#include "tlog/policy.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define WORDS_MAX (POLICY_MEMBERS + 3) /* group NAME k and every member there can be */
#define SHOW_MAX  80                   /* bytes of a name in an error */

#define TYPE_ECDSA    0x02
#define TYPE_RFC6962  0x05
#define TYPE_MLDSA    0x06
#define KEY_BYTES_MAX 2048 /* type and public key: an ML-DSA-44 one has 1,313 */

struct word {
	const char *at;
	size_t len;
};

/* One line on its way into a policy. */
struct line {
	struct policy *policy;
	size_t number;
	struct word words[WORDS_MAX];
	size_t count;
	struct tote_fault *fault;
};

static int shown(const struct word *w)
{
	return (int)(w->len < SHOW_MAX ? w->len : SHOW_MAX);
}

static int refuse(const struct line *l, const char *why, const struct word *about)
{
	if (!about)
		return tote__fault(
			l->fault, TOTE_E_GRAMMAR, "policy: line %zu: %s", l->number, why);
	return tote__fault(l->fault, TOTE_E_GRAMMAR, "policy: line %zu: '%.*s': %s", l->number,
		shown(about), about->at, why);
}

static int too_many(const struct line *l, const char *what, int limit)
{
	return tote__fault(l->fault, TOTE_E_TOO_LARGE,
		"policy: line %zu: there are more than %d %s, which is all that is read", l->number,
		limit, what);
}

static int is_word(const struct word *w, const char *text)
{
	return w->len == strlen(text) && !memcmp(w->at, text, w->len);
}

/* --- keys ----------------------------------------------------------------------------------- */

/* Whether a key of this type is in its place (tlog-checkpoint, tlog-cosignature). */
static int is_type_for(uint8_t type, int is_witness)
{
	if (is_witness)
		return type == KEY_TYPE_COSIGNATURE || type == TYPE_MLDSA;
	return type == KEY_TYPE_ED25519 || type == TYPE_ECDSA || type == TYPE_RFC6962 ||
	       type == TYPE_MLDSA;
}

/* The id of signed-note: the first 4 bytes of SHA-256(name || LF || type || key). */
static int is_key_id(const struct word *w, size_t name_len, const uint8_t *key, size_t key_len)
{
	static const uint8_t lf = '\n';
	uint8_t full[HASH_LEN], given[4];
	struct hash h;

	tote__hash_init(&h, NULL);
	tote__hash_update(&h, w->at, name_len);
	tote__hash_update(&h, &lf, 1);
	tote__hash_update(&h, key, key_len);
	tote__hash_final(&h, full);
	return !tote__hex_decode(w->at + name_len + 1, 8, given) &&
	       !memcmp(given, full, sizeof(given));
}

/* name+8 hex digits+base64(type || key), of any type. NULL, or what is wrong with it. */
static const char *read_key(const struct word *w, int is_witness, struct policy_key *ret)
{
	uint8_t key[KEY_BYTES_MAX];
	const char *plus = memchr(w->at, '+', w->len);
	size_t name_len = plus ? (size_t)(plus - w->at) : 0, head = name_len + 10, got;

	if (!plus || w->len <= head || w->at[head - 1] != '+' ||
		!tote__key_name_valid(w->at, name_len) ||
		tote__base64_decode(w->at + head, w->len - head, key, sizeof(key), &got) < 0 ||
		got < 2 || !is_key_id(w, name_len, key, got))
		return "this is no vkey";
	if (!is_type_for(key[0], is_witness))
		return is_witness ? "this is no witness's key (type 0x04)"
				  : "this is no log's key (type 0x01)";
	ret->vkey = w->at;
	ret->len = w->len;
	ret->known = key[0] == KEY_TYPE_ED25519 || key[0] == KEY_TYPE_COSIGNATURE;
	if (ret->known && got != 1 + 32)
		return "an Ed25519 key has 32 bytes";
	tote__hash_bytes(NULL, key + 1, got - 1, ret->id);
	return NULL;
}

static int is_same_key(const struct policy_key *a, const struct policy_key *b)
{
	return tote__hash_equal(a->id, b->id);
}

/* --- lines ---------------------------------------------------------------------------------- */

static int take_log(struct line *l)
{
	struct policy *p = l->policy;
	struct policy_key key;
	const char *wrong;

	if (l->count < 2 || l->count > 3)
		return refuse(l, "a log is written: log VKEY [URL]", NULL);
	if (p->log_count == POLICY_LOGS)
		return too_many(l, "logs", POLICY_LOGS);
	if ((wrong = read_key(&l->words[1], 0, &key)))
		return refuse(l, wrong, &l->words[1]);
	for (size_t i = 0; i < p->log_count; i++)
		if (is_same_key(&p->logs[i], &key))
			return refuse(l, "another log has this key already", &l->words[1]);
	p->logs[p->log_count++] = key;
	return 0;
}

static int32_t find_member(const struct policy *p, const struct word *name)
{
	for (size_t i = 0; i < p->member_count; i++)
		if (p->members[i].name_len == name->len &&
			!memcmp(p->members[i].name, name->at, name->len))
			return (int32_t)i;
	return -1;
}

/* Room for one more witness or group of that name. NULL: refused, the fault says why. */
static struct policy_member *new_member(struct line *l, int is_group)
{
	const struct word *name = &l->words[1];
	struct policy *p = l->policy;
	size_t alike = 0;

	for (size_t i = 0; i < p->member_count; i++)
		alike += p->members[i].is_group == is_group;
	if (alike == POLICY_MEMBER)
		too_many(l, is_group ? "groups" : "witnesses", POLICY_MEMBER);
	else if (is_word(name, "none"))
		refuse(l, "this name means that no witness is asked for", name);
	else if (find_member(p, name) >= 0)
		refuse(l, "another witness or group has this name already", name);
	else {
		struct policy_member *m = &p->members[p->member_count];

		*m = (struct policy_member){
			.name = name->at, .name_len = name->len, .is_group = is_group, .group = -1};
		return m;
	}
	return NULL;
}

static int take_witness(struct line *l)
{
	struct policy *p = l->policy;
	struct policy_member *m;
	const char *wrong;

	if (l->count < 3 || l->count > 4)
		return refuse(l, "a witness is written: witness NAME VKEY [URL]", NULL);
	if (!(m = new_member(l, 0)))
		return l->fault->code;
	if ((wrong = read_key(&l->words[2], 1, &m->key)))
		return refuse(l, wrong, &l->words[2]);
	for (size_t i = 0; i < p->member_count; i++)
		if (!p->members[i].is_group && is_same_key(&p->members[i].key, &m->key))
			return refuse(l, "another witness has this key already", &l->words[2]);
	p->member_count++;
	return 0;
}

/* A member is in one group at most, so a witness counts in one way only. */
static int add_to_group(struct line *l, const struct word *name, int32_t group)
{
	int32_t i = find_member(l->policy, name);
	struct policy_member *m;

	if (i < 0)
		return refuse(l, "no witness or group of this name stands before it", name);
	m = &l->policy->members[i];
	if (m->group == group)
		return refuse(l, "it stands in this group twice", name);
	if (m->group >= 0)
		return refuse(l, "it is in another group already", name);
	m->group = group;
	return 0;
}

static int take_group(struct line *l)
{
	struct policy *p = l->policy;
	const struct word *rule = &l->words[2];
	struct policy_member *m;
	uint64_t needed, named;

	if (l->count < 4)
		return refuse(l, "a group is written: group NAME all|any|K MEMBER...", NULL);
	if (!(m = new_member(l, 1)))
		return l->fault->code;
	named = l->count - 3;
	if (is_word(rule, "all"))
		needed = named;
	else if (is_word(rule, "any"))
		needed = 1;
	else if (tote__decimal_parse(rule->at, rule->len, &needed) < 0)
		return refuse(l, "this is neither all nor any nor a number", rule);
	if (needed < 1 || needed > named)
		return refuse(l, "so many members are not in the group", rule);
	m->needed = (uint32_t)needed;
	m->named = (uint32_t)named;
	for (size_t i = 3; i < l->count; i++) {
		int rc = add_to_group(l, &l->words[i], (int32_t)p->member_count);

		if (rc < 0)
			return rc;
	}
	p->member_count++;
	return 0;
}

static int take_quorum(struct line *l, int *had)
{
	if (l->count != 2)
		return refuse(l, "a quorum is written: quorum NAME, or quorum none", NULL);
	if (*had)
		return refuse(l, "there is a quorum already", NULL);
	*had = 1;
	if (is_word(&l->words[1], "none"))
		return 0;
	l->policy->quorum = find_member(l->policy, &l->words[1]);
	return l->policy->quorum < 0
		       ? refuse(l, "no witness or group of this name stands before it",
				 &l->words[1])
		       : 0;
}

static int is_white(char c)
{
	return c == ' ' || c == '\t';
}

static int split(struct line *l, const char *at, size_t len)
{
	const char *end = at + len;

	l->count = 0;
	for (;;) {
		const char *begin;

		while (at < end && is_white(*at))
			at++;
		if (at == end)
			return 0;
		if (!l->count && *at == '#')
			return 0;
		if (l->count == WORDS_MAX)
			return refuse(l, "it has too many words", NULL);
		begin = at;
		while (at < end && !is_white(*at))
			at++;
		l->words[l->count++] = (struct word){.at = begin, .len = (size_t)(at - begin)};
	}
}

static int take_line(struct line *l, int *had_quorum)
{
	const struct word *first = &l->words[0];

	if (!l->count)
		return 0;
	if (is_word(first, "log"))
		return take_log(l);
	if (is_word(first, "witness"))
		return take_witness(l);
	if (is_word(first, "group"))
		return take_group(l);
	if (is_word(first, "quorum"))
		return take_quorum(l, had_quorum);
	return refuse(l, "a line begins with log, witness, group or quorum", first);
}

/* 0x09, 0x0A, 0x20 to 0x7E and 0x80 to 0xFF; comments too. */
static int check_bytes(const uint8_t *at, size_t len, struct tote_fault *fault)
{
	size_t line = 1;

	for (size_t i = 0; i < len; i++) {
		if (at[i] == '\n')
			line++;
		else if ((at[i] < 0x20 && at[i] != '\t') || at[i] == 0x7F)
			return tote__fault(fault, TOTE_E_GRAMMAR,
				"policy: line %zu: it has the control byte 0x%02x", line, at[i]);
	}
	return 0;
}

int tote__policy_parse(const void *data, size_t len, struct policy *ret, struct tote_fault *fault)
{
	struct line l = {.policy = ret, .fault = fault};
	struct reader reader;
	const char *at;
	size_t line_len;
	int had_quorum = 0, rc;

	memset(ret, 0, sizeof(*ret));
	ret->quorum = -1;
	if (len > POLICY_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE, "policy: it is larger than 1 MiB");
	if ((rc = check_bytes(data, len, fault)) < 0)
		return rc;
	tote__reader_init(&reader, data, len);
	while (tote__reader_line(&reader, &at, &line_len)) {
		l.number++;
		if ((rc = split(&l, at, line_len)) < 0 || (rc = take_line(&l, &had_quorum)) < 0)
			return rc;
	}
	l.number++;
	if (tote__reader_left(&reader)) /* of a quorum that was cut off another one would be left */
		return refuse(&l, "its last line does not end: the file was cut off", NULL);
	if (!had_quorum)
		return refuse(&l, "the file ends without a quorum line", NULL);
	return 0;
}
