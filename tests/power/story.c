/* SPDX-License-Identifier: ISC */
/*
 * Telling stories, and cutting their power.
 */
#include "power/story.h"
#include "power/check.h"
#include "power/files.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char kinds[STORY_KINDS] = {'p', 'k', 'e', 'o', 'n'};

double power_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int power_is_over(const struct power *p)
{
	return power_now() > p->until;
}

/* --- telling -------------------------------------------------------------------------------- */

/* What the calls refuse or fail at is not of interest here: what they promised is. */
static void tell_calls(struct run *r, const char *calls, size_t count, size_t *ret_first)
{
	*ret_first = 0;
	for (size_t i = 0; i < count; i++) {
		*ret_first = recorder_count();
		if (run_call(r, calls[i]) < 0)
			run_wrong(r, "call %c: %s", calls[i], r->fault.text);
	}
}

static void tell_on(struct run *r, const struct story *s)
{
	const size_t last = strlen(s->calls) - 1;
	size_t begin = recorder_count();

	if (s->kind == STORY_KILL)
		recorder_stop_at(begin + s->at);
	else
		recorder_fail_at(begin + s->at);
	run_call(r, s->calls[last]);
	if (s->kind != STORY_FAIL)
		run_drop(r);
	recorder_fail_at(SIZE_MAX);
	recorder_next_process();
	recover_and_go_on(r);
}

static int tell_again(struct power *p, const struct story *s, struct told *ret);

int story_tell(struct power *p, const struct story *s, struct told *ret)
{
	const size_t count = strlen(s->calls);
	int failed;

	recorder_refuse_tmpfile(s->base->named);
	if (s->kind == STORY_AGAIN)
		return tell_again(p, s, ret);
	ret->from = s->base->image;
	run_begin(&ret->run, p->root[0], &ret->from, &s->base->truth, SIZE_MAX);
	tell_calls(&ret->run, s->calls, s->kind == STORY_PLAIN ? count : count - 1, &ret->first);
	if (s->kind != STORY_PLAIN) {
		ret->first = recorder_count() + s->at;
		tell_on(&ret->run, s);
	}
	failed = recorder_failed();
	recorder_take(&ret->log);
	run_drop(&ret->run);
	files_empty(p->root[0]);
	p->stories++;
	if (ret->first >= ret->log.count ||
		(!failed && (s->kind == STORY_FAIL || s->kind == STORY_FAIL_OPEN))) {
		told_free(ret);
		return -1;
	}
	return 0;
}

void told_free(struct told *t)
{
	free(t->log.ops);
	arena_free(&t->run.arena);
}

/* The promise that holds after `cut` operations. */
static size_t promise_at(const struct told *t, size_t cut)
{
	while (cut-- > 0)
		if (t->log.ops[cut].kind == OP_PROMISE)
			return (size_t)t->log.ops[cut].offset;
	return 0;
}

static void image_at(const struct told *t, size_t cut, const struct choice *c, struct arena *a,
	struct image *ret)
{
	struct disk disk;

	disk_init(&disk, a, &t->from);
	for (size_t i = 0; i < cut; i++)
		disk_apply(&disk, &t->log.ops[i]);
	disk_choose(&disk, c, a, ret);
}

/* The image of a first cut is where the story begins that is cut once more. */
static int tell_again(struct power *p, const struct story *s, struct told *ret)
{
	struct story before = *s;
	struct arena arena = {0};
	struct told told;
	struct image image;

	before.kind = STORY_PLAIN;
	if (story_tell(p, &before, &told) < 0)
		return -1;
	if (s->at > told.log.count) {
		told_free(&told);
		return -1;
	}
	image_at(&told, s->at, &s->choice, &arena, &image);
	run_begin(&ret->run, p->root[0], &image, &told.run.truth, promise_at(&told, s->at));
	/* the entries and the blocks that it knows are the first story's: they live as long */
	recover_and_go_on(&ret->run);
	recorder_take(&ret->log);
	run_drop(&ret->run);
	files_empty(p->root[0]);
	ret->from = image;
	ret->first = 0;
	arena_join(&ret->run.arena, &told.run.arena);
	arena_join(&ret->run.arena, &arena);
	free(told.log.ops);
	return 0;
}

/* --- cutting -------------------------------------------------------------------------------- */

static void case_name(
	const struct story *s, size_t cut, const struct choice *c, char out[CASE_ROOM])
{
	char choice[CHOICE_TEXT], before[CHOICE_TEXT] = "";
	char how[CHOICE_TEXT + 32];

	choice_format(c, choice);
	choice_format(&s->choice, before);
	if (s->kind == STORY_PLAIN)
		snprintf(how, sizeof(how), "p");
	else if (s->kind == STORY_AGAIN)
		snprintf(how, sizeof(how), "n%zu.%s", s->at, before);
	else
		snprintf(how, sizeof(how), "%c%zu", kinds[s->kind], s->at);
	snprintf(out, CASE_ROOM, "%s/%s/%s/%zu/%s", s->base->name, s->calls, how, cut, choice);
}

static int try_image(struct power *p, const struct story *s, const struct told *t, size_t cut,
	const struct choice *c, const struct image *image)
{
	const int read = p->reader && p->cases % p->reader_every == 0;
	char why[WHY_ROOM];

	if (p->verbose) {
		char name[CASE_ROOM];

		case_name(s, cut, c, name);
		fprintf(stderr, "%s\n", name);
	}
	p->cases++;
	if (check_image(p->root[1], image, &t->run.truth, promise_at(t, cut),
		    read ? p->reader : NULL, why) == 0)
		return 0;
	case_name(s, cut, c, p->failed);
	memcpy(p->why, why, sizeof(why));
	return -1;
}

/* What was looked at before in this story, by a hash of image and promise. */
struct seen {
	uint64_t *hashes;
	size_t count, cap;
};

static uint64_t mix(uint64_t hash, uint64_t with)
{
	struct chance c = {hash ^ with};

	return chance_next(&c);
}

/* Blocks never change, so their addresses say which they are. */
static uint64_t image_hash(const struct image *image)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < image->names.count; i++) {
		const struct name *n = &image->names.items[i];
		const struct image_node *node = &image->nodes[n->node];
		uint64_t h = mix((uint64_t)n->dir << 32 | (unsigned int)n->node, node->mode);

		for (const char *c = n->name; *c; c++)
			h = mix(h, (unsigned char)*c);
		h = mix(h, node->blob.size);
		for (size_t b = 0; b < node->blob.count; b++)
			h = mix(h, (uintptr_t)node->blob.blocks[b]);
		sum += h;
	}
	return sum;
}

static int was_seen(struct seen *seen, uint64_t hash)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->hashes[i] == hash)
			return 1;
	if (seen->count == seen->cap) {
		seen->cap = seen->cap ? 2 * seen->cap : 256;
		seen->hashes = realloc(seen->hashes, seen->cap * sizeof(*seen->hashes));
		if (!seen->hashes)
			exit(2);
	}
	seen->hashes[seen->count++] = hash;
	return 0;
}

struct cutting {
	struct power *power;
	const struct story *story;
	const struct told *told;
	const struct care *care;
	const struct disk *disk;
	struct seen seen;
	struct chance chance;
	size_t cut;
};

static int cut_as(struct cutting *g, enum choice_kind kind, uint64_t number)
{
	const struct choice c = {kind, number};
	struct arena arena = {0};
	struct image image;
	int rc = 0;

	if (power_is_over(g->power))
		return -1;
	disk_choose(g->disk, &c, &arena, &image);
	if (!was_seen(&g->seen, mix(image_hash(&image), promise_at(g->told, g->cut))))
		rc = try_image(g->power, g->story, g->told, g->cut, &c, &image);
	arena_free(&arena);
	return rc;
}

static int cut_items(struct cutting *g)
{
	const size_t items = disk_items(g->disk);
	const size_t begin = items > g->care->items ? chance_next(&g->chance) % items : 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < items && i < g->care->items; i++) {
		const uint64_t item = (begin + i) % items;

		rc = cut_as(g, CHOOSE_DROP, item);
		if (rc == 0)
			rc = cut_as(g, CHOOSE_KEEP, item);
	}
	return rc;
}

static int cut_here(struct cutting *g)
{
	static const enum choice_kind canonical[] = {
		CHOOSE_NOTHING, CHOOSE_ALL, CHOOSE_NAMES, CHOOSE_DATA};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(canonical) / sizeof(canonical[0]); i++)
		rc = cut_as(g, canonical[i], 0);
	if (rc == 0)
		rc = cut_items(g);
	for (unsigned int i = 0; rc == 0 && i < g->care->randoms; i++)
		rc = cut_as(g, CHOOSE_RANDOM, chance_next(&g->chance) >> 32);
	return rc;
}

/* Nothing can be lost by a cut that could not be lost before. */
static int is_quiet(const struct op *op)
{
	return op->kind == OP_NODE || op->kind == OP_SYNC_LOST;
}

int story_cuts(
	struct power *p, const struct story *s, const struct told *t, const struct care *care)
{
	struct arena arena = {0};
	struct disk disk;
	struct cutting g = {
		.power = p, .story = s, .told = t, .care = care, .disk = &disk, .cut = 0};
	int rc = 0;

	g.chance.state = p->seed + p->stories;
	disk_init(&disk, &arena, &t->from);
	while (rc == 0) {
		const struct op *before = g.cut ? &t->log.ops[g.cut - 1] : NULL;
		const int promised = before && before->kind == OP_PROMISE;

		if (g.cut >= t->first && (!before || !is_quiet(before)) &&
			(promised || chance_below(&g.chance, care->one_in) == 0))
			rc = cut_here(&g);
		if (g.cut == t->log.count)
			break;
		disk_apply(&disk, &t->log.ops[g.cut++]);
	}
	free(g.seen.hashes);
	arena_free(&arena);
	return rc;
}

int story_run(struct power *p, const struct story *s, const struct care *care)
{
	struct told told;
	int rc;

	if (story_tell(p, s, &told) < 0)
		return 0;
	if (told.run.why[0]) {
		case_name(s, told.log.count, &(struct choice){CHOOSE_ALL, 0}, p->failed);
		memcpy(p->why, told.run.why, sizeof(p->why));
		rc = -1;
	} else {
		rc = story_cuts(p, s, &told, care);
	}
	told_free(&told);
	return rc;
}

/* --- one case ------------------------------------------------------------------------------- */

static int parse_how(const char *how, struct story *s)
{
	char *end;

	for (int kind = 0; kind < STORY_KINDS; kind++)
		if (kinds[kind] == how[0])
			s->kind = (enum story_kind)kind;
	if (kinds[s->kind] != how[0])
		return 0;
	s->at = strtoul(how + 1, &end, 10);
	return s->kind != STORY_AGAIN ? !*end : *end == '.' && choice_parse(end + 1, &s->choice);
}

int story_case(struct power *p, const char *name, const struct base *bases, size_t count)
{
	char base[32], calls[CALLS_MAX + 1], how[80], text[CHOICE_TEXT];
	struct story s = {0};
	struct arena arena = {0};
	struct choice choice;
	struct image image;
	struct told told;
	size_t cut;
	int rc = -2;

	if (sscanf(name, "%31[^/]/%8[^/]/%79[^/]/%zu/%31s", base, calls, how, &cut, text) != 5 ||
		!parse_how(how, &s) || !choice_parse(text, &choice))
		return -2;
	for (size_t i = 0; i < count; i++)
		if (strcmp(bases[i].name, base) == 0)
			s.base = &bases[i];
	memcpy(s.calls, calls, sizeof(calls));
	if (!s.base || story_tell(p, &s, &told) < 0)
		return -2;
	if (told.run.why[0])
		memcpy(p->why, told.run.why, sizeof(p->why));
	if (cut <= told.log.count && !told.run.why[0]) {
		image_at(&told, cut, &choice, &arena, &image);
		rc = try_image(p, &s, &told, cut, &choice, &image);
	}
	if (told.run.why[0])
		rc = -1;
	arena_free(&arena);
	told_free(&told);
	return rc;
}
