/* SPDX-License-Identifier: ISC */
/*
 * Adding sources to a sealing: all of them are looked at when they are added, so that everything
 * that stands against sealing them is known before the first byte is written.
 */
#include "box/plan.h"
#include "box/sealing.h"
#include <string.h>

static const struct heap *heap_of(const tote_sealing *s)
{
	return &s->call.box->ctx->heap;
}

/* --- adding: the walk ----------------------------------------------------------------------- */

/* One call of add. */
struct adding {
	tote_sealing *sealing;
	const char *to;
	const char *base; /* the base name, base_len bytes of it */
	size_t base_len;
	struct buf path; /* of the file at hand, with its NUL */
};

static int room_for_one(tote_sealing *s, struct tote_fault *fault)
{
	const size_t cap = s->cap ? s->cap * 2 : 64;
	struct file **files;

	if (s->count < s->cap)
		return 0;
	files = tote__heap_resize(heap_of(s), s->files, cap, sizeof(*files), fault);
	if (!files)
		return fault->code;
	s->files = files;
	s->cap = cap;
	return 0;
}

static int add_file(tote_sealing *s, const char *host, const char *path, uint64_t size, int top,
	struct tote_fault *fault)
{
	const size_t host_len = strlen(host) + 1, path_len = strlen(path) + 1;
	struct file *f;
	char *strings;
	int rc = room_for_one(s, fault);

	if (rc == 0)
		rc = tote__paths_add(s->paths, path, s->count, fault);
	if (rc < 0)
		return rc;
	f = tote__heap_new(heap_of(s), 1, sizeof(*f) + host_len + path_len, fault);
	if (!f)
		return fault->code;
	strings = (char *)(f + 1);
	memcpy(strings, host, host_len);
	memcpy(strings + host_len, path, path_len);
	f->host = strings;
	f->path = strings + host_len;
	f->size = size;
	f->described = s->described;
	f->top = top;
	s->files[s->count++] = f;
	return 0;
}

/* Path in the container: to, base name, and what lies below it. */
static int make_path(struct adding *a, const char *relative, struct tote_fault *fault)
{
	tote__buf_reset(&a->path);
	if (*a->to) {
		tote__buf_puts(&a->path, a->to);
		tote__buf_putc(&a->path, '/');
	}
	tote__buf_put(&a->path, a->base, a->base_len);
	if (*relative) {
		tote__buf_putc(&a->path, '/');
		tote__buf_puts(&a->path, relative);
	}
	tote__buf_putc(&a->path, '\0');
	return tote__buf_check(&a->path, "sealing", fault);
}

static int contradicts(const tote_sealing *s, const char *path, struct tote_fault *fault)
{
	uint64_t other;

	switch (tote__paths_look(s->paths, path, &other)) {
	case PATH_SEALED:
		return tote__fault(fault, TOTE_E_EXISTS, "two sources would lie at '%s'", path);
	case PATH_DIRECTORY:
		return tote__fault(
			fault, TOTE_E_EXISTS, "a file would lie at '%s' and others below it", path);
	case PATH_BELOW:
		return tote__fault(fault, TOTE_E_EXISTS, "'%s' would lie below another file", path);
	default:
		return 0;
	}
}

/* It is a regular file that can be opened, now. */
static int check_file(const tote_sealing *s, const char *host, int top, const struct store_stat *st,
	struct tote_fault *fault)
{
	struct store_stat opened;
	struct source *source;
	int rc;

	if (st->type == STORE_LINK)
		return tote__fault(
			fault, TOTE_E_SOURCE, "it is a symbolic link: only files can be sealed");
	if (st->type == STORE_DIR)
		return tote__fault(
			fault, TOTE_E_PERMISSION, "it is a directory that may not be listed");
	if (st->type != STORE_FILE)
		return tote__fault(fault, TOTE_E_SOURCE,
			"it is a pipe, socket or device: only files can be sealed");
	rc = top ? tote__source_open_link(s->call.box->ctx, host, &source, &opened, fault)
		 : tote__source_open(s->call.box->ctx, host, -1, &source, &opened, fault);
	if (rc == 0)
		tote__source_close(source);
	return rc;
}

static int visit(void *user, const char *host, const char *relative, const struct store_stat *st,
	struct tote_fault *fault)
{
	struct adding *a = user;
	tote_sealing *s = a->sealing;
	const char *path;
	int rc = make_path(a, relative, fault);

	if (rc < 0)
		return rc;
	path = (const char *)a->path.data;
	rc = tote__asset_path_check(path, fault);
	if (rc == 0)
		rc = check_file(s, host, !*relative, st, fault);
	if (rc == 0)
		rc = contradicts(s, path, fault);
	if (rc == 0)
		return add_file(s, host, path, st->size, !*relative, fault);
	if (rc == TOTE_E_NO_MEMORY || rc == TOTE_E_LIMIT)
		return rc;
	return tote__offenders_add(&s->offenders, host, path, fault);
}

/* --- adding: what the container says -------------------------------------------------------- */

/* A file that turned out to be an offender, or that is sealed already, is no more to be sealed. */
static int judge(tote_sealing *s, struct file **at, int rc, struct tote_fault *fault)
{
	struct file *f = *at;

	if (rc == 0)
		return 0;
	if (rc != TOTE_E_EXISTS && rc != TOTE_E_SOURCE && rc != TOTE_E_PERMISSION)
		return rc;
	rc = tote__offenders_add(&s->offenders, f->host, f->path, fault);
	if (rc < 0)
		return rc;
	tote__heap_free(heap_of(s), f);
	*at = NULL;
	return 0;
}

/* With the hold. */
static int look_all(tote_sealing *s, size_t from, struct plan_item *items, struct tote_fault *fault)
{
	int rc = tote__box_paths(s->call.box, fault);

	for (size_t i = from; rc == 0 && i < s->count; i++) {
		struct tote_source source;

		tote__sealing_source(s->files[i], &source);
		items[i - from].source = &source;
		rc = tote__plan_look_item(s->call.box, &items[i - from], fault);
		if (rc == 0)
			rc = tote__plan_superseded(s->call.box, &source, fault);
		items[i - from].source = NULL;
		rc = judge(s, &s->files[i], rc, fault);
	}
	return rc < 0 ? rc : tote__plan_know(s->call.box, items, s->count - from, fault);
}

static int compare_all(tote_sealing *s, size_t from, struct plan_item *items, uint8_t *buffer,
	struct tote_fault *fault)
{
	int rc = 0;

	for (size_t i = from; rc == 0 && i < s->count; i++) {
		struct plan_item *item = &items[i - from];
		struct tote_source source;

		if (!s->files[i] || !item->already)
			continue;
		tote__sealing_source(s->files[i], &source);
		item->source = &source;
		rc = tote__plan_compare_item(s->call.box, buffer, item, fault);
		item->source = NULL;
		if (rc == 0)
			s->files[i]->already = 1;
		rc = judge(s, &s->files[i], rc, fault);
	}
	return rc;
}

static int ask_container(tote_sealing *s, size_t from, struct tote_fault *fault)
{
	const struct heap *heap = heap_of(s);
	struct plan_item *items = tote__heap_new(heap, s->count - from + 1, sizeof(*items), fault);
	uint8_t *buffer = tote__heap_new(heap, 1, INTAKE_STEP, fault);
	struct ledger *ledger = s->call.box->ledger;
	int rc = items && buffer ? tote__ledger_hold(ledger, fault) : TOTE_E_NO_MEMORY;

	if (rc == 0) {
		rc = look_all(s, from, items, fault);
		tote__ledger_release(ledger);
	}
	if (rc == 0)
		rc = compare_all(s, from, items, buffer, fault);
	tote__heap_free(heap, buffer);
	tote__heap_free(heap, items);
	return rc;
}

/* --- adding: the call ----------------------------------------------------------------------- */

/* Takes the files in that stayed, or, where the call failed, forgets all it had added. */
static void settle_added(tote_sealing *s, size_t from, int rc)
{
	struct tote_sealing_progress *p = &s->progress;
	size_t kept = from;

	for (size_t i = from; i < s->count; i++) {
		struct file *f = s->files[i];

		if (f && rc < 0)
			tote__heap_free(heap_of(s), f);
		if (!f || rc < 0)
			continue;
		p->files++;
		p->bytes += f->size;
		p->already += f->already != 0;
		s->files[kept++] = f;
	}
	s->count = kept;
	s->sorted = 0;
}

/* What a failed call had put into the set of paths comes out of it again. */
static int forget_paths(tote_sealing *s, struct tote_fault *fault)
{
	struct asset_paths *paths = tote__paths_new(heap_of(s), fault);
	int rc = paths ? 0 : fault->code;

	for (size_t i = 0; rc == 0 && i < s->count; i++)
		rc = tote__paths_add(paths, s->files[i]->path, i, fault);
	if (rc < 0) {
		tote__paths_free(paths);
		return rc;
	}
	tote__paths_free(s->paths);
	s->paths = paths;
	return 0;
}

/* A correction is of one file: where it names the seal that it corrects, so are its sources. */
static int check_one(const tote_sealing *s, struct tote_fault *fault)
{
	size_t count = 0;

	if (!s->described || s->described->supersedes == TOTE_SEQ_ANY)
		return 0;
	for (size_t i = 0; i < s->count; i++)
		count += s->files[i]->described == s->described;
	if (count <= 1)
		return 0;
	return tote__fault(fault, TOTE_E_ARGUMENT,
		"supersedes names the seal of one file, and these are more: seal them one by one");
}

static int add(tote_sealing *s, const char *file, struct adding *a, struct tote_fault *fault)
{
	const size_t from = s->count, offenders = s->offenders.count;
	struct tote_fault unused = {0};
	int rc;

	a->sealing = s;
	tote__buf_init(&a->path, heap_of(s), SIZE_MAX / 2);
	rc = tote__source_walk(s->call.box->ctx, file, 1, visit, a, fault);
	tote__buf_free(&a->path);
	if (rc == 0)
		rc = check_one(s, fault);
	if (rc == 0 && s->count > from)
		rc = ask_container(s, from, fault);
	settle_added(s, from, rc);
	if (rc < 0) {
		/* without memory for it the set only refuses too much */
		forget_paths(s, &unused);
		tote__offenders_cut(&s->offenders, offenders);
	}
	return rc;
}

/* The last component of the host's name for it, without the slashes behind it. */
static int find_base(const char *file, struct adding *a, struct tote_fault *fault)
{
	size_t len = strlen(file), start;

	while (len > 0 && file[len - 1] == '/')
		len--;
	for (start = len; start > 0 && file[start - 1] != '/';)
		start--;
	a->base = file + start;
	a->base_len = len - start;
	if (a->base_len == 0 || (a->base_len == 1 && a->base[0] == '.') ||
		(a->base_len == 2 && memcmp(a->base, "..", 2) == 0))
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"'%s' has no base name to be sealed under: name the file or directory",
			file);
	return 0;
}

int tote_sealing_add(
	tote_sealing *sealing, const char *file, const char *to, struct tote_fault *fault)
{
	struct adding a = {.to = to ? to : ""};
	int rc;

	FAULT_BEGIN(fault);
	if (!sealing || !file)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the sealing or the file is NULL");
	rc = tote__one_call_begin(&sealing->call, fault);
	if (rc < 0)
		return rc;
	rc = find_base(file, &a, fault);
	if (rc == 0 && *a.to)
		rc = tote__asset_path_check(a.to, fault);
	if (rc == 0)
		rc = add(sealing, file, &a, fault);
	return tote__one_call_end(&sealing->call, rc, fault);
}
