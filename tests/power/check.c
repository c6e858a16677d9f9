/* SPDX-License-Identifier: ISC */
/*
 * The end of every case.
 */
#include "power/check.h"
#include "power/copies.h"
#include "power/files.h"
#include "power/numbers.h"
#include "power/root.h"
#include "tlog/checkpoint.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <toteborch/verify.h>

/* --- before anybody touches it -------------------------------------------------------------- */

/* Of a key that was rotated it is not known outside when which one signs. */
static int size_by_any_key(const char *bytes, size_t len, uint64_t *ret_size)
{
	struct tote_fault unused = {0};
	struct checkpoint c;
	struct note note;

	if (tote__checkpoint_read(bytes, len, &note, &c, &unused) < 0)
		return 0;
	*ret_size = c.size;
	return 1;
}

/* The size of the tree that a note on the image speaks of; 0 where there is none. */
static uint64_t size_of_note(struct run *r, const struct image *image, const char *path)
{
	struct tote_checkpoint c = {.size = sizeof(c)};
	struct tote_fault fault = {0};
	const int node = image_find(image, path);
	char note[8192];
	size_t len;

	if (!node)
		return 0;
	len = image_read(image, node, note, sizeof(note));
	if (tote_verify_checkpoint(note, len, r->truth.vkey, NULL, &c, &fault) < 0 &&
		!(r->truth.rotated && size_by_any_key(note, len, &c.tree_size)))
		run_wrong(r, "%s does not verify: %s", path, fault.text);
	return c.tree_size;
}

/*
 * FORMAT section 6: what was signed last is durable before a checkpoint is published, and a
 * checkpoint before it is handed out.
 */
static void check_notes(struct run *r, const struct image *image)
{
	const struct promise *p = &r->truth.now;
	const char *const last_path = r->truth.rooted ? "/" ROOT_NAME
							"/orchestrator/keys/contracts.last"
						      : "/keys/key.last";
	uint64_t published, last;
	char path[300];

	snprintf(path, sizeof(path), "/%s/ledger/log/checkpoint", run_place(r));
	published = size_of_note(r, image, path);
	last = size_of_note(r, image, last_path);
	if (last < published)
		run_wrong(r, "the checkpoint covers %" PRIu64 " entries, key.last only %" PRIu64,
			published, last);
	for (size_t i = 0; i < p->trees; i++)
		if (published < r->truth.trees[i].size)
			run_wrong(r,
				"a checkpoint of %" PRIu64 " entries was handed out, the one "
				"published covers %" PRIu64,
				r->truth.trees[i].size, published);
}

/* By an entry that is there, or by a call that has not returned. */
static int may_be_erased(const struct run *r, size_t place)
{
	const struct truth *t = &r->truth;

	for (size_t i = place; i < t->now.entries; i++)
		if (t->entries[i].ends == place + 1)
			return 1;
	for (size_t i = 0; i < t->asked_count; i++)
		if (t->asked[i].wish[0].kind == WISH_ERASED &&
			strcmp(t->asked[i].wish[0].text, t->entries[place].sealed->text) == 0)
			return 1;
	return 0;
}

/* A seal that returned, or that a recovery has settled, lies at its path without anybody's help. */
static void check_sealed(struct run *r, const struct image *image)
{
	for (size_t i = 0; i < r->truth.now.entries; i++) {
		const struct taken *k = &r->truth.entries[i];
		char path[TEXT_ROOM + 100], bytes[TEXT_ROOM];
		size_t len;
		int node;

		if (!k->sealed || may_be_erased(r, i))
			continue;
		snprintf(path, sizeof(path), "/%s/assets/%s", run_place(r), k->sealed->text);
		node = image_find(image, path);
		len = node ? image_read(image, node, bytes, sizeof(bytes)) : 0;
		if (len != strlen(k->sealed->bytes) || memcmp(bytes, k->sealed->bytes, len) != 0)
			run_wrong(r, "%s was sealed, and is not there or has other bytes",
				k->sealed->text);
	}
}

/* Who only reads must not see damage either. */
static void check_reading(struct run *r)
{
	struct tote_fault *fault = &r->fault;
	tote_box *box = run_open(r, TOTE_BOX_READ_ONLY);
	tote_cursor *cursor = NULL;

	if (!box) {
		run_wrong(r, "opening it to read: %s", fault->text);
		return;
	}
	if (tote_cursor_open(box, 0, 0, &cursor, fault) < 0)
		run_wrong(r, "reading before recovery: %s", fault->text);
	tote_cursor_unref(cursor);
	tote_box_unref(box);
}

/* --- recovery ------------------------------------------------------------------------------- */

static int must(struct run *r, char call)
{
	int rc;

	if (r->why[0])
		return -1;
	rc = run_call(r, call);
	if (rc != 0)
		run_wrong(r, "call %c: %s", call, rc < 0 ? r->fault.text : "refused in this state");
	return rc;
}

static void age_lock(const struct run *r, const char *place)
{
	struct stat st;
	char path[500];

	snprintf(path, sizeof(path), "%s/%s/ledger/lock", r->root, place);
	if (stat(path, &st) == 0)
		files_age_lock(path, (uint64_t)number_of_inode(st.st_ino));
}

static void recover_twice(struct run *r)
{
	uint64_t once;

	if (!r->truth.now.created && must(r, CALL_CREATE) != 0)
		return;
	if (run_is_damaged(r) && must(r, CALL_REPAIR) != 0)
		return;
	if (must(r, CALL_RECOVER) != 0)
		return;
	once = files_digest(r->root);
	run_drop(r);
	age_lock(r, run_place(r));
	if (r->truth.rooted)
		age_lock(r, ROOT_NAME "/orchestrator");
	if (must(r, CALL_RECOVER) != 0)
		return;
	if (files_digest(r->root) != once)
		run_wrong(r, "a second recovery changed something");
}

static int is_active(struct run *r)
{
	struct tote_box_info info = {.size = sizeof(info)};

	if (tote_box_info(r->box, &info, &r->fault) < 0) {
		run_wrong(r, "looking at it: %s", r->fault.text);
		return 1;
	}
	return info.state == TOTE_STATE_ACTIVE;
}

static void go_on(struct run *r)
{
	if (!r->why[0] && !is_active(r))
		must(r, CALL_MOVE);
	must(r, CALL_APPEND);
	must(r, CALL_FOLD);
}

void recover_and_go_on(struct run *r)
{
	if (!r->truth.now.created)
		must(r, CALL_CREATE);
	if (run_is_damaged(r))
		must(r, CALL_REPAIR);
	must(r, CALL_RECOVER);
	if (r->truth.rooted)
		must(r, CALL_WITNESS); /* of what it may have seen already */
	must(r, CALL_FOLD);            /* with nothing new, where the checkpoint was published */
	go_on(r);
}

/* --- names ---------------------------------------------------------------------------------- */

static int starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int ends(const char *text, const char *with)
{
	const size_t len = strlen(text), tail = strlen(with);

	return len >= tail && strcmp(text + len - tail, with) == 0;
}

/* After a fold and a recovery nothing temporary is left anywhere, and nothing foreign. */
static int check_name(void *user, const char *path, int is_dir, uint32_t mode)
{
	static const char *const own[] = {"box", "box/app-console-input", "box/assets",
		"box/ledger", "box/ledger/damaged", "box/ledger/journal", "box/ledger/lock",
		"box/ledger/log", "box/ledger/log/checkpoint", "box/ledger/log/tile", "keys",
		"keys/key", "keys/key.last", "keys/key.next"};
	static const char *const below[] = {"box/assets/", "box/ledger/journal/",
		"box/ledger/log/tile/", "copy", "box/ledger/damaged/"};
	struct run *r = user;

	if (strstr(path, "/.tote-new-") && ends(path, ".next"))
		return 0; /* of a rotation that came to nothing: the next one writes over it */
	if (strstr(path, "/.tote-")) {
		run_wrong(r, "%s was left behind", path);
		return 1;
	}
	if (r->truth.rooted) /* the audit that has just looked tells of all others */
		return 0;
	if (starts(path, below[2]) && !is_dir && mode != 0444)
		run_wrong(r, "%s has mode %o", path, mode);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(path, own[i]) == 0)
			return 0;
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		if (starts(path, below[i]))
			return 0;
	run_wrong(r, "there is a foreign name, %s", path);
	return 1;
}

static void ask_reader(struct run *r, const char *reader)
{
	char command[1024];

	snprintf(command, sizeof(command), "%s '%s/%s' --vkey '%s' >'%s/said' 2>&1", reader,
		r->root, run_place(r), r->truth.vkey, r->root);
	if (system(command) != 0) {
		char path[300];
		size_t len;
		uint8_t *said;

		snprintf(path, sizeof(path), "%s/said", r->root);
		said = files_read(path, &len);
		run_wrong(r, "the independent reader says: %.400s", said ? (char *)said : "");
		free(said);
	}
}

int check_image(const char *root, const struct image *image, const struct truth *truth,
	size_t promise, const char *reader, char why[WHY_ROOM])
{
	struct run r;

	run_begin(&r, root, image, truth, promise);
	if (r.truth.rooted)
		root_check_image(&r, image);
	if (r.truth.now.created) {
		check_notes(&r, image);
		check_sealed(&r, image);
		if (!run_is_damaged(&r))
			check_reading(&r);
		copies_check_image(&r, image);
	}
	if (r.truth.rooted && r.truth.now.created && image->names.count % 2)
		must(&r, CALL_AUDIT); /* an auditor may be the first who comes */
	recover_twice(&r);
	go_on(&r);
	if (r.truth.rooted)
		must(&r, CALL_AUDIT);
	if (r.truth.copies_asked && must(&r, CALL_COPY) == 0)
		copies_check(&r);
	if (!r.why[0])
		run_compare(&r);
	if (!r.why[0] && r.truth.rooted)
		root_compare(&r);
	if (!r.why[0])
		files_walk(r.root, check_name, &r);
	run_drop(&r);
	if (!r.why[0] && reader)
		ask_reader(&r, reader);
	memcpy(why, r.why, WHY_ROOM);
	run_end(&r);
	return why[0] ? -1 : 0;
}
