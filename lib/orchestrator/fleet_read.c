/* SPDX-License-Identifier: ISC */
/*
 * A fleet file's events, read into what it wishes for. Each mapping is a table of keys; whatever is
 * wrong is put down with its place and passed over, so that one reading shows all of it.
 */
#include "base/grammar.h"
#include "box/state.h"
#include "orchestrator/fleet_policy.h"
#include "orchestrator/fleet_scalar.h"
#include "orchestrator/fleet_words.h"
#include "store/sort.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEYS_MAX     16
#define LOCATION_MAX STORE_NAME_MAX

struct reading {
	tote_fleet *fleet;
	struct fleet_yaml *yaml;
	struct fleet_problems *problems;
	struct tote_fault *fault;
	int rc; /* of the last event; below 1 nothing is read any more */
};

/* A mapping whose keys are known. take gets the first event of the value, and reads it all. */
struct table {
	const char *what;
	const char *const *keys;
	size_t count;
	void (*take)(struct reading *r, void *into, size_t key, const struct fleet_event *value);
};

static int next(struct reading *r, struct fleet_event *ret)
{
	if (r->rc > 0)
		r->rc = tote__fleet_yaml_next(r->yaml, ret, r->fault);
	return r->rc > 0;
}

static int opens(const struct fleet_event *e)
{
	return e->kind == FLEET_MAPPING || e->kind == FLEET_SEQUENCE;
}

/* What is left of a value whose first event was read. */
static void pass_over(struct reading *r, const struct fleet_event *first)
{
	struct fleet_event e;
	int depth = opens(first);

	while (depth && next(r, &e))
		depth += opens(&e) ? 1 : e.kind == FLEET_SCALAR ? 0 : -1;
}

static int is_null(const struct fleet_event *e)
{
	return e->kind == FLEET_SCALAR &&
	       tote__fleet_scalar(e->text, e->len, e->plain) == SCALAR_NULL;
}

/* 1 where it is text without a NUL; else that is a problem, and it was passed over. */
static int is_text(struct reading *r, const char *what, const struct fleet_event *e)
{
	enum fleet_scalar type;

	if (e->kind != FLEET_SCALAR) {
		tote__fleet_problem(r->problems, e->place, "%s: one value belongs here, not a %s",
			what, e->kind == FLEET_MAPPING ? "mapping" : "list");
		pass_over(r, e);
		return 0;
	}
	type = tote__fleet_scalar(e->text, e->len, e->plain);
	if (type == SCALAR_NULL)
		tote__fleet_problem(r->problems, e->place,
			"%s: it is empty: leave the line out, or say something", what);
	else if (type != SCALAR_STRING)
		tote__fleet_problem(r->problems, e->place,
			"%s: %.*s is %s, not text: put it in quotes", what,
			tote__fleet_shown(e->text, e->len), e->text, tote__fleet_scalar_name(type));
	else if (memchr(e->text, '\0', e->len))
		tote__fleet_problem(r->problems, e->place, "%s: it holds a NUL", what);
	else
		return 1;
	return 0;
}

/* --- mappings ------------------------------------------------------------------------------- */

static void unknown_key(struct reading *r, const struct table *t, const struct fleet_event *key)
{
	const char *meant = tote__fleet_nearest(key->text, key->len, t->keys, t->count);
	int shown = tote__fleet_shown(key->text, key->len);

	if (meant)
		tote__fleet_problem(r->problems, key->place,
			"there is no key '%.*s' in %s; did you mean '%s'?", shown, key->text,
			t->what, meant);
	else
		tote__fleet_problem(r->problems, key->place,
			"there is no key '%.*s' in %s; its keys are in toteborch-fleet(5)", shown,
			key->text, t->what);
}

/* The index of a key, or count; unless it is usable, what is wrong is put down. */
static size_t find_key(struct reading *r, const struct table *t, const struct fleet_event *key,
	const uint32_t lines[KEYS_MAX])
{
	for (size_t i = 0; i < t->count; i++) {
		if (strlen(t->keys[i]) != key->len || memcmp(t->keys[i], key->text, key->len) != 0)
			continue;
		if (!lines[i])
			return i;
		tote__fleet_problem(r->problems, key->place,
			"'%s' stands here a second time; line %" PRIu32 " has it already",
			t->keys[i], lines[i]);
		return t->count;
	}
	unknown_key(r, t, key);
	return t->count;
}

/* 1 where it is a mapping that is to be read; nothing at all is one without keys. */
static int begins_mapping(struct reading *r, const char *what, const struct fleet_event *e)
{
	if (e->kind == FLEET_MAPPING)
		return 1;
	if (!is_null(e))
		tote__fleet_problem(r->problems, e->place,
			"%s: keys with values belong here, not %s", what,
			e->kind == FLEET_SEQUENCE ? "a list" : "a single value");
	pass_over(r, e);
	return 0;
}

/* The next key: 1, or 0 behind the last one. What can be no key is passed over with its value. */
static int next_key(struct reading *r, const char *what, struct fleet_event *ret)
{
	struct fleet_event value;

	while (next(r, ret)) {
		if (ret->kind == FLEET_MAPPING_END)
			return 0;
		if (ret->kind == FLEET_SCALAR)
			return 1;
		tote__fleet_problem(r->problems, ret->place, "%s: a key is one word", what);
		pass_over(r, ret);
		if (next(r, &value))
			pass_over(r, &value);
	}
	return 0;
}

static void read_mapping(
	struct reading *r, const struct table *t, void *into, const struct fleet_event *first)
{
	uint32_t lines[KEYS_MAX] = {0};
	struct fleet_event key, value;

	if (!begins_mapping(r, t->what, first))
		return;
	while (next_key(r, t->what, &key)) {
		size_t i = find_key(r, t, &key, lines);
		struct fleet_place place = key.place;

		if (!next(r, &value))
			return;
		if (i == t->count) {
			pass_over(r, &value);
			continue;
		}
		lines[i] = place.line;
		t->take(r, into, i, &value);
	}
}

/* --- a policy ------------------------------------------------------------------------------- */

static void take_policy_field(
	struct reading *r, void *into, size_t field, const struct fleet_event *value)
{
	if (value->kind == FLEET_SCALAR) {
		tote__fleet_policy_take(into, field, value, r->problems);
		return;
	}
	tote__fleet_problem(r->problems, value->place, "a field of a policy has one value");
	pass_over(r, value);
}

static void read_policy(struct reading *r, struct wish_policy *p, const struct fleet_event *first)
{
	const char *keys[POLICY_FIELDS];
	struct table t = {.what = "a policy",
		.keys = keys,
		.count = POLICY_FIELDS,
		.take = take_policy_field};

	tote__fleet_policy_keys(keys);
	read_mapping(r, &t, p, first);
}

/* --- a container ---------------------------------------------------------------------------- */

enum { BACKEND, LOCATION, STATE, POLICY };
static const char *const container_keys[] = {
	[BACKEND] = "backend", [LOCATION] = "location", [STATE] = "state", [POLICY] = "policy"};

static void keep_text(struct reading *r, char **ret, const struct fleet_event *value)
{
	*ret = tote__heap_strdup(r->problems->heap, value->text, r->fault);
	if (!*ret)
		r->rc = TOTE_E_NO_MEMORY;
}

static void take_backend(struct reading *r, struct wish *w, const struct fleet_event *value)
{
	w->backend_place = value->place;
	if (!is_text(r, "backend", value))
		return;
	if (tote__id_valid(value->text))
		keep_text(r, &w->backend, value);
	else
		tote__fleet_problem(r->problems, value->place,
			"backend: '%.*s' can be the name of none",
			tote__fleet_shown(value->text, value->len), value->text);
}

/* A relative one is below the root, and stays there. */
static int goes_up(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return 1;
		path += n;
		path += *path == '/';
	}
	return 0;
}

static void take_location(struct reading *r, struct wish *w, const struct fleet_event *value)
{
	w->location_place = value->place;
	if (!is_text(r, "location", value))
		return;
	if (!value->len || value->len > LOCATION_MAX)
		tote__fleet_problem(r->problems, value->place,
			"location: it has %zu bytes: 1 to %d are a path", value->len, LOCATION_MAX);
	else if (goes_up(value->text))
		tote__fleet_problem(r->problems, value->place,
			"location: '..' is no part of it: write the whole path, or one below the "
			"root");
	else
		keep_text(r, &w->location, value);
}

static void take_state(struct reading *r, struct wish *w, const struct fleet_event *value)
{
	const char *names[TOTE_STATE_DISPOSED];
	const char *meant;

	w->state_place = value->place;
	if (!is_text(r, "state", value))
		return;
	w->state = tote__state_parse(value->text, value->len);
	if (w->state != STATE_NONE)
		return;
	for (uint32_t s = TOTE_STATE_ACTIVE; s <= TOTE_STATE_DISPOSED; s++)
		names[s - TOTE_STATE_ACTIVE] = tote_state_name(s);
	meant = tote__fleet_nearest(
		value->text, value->len, names, sizeof(names) / sizeof(names[0]));
	tote__fleet_problem(r->problems, value->place,
		"state: '%.*s' is none of active, suspended, archived, disposed%s%s%s",
		tote__fleet_shown(value->text, value->len), value->text,
		meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static void take_container_key(
	struct reading *r, void *into, size_t key, const struct fleet_event *value)
{
	struct wish *w = into;

	switch (key) {
	case BACKEND:
		take_backend(r, w, value);
		break;
	case LOCATION:
		take_location(r, w, value);
		break;
	case STATE:
		take_state(r, w, value);
		break;
	default:
		read_policy(r, &w->policy, value);
	}
}

/* 1 where it is an ID. */
static int is_id(struct reading *r, const struct fleet_event *key)
{
	int shown = tote__fleet_shown(key->text, key->len);

	if (tote__fleet_scalar(key->text, key->len, key->plain) != SCALAR_STRING)
		tote__fleet_problem(r->problems, key->place,
			"%.*s is %s, not text: put the ID in quotes", shown, key->text,
			tote__fleet_scalar_name(
				tote__fleet_scalar(key->text, key->len, key->plain)));
	else if (memchr(key->text, '\0', key->len) || !tote__id_valid(key->text))
		tote__fleet_problem(r->problems, key->place,
			"'%.*s' is no ID: a-z, 0-9 and '-' inside, at most 63, and neither "
			"orchestrator nor witness",
			shown, key->text);
	else
		return 1;
	return 0;
}

/* A new wish at the end of the list, or NULL. */
static struct wish *add_wish(struct reading *r, const struct fleet_event *key)
{
	tote_fleet *f = r->fleet;
	struct wish w = {.place = key->place};
	void *items = f->wishes;

	if (f->count == TOTE_FLEET_CONTAINERS_MAX) {
		tote__fleet_problem(r->problems, key->place,
			"more than %u containers: nothing behind this is read",
			TOTE_FLEET_CONTAINERS_MAX);
		r->rc = 0;
		return NULL;
	}
	if (tote__registry_grow(r->problems->heap, &items, f->count, &f->cap, sizeof(w), r->fault) <
		0) {
		r->rc = TOTE_E_NO_MEMORY;
		return NULL;
	}
	f->wishes = items;
	keep_text(r, &w.id, key);
	if (!w.id)
		return NULL;
	tote__fleet_yaml_declared(r->yaml);
	f->wishes[f->count] = w;
	return &f->wishes[f->count++];
}

static void read_containers(struct reading *r, const struct fleet_event *first)
{
	static const struct table t = {.what = "a container",
		.keys = container_keys,
		.count = sizeof(container_keys) / sizeof(container_keys[0]),
		.take = take_container_key};
	struct fleet_event key, value;
	struct wish unused, *w;

	if (!begins_mapping(r, "containers", first))
		return;
	while (next_key(r, "containers", &key)) {
		memset(&unused, 0, sizeof(unused));
		w = is_id(r, &key) ? add_wish(r, &key) : &unused;
		if (!w || !next(r, &value))
			return;
		read_mapping(r, &t, w, &value); /* of a bad ID too: all that is wrong is said */
		tote__heap_free(r->problems->heap, unused.backend);
		tote__heap_free(r->problems->heap, unused.location);
	}
}

/* --- the file ------------------------------------------------------------------------------- */

enum { TOP_VERSION, TOP_DEFAULTS, TOP_ORCHESTRATOR, TOP_CONTAINERS };
static const char *const top_keys[] = {[TOP_VERSION] = "version",
	[TOP_DEFAULTS] = "policy",
	[TOP_ORCHESTRATOR] = RECORD_ID,
	[TOP_CONTAINERS] = "containers"};

struct top {
	int have_version;
};

static void take_version(struct reading *r, struct top *top, const struct fleet_event *value)
{
	uint64_t version = 0;

	top->have_version = 1;
	if (value->kind == FLEET_SCALAR &&
		tote__fleet_scalar(value->text, value->len, value->plain) == SCALAR_INTEGER &&
		tote__fleet_integer(value->text, value->len, &version) == 0 && version == 1)
		return;
	tote__fleet_problem(r->problems, value->place,
		"version: this library reads version 1, written: version: 1");
	pass_over(r, value);
}

static void take_record_key(
	struct reading *r, void *into, size_t key, const struct fleet_event *value)
{
	(void)key; /* there is only one */
	read_policy(r, into, value);
}

static void take_top_key(struct reading *r, void *into, size_t key, const struct fleet_event *value)
{
	static const char *const record_keys[] = {"policy"};
	static const struct table record = {
		.what = "orchestrator", .keys = record_keys, .count = 1, .take = take_record_key};

	switch (key) {
	case TOP_VERSION:
		take_version(r, into, value);
		break;
	case TOP_DEFAULTS:
		read_policy(r, &r->fleet->defaults, value);
		break;
	case TOP_ORCHESTRATOR:
		read_mapping(r, &record, &r->fleet->record, value);
		break;
	default:
		read_containers(r, value);
	}
}

/* --- what only the whole file shows --------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
	const struct wish *const *x = a, *const *y = b;
	int c = strcmp((*x)->id, (*y)->id);

	if (c)
		return c;
	return (*x)->place.line < (*y)->place.line       ? -1
	       : (*x)->place.line > (*y)->place.line     ? 1
	       : (*x)->place.column < (*y)->place.column ? -1
							 : 1;
}

/* What is wrong between the wishes for one ID; ids: all of them, sorted. */
static void refuse_repeated(struct reading *r, struct wish *const *ids, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (!strcmp(ids[i - 1]->id, ids[i]->id))
			tote__fleet_problem(r->problems, ids[i]->place,
				"container '%s' stands here a second time; line %" PRIu32
				" has it already",
				ids[i]->id, ids[i - 1]->place.line);
}

static int check_ids(struct reading *r)
{
	const struct heap *heap = r->problems->heap;
	tote_fleet *f = r->fleet;
	struct wish **ids;

	if (f->count < 2)
		return 0;
	ids = tote__heap_new(heap, f->count, sizeof(*ids), r->fault);
	if (!ids)
		return TOTE_E_NO_MEMORY;
	for (size_t i = 0; i < f->count; i++)
		ids[i] = &f->wishes[i];
	tote__sort(ids, f->count, sizeof(*ids), by_id);
	refuse_repeated(r, ids, f->count);
	tote__heap_free(heap, ids);
	return 0;
}

static void check_policies(struct reading *r)
{
	tote_fleet *f = r->fleet;

	tote__fleet_policy_check(NULL, &f->defaults, "all", SIZE_MAX, r->problems);
	tote__fleet_policy_check(NULL, &f->record, RECORD_ID, SIZE_MAX, r->problems);
	for (size_t i = 0; i < f->count; i++) {
		struct wish_policy p;

		if (!f->wishes[i].policy.values.set)
			continue;
		tote__fleet_policy_of(f, &f->wishes[i], &p);
		tote__fleet_policy_check(NULL, &p, f->wishes[i].id, SIZE_MAX, r->problems);
	}
}

static void read_file(struct reading *r)
{
	static const struct table t = {.what = "a fleet file",
		.keys = top_keys,
		.count = sizeof(top_keys) / sizeof(top_keys[0]),
		.take = take_top_key};
	const size_t before = r->problems->count;
	struct top top = {0};
	struct fleet_event first;

	if (next(r, &first)) {
		read_mapping(r, &t, &top, &first);
		while (next(r, &first)) /* a second document is a problem */
			;
	}
	if (!top.have_version && r->problems->count == before)
		tote__fleet_problem(r->problems, (struct fleet_place){1, 1},
			"there is no version: begin the file with the line version: 1");
}

int tote__fleet_read(tote_fleet *f, const void *bytes, size_t len, struct tote_fault *fault)
{
	struct reading r = {.fleet = f, .problems = &f->problems, .fault = fault, .rc = 1};

	r.yaml = tote__fleet_yaml_open(f->problems.heap, bytes, len, &f->problems, fault);
	if (!r.yaml)
		return TOTE_E_NO_MEMORY;
	read_file(&r);
	tote__fleet_yaml_close(r.yaml);
	if (r.rc >= 0)
		r.rc = check_ids(&r);
	if (r.rc < 0)
		return r.rc;
	check_policies(&r);
	if (f->problems.error)
		return tote__fault(
			fault, TOTE_E_NO_MEMORY, "fleet file: no memory for what is wrong with it");
	return 0;
}
