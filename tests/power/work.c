/* SPDX-License-Identifier: ISC */
/*
 * Calls on a container whose system calls are recorded.
 */
#include "power/work.h"
#include "power/copies.h"
#include "power/entries.h"
#include "power/files.h"
#include "power/root.h"
#include "store/layout.h"
#include "store/posix_ctx.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <toteborch/verify.h>
#include <unistd.h>

#define ID     "contracts"
#define ORIGIN "archive.example.com/acme/contracts"

static struct {
	tote_ctx *ctx;
	char vkey[320];
	struct arena arena;
	struct image nothing, none;
} work;

/* --- once ----------------------------------------------------------------------------------- */

static _Noreturn void give_up(const char *what, const struct tote_fault *fault)
{
	fprintf(stderr, "power: %s: %s\n", what, fault->text);
	exit(2);
}

static void add_node(int is_dir, uint32_t mode, int dir, const char *name)
{
	struct image *i = &work.nothing;
	struct name *n = &i->names.items[i->names.count];

	if (dir) {
		n->dir = dir;
		n->node = (int)i->count;
		snprintf(n->name, sizeof(n->name), "%s", name);
		i->names.count++;
	}
	i->nodes[i->count].is_dir = is_dir;
	i->nodes[i->count++].mode = mode;
}

static void make_void(void)
{
	struct image *i = &work.none;

	i->nodes = arena_new(&work.arena, 2 * sizeof(*i->nodes));
	i->count = ROOT_NODE + 1;
	i->nodes[ROOT_NODE].is_dir = 1;
	i->nodes[ROOT_NODE].mode = 0755;
}

static void make_nothing(const char *key)
{
	struct image *i = &work.nothing;
	size_t len = 0;
	uint8_t *bytes = files_read(key, &len), *block = arena_new(&work.arena, BLOCK);
	struct blob *b;

	memcpy(block, bytes, len);
	i->nodes = arena_new(&work.arena, 4 * sizeof(*i->nodes));
	i->names.items = arena_new(&work.arena, 4 * sizeof(*i->names.items));
	i->count = ROOT_NODE;
	add_node(1, 0755, 0, "");
	add_node(1, 0700, ROOT_NODE, "keys");
	add_node(0, 0600, ROOT_NODE + 1, "key");
	b = &i->nodes[i->count - 1].blob;
	b->blocks = arena_new(&work.arena, sizeof(*b->blocks));
	b->blocks[0] = block;
	b->count = b->cap = 1;
	b->size = len;
	free(bytes);
}

void work_begin(const char *scratch)
{
	struct tote_fault fault = {0};
	char key[PLACE_ROOM];

	snprintf(key, sizeof(key), "%s/key", scratch);
	if (tote_key_generate(key, ORIGIN, work.vkey, sizeof(work.vkey), &fault) < 0)
		give_up("key", &fault);
	make_nothing(key);
	make_void();
	unlink(key);
	if (tote_ctx_new(NULL, &work.ctx, &fault) < 0 ||
		tote__posix_kernel_set(work.ctx, recorder_kernel(), &fault) < 0)
		give_up("context", &fault);
}

void work_end(void)
{
	tote_ctx_unref(work.ctx);
	arena_free(&work.arena);
}

const struct image *work_nothing(void)
{
	return &work.nothing;
}

const struct image *work_void(void)
{
	return &work.none;
}

tote_ctx *work_ctx(void)
{
	return work.ctx;
}

/* --- a run ---------------------------------------------------------------------------------- */

void run_wrong(struct run *r, const char *fmt, ...)
{
	va_list args;

	if (r->why[0])
		return;
	va_start(args, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, args);
	va_end(args);
}

static void *copied(struct arena *a, const void *from, size_t count, size_t more, size_t size)
{
	void *to = arena_new(a, (count + more) * size);

	if (count)
		memcpy(to, from, count * size);
	return to;
}

#define CALLS_MORE   16  /* calls of one run at most, three entries each */
#define RECORDS_MORE 256 /* and entries of the consolidated record */

void run_begin(struct run *r, const char *root, const struct image *image,
	const struct truth *truth, size_t promise)
{
	struct truth *t = &r->truth;

	memset(r, 0, sizeof(*r));
	snprintf(r->root, sizeof(r->root), "%s", root);
	t->now = promise < truth->promise_count ? truth->promises[promise] : truth->now;
	t->number = truth->number + 100;
	t->entry_cap = t->now.entries + 3 * CALLS_MORE;
	t->entries = copied(
		&r->arena, truth->entries, t->now.entries, 3 * CALLS_MORE, sizeof(*t->entries));
	t->tree_cap = t->now.trees + CALLS_MORE;
	t->trees = copied(&r->arena, truth->trees, t->now.trees, CALLS_MORE, sizeof(*t->trees));
	t->asked_count = truth->asked_count - t->now.answered;
	t->asked_cap = t->asked_count + CALLS_MORE;
	t->asked = copied(&r->arena, truth->asked + t->now.answered, t->asked_count, CALLS_MORE,
		sizeof(*t->asked));
	t->now.answered = 0;
	t->rooted = truth->rooted;
	t->rotated = truth->rotated;
	t->damaged = truth->damaged;
	t->copies_asked = truth->copies_asked;
	/* a container that was not promised yet may be made anew, with another key */
	if (!truth->rooted || t->now.made)
		snprintf(t->vkey, sizeof(t->vkey), "%s", truth->rooted ? truth->vkey : work.vkey);
	t->record_cap = t->now.records + RECORDS_MORE;
	t->records = copied(
		&r->arena, truth->records, t->now.records, RECORDS_MORE, sizeof(*t->records));
	t->promise_cap = 1 + CALLS_MORE;
	t->promises = arena_new(&r->arena, t->promise_cap * sizeof(*t->promises));
	t->promises[t->promise_count++] = t->now;
	recorder_begin(root, image, &r->arena);
}

void run_drop(struct run *r)
{
	r->box = tote_box_unref(r->box);
	r->o = tote_orchestrator_unref(r->o);
}

void run_end(struct run *r)
{
	run_drop(r);
	arena_free(&r->arena);
	files_empty(r->root);
}

const char *run_place(const struct run *r)
{
	return r->truth.rooted ? ROOT_PLACE : "box";
}

static const char *path_in(const struct run *r, char out[PLACE_ROOM], const char *name)
{
	snprintf(out, PLACE_ROOM, "%s/%s", r->root, name);
	return out;
}

tote_box *run_open(struct run *r, uint32_t flags)
{
	struct tote_box_options options;
	char location[PLACE_ROOM], key[PLACE_ROOM];
	tote_box *box = NULL;

	if (r->truth.rooted)
		return root_box(r, flags);
	tote_box_options_init(&options, sizeof(options), &r->fault);
	options.flags = flags;
	if (!(flags & TOTE_BOX_READ_ONLY))
		options.key_file = path_in(r, key, "keys/key");
	if (tote_box_open_alone(work.ctx, path_in(r, location, "box"), &options, &box, &r->fault) <
		0)
		return NULL;
	return box;
}

/* --- calls ---------------------------------------------------------------------------------- */

static struct demand *ask(struct run *r)
{
	struct truth *t = &r->truth;

	if (t->asked_count == t->asked_cap) {
		fprintf(stderr, "power: too many calls in a run\n");
		exit(2);
	}
	memset(&t->asked[t->asked_count], 0, sizeof(*t->asked));
	return &t->asked[t->asked_count++];
}

static struct wish *wish(
	struct demand *a, enum wish_kind kind, const char *format, unsigned int number)
{
	struct wish *w = &a->wish[a->count++];

	w->kind = kind;
	switch (kind) {
	case WISH_RECORD:
	case WISH_SEAL:
		snprintf(w->text, sizeof(w->text), "%s%u", format, number);
		break;
	default:
		snprintf(w->text, sizeof(w->text), "%s", format);
	}
	if (kind == WISH_SEAL)
		snprintf(w->bytes, sizeof(w->bytes), "these are the bytes of file %u", number);
	return w;
}

static int create(struct run *r)
{
	const struct field fields[] = {tote__field_text("id", ID),
		tote__field_text("origin", ORIGIN), tote__field_text("vkey", work.vkey),
		tote__field_text("backend", "posix")};
	const struct draft created = {.kind = "container.created",
		.actor = "alice@counsel",
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0])};
	char location[PLACE_ROOM], key[PLACE_ROOM];
	struct box_config config = {.ctx = work.ctx,
		.location = path_in(r, location, "box"),
		.id = ID,
		.origin = ORIGIN,
		.type = LEDGER_CONTAINER,
		.layout = LAYOUT_CONTAINER,
		.key_path = path_in(r, key, "keys/key")};
	uint32_t was;

	if (!r->truth.now.created)
		wish(ask(r), WISH_CREATED, "", 0);
	run_drop(r);
	if (r->truth.rooted)
		return root_create(r);
	return tote__box_create(&config, &created, &r->box, &was, &r->fault);
}

static int append(struct run *r, size_t count)
{
	struct tote_record records[3] = {{0}};
	struct demand *a = ask(r);

	for (size_t i = 0; i < count; i++) {
		struct wish *w = wish(a, WISH_RECORD, "this is record ", ++r->truth.number);

		records[i].kind = "record";
		records[i].actor = "alice@counsel";
		records[i].payload = w->text;
		records[i].payload_length = strlen(w->text);
	}
	return tote_box_append_many(r->box, records, count, TOTE_SEQ_ANY, 0, NULL, &r->fault);
}

static int seal(struct run *r, size_t count)
{
	static const char *const names[2][2] = {{"matters/letter-", ""}, {"scan-", "years/of/"}};
	struct tote_source sources[2] = {{0}};
	struct demand *a = ask(r);

	for (size_t i = 0; i < count; i++) {
		struct wish *w = wish(a, WISH_SEAL, names[count - 1][i], ++r->truth.number);

		sources[i].path = w->text;
		sources[i].data = w->bytes;
		sources[i].length = strlen(w->bytes);
		sources[i].flags = TOTE_SOURCE_DATA;
		sources[i].supersedes = TOTE_SEQ_ANY;
	}
	return tote_box_seal(r->box, sources, count, "alice@counsel", 0, NULL, &r->fault);
}

/* The key that signs now lies where the ledger's owner has it. */
static int key_now(struct run *r, char vkey[320], struct tote_fault *fault)
{
	char path[PLACE_ROOM];

	return tote_key_public(
		path_in(r, path, r->truth.rooted ? ROOT_KEY : "keys/key"), vkey, 320, fault);
}

static void tree_signed(struct run *r, const void *note, size_t len)
{
	struct tote_checkpoint c = {.size = sizeof(c)};
	struct tote_fault fault = {0};
	struct truth *t = &r->truth;
	char vkey[320];

	if (key_now(r, vkey, &fault) < 0 ||
		tote_verify_checkpoint(note, len, vkey, NULL, &c, &fault) < 0) {
		run_wrong(r, "a checkpoint that was handed out does not verify: %s", fault.text);
		return;
	}
	if (t->now.trees == t->tree_cap)
		return;
	t->trees[t->now.trees].size = c.tree_size;
	memcpy(t->trees[t->now.trees++].root, c.root, 32);
}

static int fold(struct run *r)
{
	char note[4096];
	size_t len = 0;
	int rc = tote_box_checkpoint(r->box, 0, note, sizeof(note), &len, &r->fault);

	if (rc == 0 && !recorder_is_gone())
		tree_signed(r, note, len);
	return rc;
}

static int move(struct run *r)
{
	struct tote_box_info info = {.size = sizeof(info)};
	uint32_t to, from;
	uint64_t seq;
	int rc = tote_box_info(r->box, &info, &r->fault);

	if (rc < 0)
		return rc;
	to = info.state == TOTE_STATE_ACTIVE ? TOTE_STATE_SUSPENDED : TOTE_STATE_ACTIVE;
	wish(ask(r), WISH_MOVE, tote_state_name(to), 0);
	if (r->truth.rooted)
		return root_move(r, to);
	return tote__box_move(r->box, to, "bob@counsel", "of the harness", &from, &seq, &r->fault);
}

size_t run_newest_asset(const struct run *r)
{
	const struct truth *t = &r->truth;

	for (size_t i = t->now.entries; i-- > 0;) {
		size_t ended = 0;

		for (size_t j = i; j < t->now.entries; j++)
			ended |= t->entries[j].ends == i + 1;
		if (t->entries[i].sealed && !ended)
			return i;
	}
	return 0;
}

static int erase(struct run *r)
{
	const size_t at = run_newest_asset(r);
	const char *path = at ? r->truth.entries[at].sealed->text : NULL;

	if (!path) { /* there is none: as if the state refused it */
		ask(r);
		return TOTE_E_STATE;
	}
	wish(ask(r), WISH_ERASED, path, 0);
	return tote_box_erase(r->box, path, "the court", path, "carol@counsel", 0, NULL, &r->fault);
}

static int rotate(struct run *r)
{
	wish(ask(r), WISH_ROTATED, "", 0);
	r->truth.rotated = 1;
	return tote_box_rotate(r->box, "carol@counsel", "of the harness", 0, NULL, &r->fault);
}

int run_is_damaged(const struct run *r)
{
	return r->truth.damaged && !r->truth.now.repaired;
}

/* A reader takes the new entry only below a checkpoint, which the repair itself may not have made. */
static int repair(struct run *r)
{
	int rc;

	wish(ask(r), WISH_REPAIRED, "", 0);
	run_drop(r);
	r->box = run_open(r, TOTE_BOX_REPAIR);
	if (!r->box)
		return r->fault.code;
	rc = tote_box_repair(r->box, "carol@counsel", "of the harness", 0, NULL, &r->fault);
	return rc == 0 ? fold(r) : rc;
}

static int perform(struct run *r, char call)
{
	if (call == CALL_REPAIR)
		return repair(r);
	if (call == CALL_CREATE)
		return create(r);
	if (call == CALL_INIT)
		return root_init(r);
	if (!r->box)
		r->box = run_open(r, 0);
	if (!r->box)
		return r->fault.code;
	switch (call) {
	case CALL_APPEND:
		return append(r, 1);
	case CALL_BATCH:
		return append(r, 3);
	case CALL_SEAL:
		return seal(r, 1);
	case CALL_SEALS:
		return seal(r, 2);
	case CALL_FOLD:
		return fold(r);
	case CALL_MOVE:
		return move(r);
	case CALL_ERASE:
		return erase(r);
	case CALL_ROTATE:
		return rotate(r);
	case CALL_COPY:
		return copies_make(r);
	case CALL_AUDIT:
		return root_audit(r);
	case CALL_WITNESS:
		return root_witness(r);
	default:
		return r->truth.rooted ? root_recover(r) : tote_box_recover(r->box, &r->fault);
	}
}

static void promise(struct run *r, char call)
{
	struct truth *t = &r->truth;
	char path[PLACE_ROOM], name[64];
	size_t len;

	if (t->rooted)
		root_take(r);
	if (call != CALL_INIT)
		entries_take(r);
	if (call == CALL_CREATE) {
		uint8_t *note;

		snprintf(name, sizeof(name), "%s/ledger/log/checkpoint", run_place(r));
		note = files_read(path_in(r, path, name), &len);

		if (note)
			tree_signed(r, note, len);
		else
			run_wrong(r, "the container was created without a checkpoint");
		free(note);
		t->now.created = 1;
	}
	t->now.repaired |= call == CALL_REPAIR;
	t->now.answered = t->asked_count;
	if (t->promise_count == t->promise_cap)
		return;
	t->promises[t->promise_count] = t->now;
	recorder_promise(t->promise_count++);
}

/* Whether the call asks for an entry of the container's. */
static int is_asking(char call)
{
	return call != CALL_AUDIT && call != CALL_WITNESS && call != CALL_COPY;
}

int run_call(struct run *r, char call)
{
	int rc;

	memset(&r->fault, 0, sizeof(r->fault));
	rc = perform(r, call);
	if (rc == TOTE_E_STATE && is_asking(call)) {
		r->truth.asked_count--; /* refused before the first byte */
		return 1;
	}
	if (recorder_is_gone())
		return rc < 0 ? rc : TOTE_E_IO;
	if (rc == 0)
		promise(r, call);
	return rc;
}

void run_compare(struct run *r)
{
	entries_compare(r);
}
