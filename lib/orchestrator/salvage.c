/* SPDX-License-Identifier: ISC */
/*
 * What can still be known where the consolidated record is damaged: entry by entry as far as each
 * parses and bears its seq, and what the key store says.
 */
#include "orchestrator/salvage.h"
#include "base/grammar.h"
#include "ledger/logdir.h"
#include "orchestrator/location.h"
#include "store/keystore.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct salvage {
	tote_orchestrator *o;
	struct logdir log;
	struct buf bytes;
	uint64_t lost;
};

/* --- entries -------------------------------------------------------------------------------- */

/* One that says what cannot be, since what came before it is lost, is lost too. */
static int take(
	struct salvage *s, uint64_t seq, const uint8_t *bytes, size_t len, struct tote_fault *fault)
{
	struct registry *r = &s->o->registry;
	struct tote_fault why;
	struct entry e;
	int rc = 0;

	memset(&why, 0, sizeof(why));
	if (tote__entry_parse(bytes, len, &e, &why) < 0 || e.seq != seq)
		return 0;
	tote__orchestrator_lock(s->o);
	if (seq >= r->next) {
		s->lost += seq - r->next;
		r->next = seq;
		rc = tote__registry_take(r, &e, &why);
		if (rc < 0 && rc != TOTE_E_NO_MEMORY) {
			s->lost++;
			r->next = seq + 1;
			rc = 0;
		}
	}
	tote__orchestrator_unlock(s->o);
	if (rc < 0)
		*fault = why;
	return rc;
}

static int take_all(struct salvage *s, uint64_t first, uint32_t count, struct tote_fault *fault)
{
	struct bundle_walk w;
	struct tote_fault cut;
	const uint8_t *bytes;
	size_t len;
	int rc = 0;

	memset(&cut, 0, sizeof(cut));
	tote__bundle_walk(&w, s->bytes.data, s->bytes.len, count);
	for (; rc == 0 && tote__bundle_next(&w, &bytes, &len, &cut) > 0; first++)
		rc = take(s, first, bytes, len, fault);
	return rc;
}

/* The bundle of that index as the checkpoint's size has it; without one, the widest there is. */
static int read_bundle(struct salvage *s, uint64_t index, uint64_t size, uint32_t *ret_width)
{
	struct tote_fault why;
	uint64_t first = index * TILE_WIDTH;
	int rc;

	memset(&why, 0, sizeof(why));
	if (size)
		return tote__logdir_bundle(&s->log, index, size, &s->bytes, ret_width, &why);
	for (uint32_t width = TILE_WIDTH; width; width--) {
		rc = tote__logdir_bundle(&s->log, index, first + width, &s->bytes, ret_width, &why);
		if (rc != TOTE_E_NOT_FOUND)
			return rc;
	}
	return TOTE_E_NOT_FOUND;
}

static int take_log(struct salvage *s, struct tote_fault *fault)
{
	struct tote_fault why;
	struct checkpoint c;
	struct note note;
	uint64_t size, index;
	uint32_t width;
	int rc;

	memset(&why, 0, sizeof(why));
	rc = tote__logdir_checkpoint(&s->log, &s->bytes, &note, &c, &why);
	size = rc < 0 ? 0 : c.size;
	tote__orchestrator_lock(s->o);
	index = s->o->registry.next / TILE_WIDTH;
	tote__orchestrator_unlock(s->o);
	for (; !size || index * TILE_WIDTH < size; index++) {
		rc = read_bundle(s, index, size, &width);
		if (!rc && (rc = take_all(s, index * TILE_WIDTH, width, fault)) < 0)
			return rc;
		if (!size && rc == TOTE_E_NOT_FOUND)
			break; /* the end, as far as anybody can tell */
	}
	tote__orchestrator_lock(s->o);
	if (size > s->o->registry.next) {
		s->lost += size - s->o->registry.next;
		s->o->registry.next = size;
	}
	tote__orchestrator_unlock(s->o);
	return 0;
}

static int take_journal(struct salvage *s, struct tote_fault *fault)
{
	const struct place *place = &s->o->place;
	struct tote_fault why;
	struct replay found;
	int rc = 0;

	memset(&why, 0, sizeof(why));
	if (tote__replay(place, tote__hasher(s->o->ctx), 0, NULL, &found, &why) < 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < found.group_count; i++) {
		const struct group *g = &found.groups[i].group;

		if (!tote__group_load(
			    place, tote__hasher(s->o->ctx), &found.groups[i], &s->bytes, &why))
			rc = take_all(s, g->first_seq, g->count, fault);
	}
	tote__replay_free(&found);
	return rc;
}

/* --- the key store --------------------------------------------------------------------------- */

/* Who the root is, where the entry that says so is lost. */
static int know_root(struct salvage *s, struct tote_fault *fault)
{
	tote_orchestrator *o = s->o;
	struct vkey key, witness;
	struct known *k = NULL;
	int rc;

	if (o->registry.vkey[0])
		return 0;
	if ((rc = tote__keystore_public(&o->place, KEY_FILE, &key, fault)) < 0 ||
		(rc = tote__keystore_public(&o->place, WITNESS_FILE, &witness, fault)) < 0)
		return rc;
	tote__orchestrator_lock(o);
	rc = tote__registry_add(&o->registry, RECORD_ID, &k, fault);
	if (rc == 0) {
		snprintf(o->registry.origin, sizeof(o->registry.origin), "%s", key.name);
		tote__vkey_format(&key, o->registry.vkey);
		tote__vkey_format(&witness, o->registry.witness_vkey);
		memcpy(k->origin, o->registry.origin, sizeof(k->origin));
		memcpy(k->vkey, o->registry.vkey, sizeof(k->vkey));
	}
	tote__orchestrator_unlock(o);
	return rc;
}

static int lies_below_root(tote_orchestrator *o, const char *location)
{
	struct tote_fault unused;
	struct place place;
	char *path;
	int rc;

	memset(&unused, 0, sizeof(unused));
	path = tote__location_absolute(o, location, &unused);
	if (!path)
		return 0;
	rc = tote__place_open(
		o->ctx, POSIX_BACKEND, path, LAYOUT_CONTAINER, STORE_READ_ONLY, &place, &unused);
	if (rc == 0)
		tote__place_close(&place);
	tote__heap_free(&o->ctx->heap, path);
	return rc == 0;
}

static int know_container(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct salvage *s = user;
	struct registry *r = &s->o->registry;
	struct tote_fault unused;
	char location[80];
	struct known *k = NULL;
	struct vkey key;
	int known, rc;

	(void)st;
	if (!tote__id_valid(name) || !strcmp(name, KEY_FILE) || !strcmp(name, WITNESS_FILE))
		return 0;
	tote__orchestrator_lock(s->o);
	known = tote__registry_find(r, name) != NULL;
	tote__orchestrator_unlock(s->o);
	memset(&unused, 0, sizeof(unused));
	snprintf(location, sizeof(location), "containers/%s", name);
	if (known || tote__keystore_public(&s->o->place, name, &key, &unused) < 0 ||
		!lies_below_root(s->o, location))
		return 0;
	tote__orchestrator_lock(s->o);
	rc = tote__registry_add(r, name, &k, fault);
	if (rc == 0) {
		k->location = tote__heap_strdup(r->heap, location, fault);
		rc = k->location ? 0 : TOTE_E_NO_MEMORY;
		snprintf(k->backend, sizeof(k->backend), "%s", POSIX_BACKEND);
		snprintf(k->origin, sizeof(k->origin), "%s", key.name);
		tote__vkey_format(&key, k->vkey);
	}
	tote__orchestrator_unlock(s->o);
	return rc;
}

/* --- both ------------------------------------------------------------------------------------ */

int tote__salvage(tote_orchestrator *o, uint64_t *ret_lost, struct tote_fault *fault)
{
	struct salvage s = {.o = o};
	int rc;

	tote__logdir_init(&s.log, &o->place, 0);
	tote__buf_init(&s.bytes, &o->ctx->heap, BUNDLE_MAX);
	rc = take_log(&s, fault);
	if (rc == 0)
		rc = take_journal(&s, fault);
	if (rc == 0)
		rc = know_root(&s, fault);
	if (rc == 0 && s.lost)
		rc = o->place.ops->list(o->place.handle, SPACE_KEYS, "", know_container, &s, fault);
	tote__buf_free(&s.bytes);
	*ret_lost = s.lost;
	return rc;
}
