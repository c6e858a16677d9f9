/* SPDX-License-Identifier: ISC */
/*
 * Files on their way into the log. A sync of each alone costs a flush of the device, which is ten
 * times what its bytes cost.
 */
#include "ledger/logwriter.h"
#include "ledger/logdir.h"
#include <string.h>

#define GATHERED ((size_t)2 << 20) /* bytes, from which on nothing more is waited for */

void tote__logwriter_init(struct logwriter *w, const struct place *place, int again)
{
	const struct heap *heap = &place->ctx->heap;

	w->place = place;
	w->again = again;
	w->count = 0;
	tote__buf_init(&w->bytes, heap, GATHERED + BUNDLE_MAX);
	tote__buf_init(&w->found, heap, BUNDLE_MAX);
}

void tote__logwriter_free(struct logwriter *w)
{
	tote__buf_free(&w->bytes);
	tote__buf_free(&w->found);
}

/*
 * What an interrupted fold left must be the very same bytes, and is synced by who relies on it.
 * FORMAT section 5: within one process, a sync that failed is never repeated as if nothing had
 * happened, since what the cache then calls clean may not be on the disk. So behind one, the file
 * goes, which no checkpoint covers, and is put there once more.
 */
static int keep_found(struct logwriter *w, struct store_put *put, struct tote_fault *fault)
{
	const struct place *p = w->place;
	int r;

	tote__buf_reset(&w->found);
	r = tote__store_get(p, SPACE_LOG, put->name, 0, &w->found, NULL, fault);
	if (r < 0 && r != TOTE_E_TOO_LARGE)
		return r;
	if (r < 0 || w->found.len != put->len || memcmp(w->found.data, put->data, put->len) != 0)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"%s is there already and differs from what the journal holds", put->name);
	if (!w->again)
		return p->ops->sync_object(p->handle, SPACE_LOG, put->name, fault);
	r = p->ops->remove(p->handle, SPACE_LOG, put->name, fault);
	return r < 0 ? r
		     : p->ops->put_new(p->handle, SPACE_LOG, put->name, put->data, put->len, fault);
}

static int flush(struct logwriter *w, struct tote_fault *fault)
{
	struct store_put puts[LOGWRITER_FILES];
	int r;

	for (size_t i = 0; i < w->count; i++)
		puts[i] = (struct store_put){.name = w->file[i].name,
			.data = w->bytes.data + w->file[i].at,
			.len = w->file[i].len};
	r = tote__store_put_all(w->place, SPACE_LOG, puts, w->count, fault);
	for (size_t i = 0; !r && i < w->count; i++)
		if (puts[i].exists)
			r = keep_found(w, &puts[i], fault);
	w->count = 0;
	tote__buf_reset(&w->bytes);
	return r;
}

int tote__logwriter_put(struct logwriter *w, const struct tile *t, const void *data, size_t len,
	struct tote_fault *fault)
{
	int r;

	w->file[w->count].at = w->bytes.len;
	w->file[w->count].len = len;
	tote__buf_put(&w->bytes, data, len);
	if ((r = tote__buf_check(&w->bytes, "files of the log", fault)) < 0)
		return r;
	tote__tile_name(t, w->file[w->count++].name);
	return w->count == LOGWRITER_FILES || w->bytes.len >= GATHERED ? flush(w, fault) : 0;
}

int tote__logwriter_end(struct logwriter *w, struct tote_fault *fault)
{
	int r = w->count ? flush(w, fault) : 0;

	return r < 0 ? r : w->place->ops->barrier(w->place->handle, SPACE_LOG, fault);
}
