/* SPDX-License-Identifier: ISC */
/*
 * A scene: its bases, one run of a scenario, and the questions asked afterwards.
 */
#include "stress/scene.h"
#include "store/posix_ctx.h"
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_WAIT_US 20000

static char house[PATH_ROOM];        /* of everything */
static char bases[BASES][PATH_ROOM]; /* below it */

void scene_wrong(struct scene *s, const char *fmt, ...)
{
	va_list args;

	if (s->why[0])
		return;
	va_start(args, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, args);
	va_end(args);
}

int scene_must(struct scene *s, int rc, const char *what)
{
	if (rc < 0)
		scene_wrong(s, "%s: %s: %s", what, tote_error_name(rc), s->fault.text);
	return rc;
}

tote_ctx *scene_ctx(struct scene *s, int with_faults)
{
	struct tote_allocator allocator = inject_allocator();
	struct tote_ctx_options options;
	struct tote_fault fault;
	tote_ctx *ctx = NULL;

	tote_ctx_options_init(&options, sizeof(options), &fault);
	options.allocator = &allocator;
	options.lock_wait_us = LOCK_WAIT_US;
	if (tote_ctx_new(&options, &ctx, &fault) < 0 ||
		(with_faults && tote__posix_kernel_set(ctx, inject_kernel(), &fault) < 0)) {
		scene_wrong(s, "context: %s", fault.text);
		return tote_ctx_unref(ctx);
	}
	return ctx;
}

const char *scene_base(enum base base)
{
	return bases[base];
}

/* --- what lies there ------------------------------------------------------------------------ */

int scene_open(struct scene *s, uint32_t flags)
{
	return tote_orchestrator_open(s->ctx, s->root, flags, &s->o, &s->fault);
}

int scene_append(struct scene *s, tote_box *box, const char *text)
{
	struct tote_record record = {
		.kind = "record", .payload = text, .payload_length = strlen(text)};

	return tote_box_append(box, &record, TOTE_SEQ_ANY, 0, NULL, &s->fault);
}

/* Entries of a container, or of "orchestrator", that are of a kind, or have a payload. */
static uint64_t count_entries(struct scene *s, const char *id, const char *kind, const char *text)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor = NULL;
	tote_box *box = NULL;
	uint64_t count = 0;
	int rc;

	if (strcmp(id, "orchestrator") == 0)
		rc = tote_orchestrator_record(s->o, &box, &s->fault);
	else
		rc = tote_box_open(s->o, id, NULL, &box, &s->fault);
	if (rc == 0)
		rc = tote_cursor_open(box, 0, 0, &cursor, &s->fault);
	while (rc == 0 && (rc = tote_cursor_next(cursor, &e, &s->fault)) == 1) {
		rc = 0;
		count += kind ? strcmp(e.kind, kind) == 0
			      : e.payload_length == strlen(text) &&
					 memcmp(e.payload, text, e.payload_length) == 0;
	}
	scene_must(s, rc, "counting entries");
	tote_cursor_unref(cursor);
	tote_box_unref(box);
	return count;
}

uint64_t scene_payloads(struct scene *s, const char *id, const char *text)
{
	return count_entries(s, id, NULL, text);
}

uint64_t scene_kinds(struct scene *s, const char *id, const char *kind)
{
	return count_entries(s, id, kind, NULL);
}

int scene_audit(tote_orchestrator *o, const char *const *ids, size_t count, uint32_t level,
	char *ret_finding, size_t cap, struct tote_fault *fault)
{
	struct tote_finding f = {.size = sizeof(f)};
	struct tote_audit_options options;
	tote_audit *audit = NULL;
	uint32_t worst = 0;
	int rc;

	ret_finding[0] = '\0';
	tote_audit_options_init(&options, sizeof(options), fault);
	options.level = level;
	options.ids = ids;
	options.id_count = count;
	rc = tote_audit_start(o, &options, &audit, fault);
	while (rc == 0 && (rc = tote_audit_step(audit, 0, 0, fault)) == 1)
		rc = 0;
	while (rc == 0 && (rc = tote_audit_next_finding(audit, &f, fault)) == 1) {
		if (!(f.flags & TOTE_FINDING_INFORMATION) && !ret_finding[0])
			snprintf(ret_finding, cap, "TOTE-%04d %s %s %.*s: %s, found %s", f.code,
				f.container, tote_finding_name(f.code), (int)f.path_length, f.path,
				f.text, f.found);
		rc = 0;
	}
	if (rc == 0)
		rc = tote_audit_worst(audit, &worst, fault);
	if (rc < 0) {
		tote_audit_unref(audit);
		return rc;
	}
	rc = tote_audit_close(audit, fault);
	return rc < 0 ? rc : (int)worst;
}

/* --- what must hold ------------------------------------------------------------------------- */

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (!dir)
		give_up("open", "/proc/self/fd");
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* A fault says what failed, on which object and why, in one line. */
static void check_fault(struct scene *s)
{
	const char *text = s->said.text;

	if (s->rc >= 0 && (s->said.code || text[0]))
		scene_wrong(s, "returned %d with a fault: %s", s->rc, text);
	if (s->rc < 0 && s->said.code != s->rc)
		scene_wrong(s, "returned %s, the fault says %s", tote_error_name(s->rc),
			tote_error_name(s->said.code));
	if (s->rc < 0 && (strlen(text) < 8 || strchr(text, '\n')))
		scene_wrong(s, "the fault's text is no line: '%s'", text);
	if (s->rc < 0 && s->rc != TOTE_E_NO_MEMORY && !strchr(text, '/') && !strchr(text, ':') &&
		!strstr(text, "short") && !strstr(text, "seq "))
		scene_wrong(s, "the fault names no object: '%s'", text);
}

/* What was acknowledged happened, and what was said not to have happened did not. */
static void check_effect(struct scene *s, const struct scenario *scenario)
{
	const uint64_t count = scenario->count(s) - s->before;
	const int done = s->rc >= 0 || s->said.effect == TOTE_EFFECT_DONE;

	if (s->why[0])
		return;
	if (done && count != scenario->full)
		scene_wrong(s, "acknowledged, but %llu of %llu are there",
			(unsigned long long)count, (unsigned long long)scenario->full);
	if (!done && count != 0 && count != scenario->full && !scenario->resumes)
		scene_wrong(s, "failed, and %llu of %llu are there: neither all nor none",
			(unsigned long long)count, (unsigned long long)scenario->full);
	if (!done && s->said.effect == TOTE_EFFECT_NONE && count != 0 && !scenario->resumes)
		scene_wrong(s, "said that nothing was changed, but %llu are there; it said: %s",
			(unsigned long long)count, s->said.text);
}

/* The handles that saw the failure go on. */
static void goes_on(struct scene *s)
{
	struct tote_box_info info = {.size = sizeof(info)};
	int rc;

	if (!s->box || scene_must(s, tote_box_recover(s->box, &s->fault), "recover") < 0)
		return;
	if (scene_must(s, tote_box_info(s->box, &info, &s->fault), "info") < 0)
		return;
	if (info.flags & TOTE_INFO_READ_ONLY)
		return;
	rc = scene_append(s, s->box, "after it");
	if (rc != TOTE_E_STATE || info.state == TOTE_STATE_ACTIVE)
		scene_must(s, rc, "the next append on the same handle");
}

static void let_go(struct scene *s)
{
	struct tote_fault fault;

	if (s->box)
		scene_must(s, tote_box_close(s->box, &s->fault), "closing the box");
	if (s->o && tote_orchestrator_close(s->o, &fault) < 0)
		scene_wrong(s, "closing the root: %s", fault.text);
	s->box = NULL;
	s->o = NULL;
	s->ctx = tote_ctx_unref(s->ctx);
}

/* A fresh handle sees a whole root, and the next one who comes can write. */
static void afterwards(struct scene *s, const struct scenario *scenario)
{
	char finding[512];
	tote_box *box = NULL;
	int worst, rc;

	s->ctx = scene_ctx(s, 0);
	if (!s->ctx)
		return;
	rc = scenario->base == BASE_NOTHING
		     ? tote_orchestrator_init(s->ctx, s->root, SCENE_ORIGIN, NULL, 0, &s->fault)
		     : 0;
	if (rc != TOTE_E_EXISTS && scene_must(s, rc, "making the root again") < 0)
		return;
	if (scene_must(s, scene_open(s, 0), "opening the root afterwards") < 0)
		return;
	if (scenario->base == BASE_NOTHING)
		scene_must(s, tote_orchestrator_provision(s->o, "short", NULL, NULL, &s->fault),
			"provision afterwards");
	if (scenario->again && (s->rc < 0 || !scenario->count))
		scene_must(s, scenario->again(s), "the same once more");
	worst = scene_audit(s->o, NULL, 0, TOTE_LEVEL_FULL, finding, sizeof(finding), &s->fault);
	if (scene_must(s, worst, "the audit afterwards") >= 0 && worst != TOTE_VERDICT_OK)
		scene_wrong(s, "the audit afterwards: verdict %d: %s", worst, finding);
	if (scenario->count && !s->why[0])
		check_effect(s, scenario);
	if (scene_must(s, tote_box_open(s->o, "short", NULL, &box, &s->fault),
		    "opening the box afterwards") == 0) {
		rc = scene_append(s, box, "much later");
		if (rc != TOTE_E_STATE)
			scene_must(s, rc, "the append afterwards");
		tote_box_unref(box);
	}
}

/* --- one run -------------------------------------------------------------------------------- */

static int before(struct scene *s, const struct scenario *scenario)
{
	s->ctx = scene_ctx(s, 1);
	if (!s->ctx)
		return -1;
	if (scenario->with_root && scene_must(s, scene_open(s, 0), "opening the root") < 0)
		return -1;
	if (scenario->box) {
		if (scene_must(s, tote_box_open(s->o, scenario->box, NULL, &s->box, &s->fault),
			    "opening the box") < 0)
			return -1;
		/* the copy's line is void: the takeover is somebody else's scenario */
		if (scene_must(s, scene_append(s, s->box, "before it"), "append") < 0)
			return -1;
	}
	if (scenario->prepare)
		scenario->prepare(s);
	if (scenario->count && !scenario->again && scenario->with_root)
		s->before = scenario->count(s);
	return s->why[0] ? -1 : 0;
}

int scene_run(
	struct scene *s, const struct scenario *scenario, enum inject_mode mode, int err, long at)
{
	const int descriptors = open_descriptors();
	const long live = inject_live();
	int fired = 0;

	memset(s, 0, sizeof(*s));
	path_in(s->top, "%s/run", house);
	path_in(s->root, "%s/run/root", house);
	tree_copy(bases[scenario->base], s->top);
	if (before(s, scenario) == 0) {
		memset(&s->fault, 0x5a, sizeof(s->fault));
		inject_arm(mode, err, at);
		s->rc = scenario->act(s);
		inject_disarm();
		s->said = s->fault;
		fired = inject_fired();
		check_fault(s);
		if (s->rc < 0 && !fired)
			scene_wrong(s, "failed without a failure: %s", s->said.text);
		if (!s->why[0]) {
			goes_on(s);
			let_go(s);
		}
		if (!s->why[0])
			afterwards(s, scenario);
	}
	inject_disarm();
	s->box = tote_box_unref(s->box);
	s->o = tote_orchestrator_unref(s->o);
	s->ctx = tote_ctx_unref(s->ctx);
	if (inject_live() != live)
		scene_wrong(s, "%ld blocks of memory were not given back", inject_live() - live);
	if (open_descriptors() != descriptors)
		scene_wrong(s, "%d descriptors were not closed", open_descriptors() - descriptors);
	tree_remove(s->top);
	return fired;
}

/* --- the bases ------------------------------------------------------------------------------ */

static void need(struct scene *s, int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "stress: base: %s: %s\n", what, s->fault.text);
	exit(2);
}

static int seal_text(struct scene *s, tote_box *box, const char *path, const char *text)
{
	struct tote_source source = {.path = path,
		.data = text,
		.length = strlen(text),
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};

	return tote_box_seal(box, &source, 1, "base@host", 0, NULL, &s->fault);
}

static void fill_box(struct scene *s, const char *id, uint32_t entries)
{
	static char note[TOTE_NOTE_MAX];
	tote_box *box = NULL;
	size_t len;

	need(s, tote_orchestrator_provision(s->o, id, NULL, NULL, &s->fault), id);
	need(s, tote_box_open(s->o, id, NULL, &box, &s->fault), id);
	for (uint32_t i = 0; i < entries; i++)
		need(s, scene_append(s, box, "base"), "append");
	need(s, seal_text(s, box, "lease/2026.txt", "a lease"), "seal");
	need(s, seal_text(s, box, "plan", "a plan"), "seal");
	need(s, tote_box_checkpoint(box, 0, note, sizeof(note), &len, &s->fault), "fold");
	need(s, tote_box_close(box, &s->fault), "close");
}

/* A flag to be acknowledged: a foreign file that was found and is gone again. */
static void raise_flag(struct scene *s)
{
	static const char *const ids[] = {"short"};
	char path[PATH_ROOM], finding[512];

	path_in(path, "%s/containers/short/assets/foreign", s->root);
	tree_write(path, "x", 1);
	need(s, scene_audit(s->o, ids, 1, TOTE_LEVEL_FULL, finding, sizeof(finding), &s->fault),
		"audit");
	unlink(path);
	need(s, scene_audit(s->o, NULL, 0, TOTE_LEVEL_FULL, finding, sizeof(finding), &s->fault),
		"audit");
}

/* A whole container of another root, to be registered. */
static void make_outside(struct scene *s)
{
	char root[PATH_ROOM], from[PATH_ROOM], to[PATH_ROOM];
	tote_orchestrator *mine = s->o;

	path_in(root, "%s/other", s->top);
	need(s, tote_orchestrator_init(s->ctx, root, "other.example.com", NULL, 0, &s->fault),
		"init");
	need(s, tote_orchestrator_open(s->ctx, root, 0, &s->o, &s->fault), "open");
	fill_box(s, "outside", 3);
	need(s, tote_orchestrator_close(s->o, &s->fault), "close");
	s->o = mine;
	tree_copy(path_in(from, "%s/containers/outside", root), path_in(to, "%s/outside", s->top));
	tree_copy(path_in(from, "%s/orchestrator/keys/outside", root),
		path_in(to, "%s/outside.key", s->top));
	tree_remove(root);
}

static void make_sources(const char *top)
{
	char path[PATH_ROOM];

	mkdir(path_in(path, "%s/sources", top), 0755);
	mkdir(path_in(path, "%s/sources/below", top), 0755);
	tree_write(path_in(path, "%s/sources/one", top), "one", 3);
	tree_write(path_in(path, "%s/sources/below/two", top), "two two", 7);
}

static void make_root(struct scene *s)
{
	need(s, tote_orchestrator_init(s->ctx, s->root, SCENE_ORIGIN, NULL, 0, &s->fault), "init");
	need(s, scene_open(s, 0), "open");
	fill_box(s, "short", 5);
	fill_box(s, "long", SCENE_LONG);
	fill_box(s, "shut", 2);
	need(s,
		tote_orchestrator_set_state(
			s->o, "shut", TOTE_STATE_ARCHIVED, "base@host", "it is over", 0, &s->fault),
		"archive");
	make_outside(s);
	raise_flag(s);
	need(s, tote_orchestrator_close(s->o, &s->fault), "close");
}

/* The writer dies when the sealed file, whose entry is durable, is to be renamed to its path. */
static void interrupt(struct scene *s)
{
	tote_box *box = NULL;

	tote_ctx_unref(s->ctx);
	s->ctx = scene_ctx(s, 1);
	need(s, scene_open(s, 0), "open");
	need(s, tote_box_open(s->o, "short", NULL, &box, &s->fault), "open");
	need(s, scene_append(s, box, "before it"), "append");
	inject_arm_at("renameat2", 5);
	if (seal_text(s, box, "a/late", "this file has an entry and not yet its path") >= 0)
		give_up("interrupt", s->root);
	tote_box_unref(box);
	tote_orchestrator_unref(s->o);
	inject_disarm();
}

void scenes_begin(void)
{
	static const char *const names[BASES] = {"nothing", "root", "interrupted"};
	struct scene s = {0};

	tree_scratch(house, "tote-faults");
	for (int i = 0; i < BASES; i++)
		path_in(bases[i], "%s/%s", house, names[i]);
	if (mkdir(bases[BASE_NOTHING], 0755) != 0)
		give_up("make", bases[BASE_NOTHING]);
	make_sources(bases[BASE_NOTHING]);
	tree_copy(bases[BASE_NOTHING], bases[BASE_ROOT]);
	s.ctx = scene_ctx(&s, 0);
	path_in(s.top, "%s", bases[BASE_ROOT]);
	path_in(s.root, "%s/root", s.top);
	make_root(&s);
	tree_copy(bases[BASE_ROOT], bases[BASE_INTERRUPTED]);
	path_in(s.top, "%s", bases[BASE_INTERRUPTED]);
	path_in(s.root, "%s/root", s.top);
	interrupt(&s);
	tote_ctx_unref(s.ctx);
}

void scenes_end(void)
{
	tree_remove(house);
}
