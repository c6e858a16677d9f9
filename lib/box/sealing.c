/* SPDX-License-Identifier: ISC */
/*
 * The sealing of files and trees in as many groups as it takes, in byte order of path.
 */
#include "box/sealing.h"
#include "box/intake.h"
#include "box/seal.h"
#include "box/sealed.h"
#include "store/sort.h"
#include <stddef.h>
#include <string.h>

#define STEP_FILES   4096u
#define STEP_ENTRIES ((size_t)3 << 20) /* bytes of a group */
/* More files than can be staged without the lock are copied under it: not more than that at once. */
#define STEP_STAGED 16u
#define STEP_BYTES  (UINT64_C(64) << 20)

#define PROGRESS_LEAST                                                                             \
	(offsetof(struct tote_sealing_progress, last_seq) +                                        \
		sizeof(((struct tote_sealing_progress *)0)->last_seq))

/* --- making and dropping -------------------------------------------------------------------- */

static const struct heap *heap_of(const tote_sealing *s)
{
	return &s->call.box->ctx->heap;
}

static int sealing_new(
	tote_box *box, const char *actor, tote_sealing **ret, struct tote_fault *fault)
{
	const struct heap *heap = &box->ctx->heap;
	tote_sealing *s = tote__heap_new(heap, 1, sizeof(*s), fault);

	if (!s)
		return fault->code;
	tote__one_call_init(&s->call, box);
	tote__offenders_init(&s->offenders, heap);
	s->progress.size = sizeof(s->progress);
	s->progress.first_seq = s->progress.last_seq = TOTE_SEQ_ANY;
	s->paths = tote__paths_new(heap, fault);
	if (actor)
		s->actor = tote__heap_strdup(heap, actor, fault);
	if (!s->paths || (actor && !s->actor)) {
		tote_sealing_unref(s);
		return TOTE_E_NO_MEMORY;
	}
	*ret = s;
	return 0;
}

int tote_sealing_new(tote_box *box, const char *actor, uint32_t flags, tote_sealing **ret_sealing,
	struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__seal_check(box, fault);
	if (rc == 0)
		rc = tote__flags_check(flags, 0, "sealing", fault);
	if (rc == 0 && !ret_sealing)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "sealing: ret_sealing is NULL");
	if (rc == 0)
		rc = sealing_new(box, actor, ret_sealing, fault);
	return tote__box_done(box, rc, fault);
}

/* --- what is recorded of files -------------------------------------------------------------- */

static struct described *describe_new(const struct heap *heap, const char *media_type,
	const char *source, uint64_t supersedes, struct tote_fault *fault)
{
	const size_t type_len = media_type ? strlen(media_type) + 1 : 0;
	const size_t source_len = source ? strlen(source) + 1 : 0;
	struct described *d = tote__heap_new(heap, 1, sizeof(*d) + type_len + source_len, fault);
	char *strings = d ? (char *)(d + 1) : NULL;

	if (!d)
		return NULL;
	d->supersedes = supersedes ? supersedes : TOTE_SEQ_ANY;
	if (media_type)
		d->media_type = memcpy(strings, media_type, type_len);
	if (source)
		d->source = memcpy(strings + type_len, source, source_len);
	return d;
}

int tote_sealing_describe(tote_sealing *sealing, const char *media_type, const char *source,
	uint64_t supersedes, struct tote_fault *fault)
{
	const struct tote_source probe = {
		.path = "x", .media_type = media_type, .source = source, .supersedes = supersedes};
	struct described *d;
	size_t unused;
	int rc;

	FAULT_BEGIN(fault);
	if (!sealing)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the sealing is NULL");
	rc = tote__one_call_begin(&sealing->call, fault);
	if (rc < 0)
		return rc;
	rc = tote__sealed_bound(&probe, sealing->actor, &unused, fault);
	if (rc == 0) {
		d = describe_new(heap_of(sealing), media_type, source, supersedes, fault);
		rc = d ? 0 : TOTE_E_NO_MEMORY;
	}
	if (rc == 0) {
		d->before = sealing->described;
		sealing->described = d;
	}
	return tote__one_call_end(&sealing->call, rc, fault);
}

static void describe_free(tote_sealing *s)
{
	while (s->described) {
		struct described *before = s->described->before;

		tote__heap_free(heap_of(s), s->described);
		s->described = before;
	}
}

tote_sealing *tote_sealing_unref(tote_sealing *sealing)
{
	tote_box *box;

	if (!sealing)
		return NULL;
	box = tote_box_ref(sealing->call.box); /* its heap is needed to the end */
	for (size_t i = 0; i < sealing->count; i++)
		tote__heap_free(heap_of(sealing), sealing->files[i]);
	tote__heap_free(heap_of(sealing), sealing->files);
	describe_free(sealing);
	tote__heap_free(heap_of(sealing), sealing->actor);
	tote__paths_free(sealing->paths);
	tote__offenders_free(&sealing->offenders);
	tote__one_call_drop(&sealing->call);
	tote__heap_free(&box->ctx->heap, sealing);
	tote_box_unref(box);
	return NULL;
}

int tote_sealing_offender(tote_sealing *sealing, size_t index, struct tote_offender *ret_offender,
	struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!sealing || !ret_offender)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the sealing or ret_offender is NULL");
	rc = tote__one_call_begin(&sealing->call, fault);
	if (rc < 0)
		return rc;
	if (index < sealing->offenders.count) {
		*ret_offender = *sealing->offenders.items[index];
		rc = 1;
	}
	return tote__one_call_end(&sealing->call, rc, fault);
}

/* --- stepping ------------------------------------------------------------------------------- */

void tote__sealing_source(const struct file *f, struct tote_source *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->path = f->path;
	ret->file = f->host;
	ret->flags = f->top ? TOTE_SOURCE_MTIME | SOURCE_LINK : TOTE_SOURCE_MTIME;
	ret->supersedes = TOTE_SEQ_ANY;
	if (f->described) {
		ret->media_type = f->described->media_type;
		ret->source = f->described->source;
		ret->supersedes = f->described->supersedes;
	}
}

static int by_path(const void *a, const void *b)
{
	const struct file *const *left = a, *const *right = b;

	return strcmp((*left)->path, (*right)->path);
}

/* The sources of the next group; *ret_end is the first file behind it. */
static int cut_group(const tote_sealing *s, struct tote_source *sources, size_t *ret_count,
	size_t *ret_end, struct tote_fault *fault)
{
	size_t entries = 0, count = 0, i;
	uint64_t bytes = 0;

	for (i = s->next; i < s->count && count < STEP_FILES; i++) {
		size_t bound;
		int rc;

		if (s->files[i]->already)
			continue;
		tote__sealing_source(s->files[i], &sources[count]);
		rc = tote__sealed_bound(&sources[count], s->actor, &bound, fault);
		if (rc < 0)
			return rc;
		entries += bound;
		bytes += s->files[i]->size;
		if (count > 0 &&
			(entries > STEP_ENTRIES || (count >= STEP_STAGED && bytes > STEP_BYTES)))
			break;
		count++;
	}
	*ret_count = count;
	*ret_end = i;
	return 0;
}

static void note_sealed(tote_sealing *s, const struct tote_sealed *sealed, size_t count)
{
	struct tote_sealing_progress *p = &s->progress;

	p->first_seq = p->last_seq = TOTE_SEQ_ANY;
	for (size_t i = 0; i < count; i++) {
		if (sealed[i].result == TOTE_SEALED_ALREADY) {
			p->already++;
			continue;
		}
		p->sealed++;
		p->sealed_bytes += sealed[i].bytes;
		if (p->first_seq == TOTE_SEQ_ANY)
			p->first_seq = sealed[i].seq;
		p->last_seq = sealed[i].seq;
	}
}

static int step(tote_sealing *s, struct tote_fault *fault)
{
	const struct heap *heap = heap_of(s);
	struct tote_source *sources = tote__heap_new(heap, STEP_FILES, sizeof(*sources), fault);
	struct tote_sealed *sealed = tote__heap_new(heap, STEP_FILES, sizeof(*sealed), fault);
	size_t count = 0, end = s->next;
	int rc = sources && sealed ? 0 : TOTE_E_NO_MEMORY;

	if (rc == 0)
		rc = cut_group(s, sources, &count, &end, fault);
	if (rc == 0 && count > 0)
		rc = tote__seal_files(s->call.box, sources, count, s->actor, sealed, fault);
	if (rc == 0) {
		note_sealed(s, sealed, count);
		s->next = end;
		rc = end < s->count;
	}
	tote__heap_free(heap, sealed);
	tote__heap_free(heap, sources);
	return rc;
}

static int refuse_offenders(const tote_sealing *s, struct tote_fault *fault)
{
	const struct tote_offender *first = s->offenders.items[0];

	return tote__fault(fault, TOTE_E_SOURCE,
		"%zu of the sources cannot be sealed, so none is: '%s': %s", s->offenders.count,
		first->file, first->text);
}

int tote_sealing_step(tote_sealing *sealing, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!sealing)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the sealing is NULL");
	rc = tote__one_call_begin(&sealing->call, fault);
	if (rc < 0)
		return rc;
	if (!sealing->sorted && sealing->count > sealing->next)
		tote__sort(sealing->files + sealing->next, sealing->count - sealing->next,
			sizeof(*sealing->files), by_path);
	sealing->sorted = 1;
	if (sealing->offenders.count > 0)
		rc = refuse_offenders(sealing, fault);
	else
		rc = step(sealing, fault);
	return tote__one_call_end(&sealing->call, rc, fault);
}

int tote_sealing_progress(
	tote_sealing *sealing, struct tote_sealing_progress *progress, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!sealing || !progress)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the sealing or the progress is NULL");
	rc = tote__one_call_begin(&sealing->call, fault);
	if (rc < 0)
		return rc;
	rc = tote__struct_out(progress, &sealing->progress, sizeof(sealing->progress),
		PROGRESS_LEAST, "sealing progress", fault);
	return tote__one_call_end(&sealing->call, rc, fault);
}
