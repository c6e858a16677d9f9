/* SPDX-License-Identifier: ISC */
/*
 * Many small objects at once. Past the cache a file of 4 KiB costs a whole turn of the device, and
 * a thread for each turn costs more than the hash of the file: so the reads of a batch are handed
 * over together by io_submit(2), which also lets the block layer join those that lie side by side.
 * On a virtual disk that is 60,000 files a second and thread, where pread(2) reads 10,000.
 */
#include "store/posix_many.h"
#include "store/layout.h"
#include "store/posix_way.h"
#include <errno.h>
#include <string.h>

#define ALIGNMENT ((size_t)4096) /* of memory and length: the largest logical block of devices */
#define BATCH_MAX 16             /* descriptors at once */

struct batch {
	struct posix_place *place;
	const struct kernel *kernel;
	int uncached;
	struct store_read *reads;
	size_t count;
	int fd[BATCH_MAX];
	struct iocb asked[BATCH_MAX];
	struct iocb *waiting[BATCH_MAX]; /* to be handed over */
	size_t waiting_count;
};

static size_t want_of(const struct store_read *r)
{
	if (r->st.size >= r->cap)
		return r->cap;
	return ((size_t)r->st.size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* --- one of them, alone --------------------------------------------------------------------- */

static void failed(struct store_read *r, int err)
{
	struct tote_fault unused;

	r->code = tote__fault_errno(&unused, err, "read %s", r->name);
}

static void read_plain(struct batch *b, size_t i)
{
	struct store_read *r = &b->reads[i];
	int err;

	if (b->uncached)
		b->kernel->fadvise(b->fd[i], 0, 0, POSIX_FADV_DONTNEED);
	err = tote__io_read(b->kernel, b->fd[i], r->out, want_of(r), 0, &r->len);
	r->cached = b->uncached;
	if (err)
		failed(r, err);
}

/* O_DIRECT was refused after all. */
static void read_cached(struct batch *b, size_t i)
{
	b->kernel->setfl(b->fd[i], 0);
	read_plain(b, i);
}

static void read_direct(struct batch *b, size_t i)
{
	struct store_read *r = &b->reads[i];
	int err = tote__io_read(b->kernel, b->fd[i], r->out, want_of(r), 0, &r->len);

	if (err == EINVAL)
		read_cached(b, i);
	else if (err)
		failed(r, err);
}

/* --- all that go past the cache ------------------------------------------------------------- */

/* A context to submit to, lent as a bounce is (posix_reader.c); 0 where there is none to be had. */
static aio_context_t lane_take(struct posix_backend *b)
{
	aio_context_t lane = 0;

	for (size_t i = 0; !lane && i < POSIX_BOUNCES; i++)
		lane = atomic_exchange(&b->lane[i], 0);
	if (!lane && (!b->kernel->aio_setup || b->kernel->aio_setup(BATCH_MAX, &lane) != 0))
		lane = 0;
	return lane;
}

static void lane_give(struct posix_backend *b, aio_context_t lane)
{
	for (size_t i = 0; lane && i < POSIX_BOUNCES; i++) {
		aio_context_t none = 0;

		if (atomic_compare_exchange_strong(&b->lane[i], &none, lane))
			return;
	}
	if (lane)
		b->kernel->aio_destroy(lane);
}

void tote__posix_lanes_free(struct posix_backend *b)
{
	for (size_t i = 0; i < POSIX_BOUNCES; i++) {
		aio_context_t lane = atomic_exchange(&b->lane[i], 0);

		if (lane)
			b->kernel->aio_destroy(lane);
	}
}

static void ask(struct batch *b, size_t i)
{
	struct store_read *r = &b->reads[i];

	b->asked[i] = (struct iocb){.aio_data = i,
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)b->fd[i],
		.aio_buf = (uint64_t)(uintptr_t)r->out,
		.aio_nbytes = want_of(r)};
	b->waiting[b->waiting_count++] = &b->asked[i];
}

/* What the kernel does not take is read here and now. Gives how many are on their way. */
static size_t submit(struct batch *b, aio_context_t lane)
{
	size_t at = 0, on_their_way = 0;

	while (at < b->waiting_count) {
		int n = lane ? b->kernel->aio_submit(
				       lane, (long)(b->waiting_count - at), b->waiting + at)
			     : -1;

		if (n > 0) {
			at += (size_t)n;
			on_their_way += (size_t)n;
		} else if (!lane || errno != EINTR) {
			read_direct(b, (size_t)b->waiting[at++]->aio_data);
		}
	}
	return on_their_way;
}

static void arrived(struct batch *b, const struct io_event *event)
{
	size_t i = (size_t)event->data;
	struct store_read *r = &b->reads[i];

	b->asked[i].aio_lio_opcode = IOCB_CMD_NOOP;
	if (event->res >= 0)
		r->len = (size_t)event->res;
	else if (event->res == -EINVAL)
		read_cached(b, i);
	else
		failed(r, (int)-event->res);
}

/*
 * No read may be under way when the memory that it goes to is the caller's again: where waiting
 * fails, io_destroy(2) waits for them, and what did not arrive is read once more.
 */
static aio_context_t await(struct batch *b, aio_context_t lane, size_t on_their_way)
{
	struct io_event events[BATCH_MAX];

	while (on_their_way) {
		int n = b->kernel->aio_wait(lane, (long)on_their_way, BATCH_MAX, events);

		for (int i = 0; i < n; i++)
			arrived(b, &events[i]);
		if (n >= 0)
			on_their_way -= (size_t)n;
		else if (errno != EINTR)
			break;
	}
	if (!on_their_way)
		return lane;
	b->kernel->aio_destroy(lane);
	for (size_t i = 0; i < b->waiting_count; i++)
		if (b->waiting[i]->aio_lio_opcode == IOCB_CMD_PREAD)
			read_direct(b, (size_t)b->waiting[i]->aio_data);
	return 0;
}

static void read_together(struct batch *b)
{
	struct posix_backend *backend = b->place->backend;
	aio_context_t lane = b->waiting_count > 1 ? lane_take(backend) : 0;

	lane = await(b, lane, submit(b, lane));
	lane_give(backend, lane);
}

/* --- the batch ------------------------------------------------------------------------------ */

static void open_all(struct batch *b, int space)
{
	for (size_t i = 0; i < b->count; i++) {
		struct store_read *r = &b->reads[i];
		struct tote_fault unused;

		b->fd[i] = -1;
		r->len = 0;
		r->cached = 0;
		r->code = tote__layout_check(b->place->layout, space, r->name, &unused);
		if (r->code == 0)
			r->code = tote__posix_open_file(b->place, space, r->name, O_RDONLY, "open",
				&b->fd[i], &r->st, &unused);
	}
}

static void read_batch(struct batch *b)
{
	int direct = -1; /* not known: all of them lie on one file system */

	for (size_t i = 0; i < b->count; i++) {
		if (b->reads[i].code || b->reads[i].st.size == 0)
			continue;
		if (b->uncached && direct < 0)
			direct = !tote__io_is_memory(b->kernel, b->fd[i]);
		if (direct == 1 && b->kernel->setfl(b->fd[i], O_DIRECT) == 0)
			ask(b, i);
		else
			read_plain(b, i);
	}
	if (b->waiting_count)
		read_together(b);
}

int tote__posix_read_many(void *place, int space, uint32_t flags, struct store_read *reads,
	size_t count, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int rc;

	for (size_t i = 0; i < count; i++)
		if ((uintptr_t)reads[i].out % ALIGNMENT || reads[i].cap % ALIGNMENT)
			return tote__fault(fault, TOTE_E_ARGUMENT,
				"read many: memory that is not at a multiple of 4096");
	rc = tote__posix_enter(p, fault);
	if (rc)
		return rc;
	for (size_t at = 0; at < count; at += BATCH_MAX) {
		struct batch b = {.place = p,
			.kernel = p->backend->kernel,
			.uncached = (flags & STORE_UNCACHED) != 0,
			.reads = reads + at,
			.count = count - at < BATCH_MAX ? count - at : BATCH_MAX};

		open_all(&b, space);
		read_batch(&b);
		for (size_t i = 0; i < b.count; i++)
			tote__io_close(b.kernel, &b.fd[i]);
	}
	tote__posix_leave(p);
	return 0;
}
