/* SPDX-License-Identifier: ISC */
/*
 * What a member of the crowd does until it is killed, stopped or told to end.
 */
#include "store/posix_ctx.h"
#include "stress/crowd.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH_MAX    5u
#define SLOW_SYNC_US 4000
#define FIRST_PLACE  4096 /* of the queue before byte 0 */

struct worker {
	struct member *m;
	tote_box *box;
	unsigned int number;
	uint64_t chance;
	unsigned long done;
	struct tote_fault fault;
};

uint64_t crowd_draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

void crowd_wrong(struct crowd *c, const char *fmt, ...)
{
	va_list args;

	if (atomic_fetch_add(&c->common->wrong, 1))
		return;
	va_start(args, fmt);
	vsnprintf(c->common->why, sizeof(c->common->why), fmt, args);
	va_end(args);
}

void diary_say(struct member *m, const char *fmt, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (n <= 0 || (size_t)n >= sizeof(line) || write(m->diary, line, (size_t)n) != n)
		crowd_wrong(m->crowd, "the diary takes no line: %s", strerror(errno));
}

tote_ctx *crowd_ctx(struct crowd *c)
{
	struct tote_fault fault;
	tote_ctx *ctx = NULL;

	if (tote_ctx_new(NULL, &ctx, &fault) < 0)
		crowd_wrong(c, "context: %s", fault.text);
	return ctx;
}

/* --- writers -------------------------------------------------------------------------------- */

/* Others may move the container, hold the lock for long, or have broken what this handle knew. */
static int is_expected(int rc)
{
	return rc == TOTE_E_BUSY || rc == TOTE_E_STATE;
}

static void answered(struct worker *w, int rc, const char *what)
{
	struct tote_fault fault;

	if (rc >= 0 || is_expected(rc))
		return;
	crowd_wrong(w->m->crowd, "%s: %s: %s", what, tote_error_name(rc), w->fault.text);
	if (rc == TOTE_E_POISONED || w->fault.effect == TOTE_EFFECT_UNKNOWN)
		tote_box_recover(w->box, &fault);
}

static void name_next(struct worker *w, char name[NAME_ROOM])
{
	snprintf(name, NAME_ROOM, "p%u.%u.%u.%lu", w->m->number, w->m->generation, w->number,
		w->done++);
}

static struct tote_record record_of(const char *name)
{
	return (struct tote_record){
		.kind = "record", .payload = name, .payload_length = strlen(name)};
}

static void do_append(struct worker *w, int as_expected)
{
	struct tote_box_info info = {.size = sizeof(info)};
	struct tote_record record;
	char name[NAME_ROOM];
	uint64_t seq = 0, expected = TOTE_SEQ_ANY;
	int rc;

	name_next(w, name);
	record = record_of(name);
	if (as_expected && tote_box_info(w->box, &info, &w->fault) == 0)
		expected = info.entries;
	diary_say(w->m, "? %s 1\n", name);
	rc = tote_box_append(w->box, &record, expected, 0, &seq, &w->fault);
	if (rc == TOTE_E_CONFLICT && as_expected)
		return;
	answered(w, rc, "append");
	if (rc < 0)
		return;
	diary_say(w->m, "! %s 1 %llu\n", name, (unsigned long long)seq);
	if (as_expected && seq != expected)
		crowd_wrong(w->m->crowd, "seq %llu was expected, %llu given",
			(unsigned long long)expected, (unsigned long long)seq);
	atomic_fetch_add(&w->m->crowd->common->appends, 1);
}

static void do_batch(struct worker *w)
{
	struct tote_record records[BATCH_MAX];
	const size_t count = 2 + (size_t)crowd_draw(&w->chance, BATCH_MAX - 1);
	char name[NAME_ROOM];
	uint64_t first = 0;
	int rc;

	name_next(w, name);
	for (size_t i = 0; i < count; i++)
		records[i] = record_of(name);
	diary_say(w->m, "? %s %zu\n", name, count);
	rc = tote_box_append_many(w->box, records, count, TOTE_SEQ_ANY, 0, &first, &w->fault);
	answered(w, rc, "append_many");
	if (rc < 0)
		return;
	diary_say(w->m, "! %s %zu %llu\n", name, count, (unsigned long long)first);
	atomic_fetch_add(&w->m->crowd->common->batches, 1);
}

static void do_seal(struct worker *w)
{
	struct tote_source source = {.flags = TOTE_SOURCE_DATA, .supersedes = TOTE_SEQ_ANY};
	struct tote_sealed sealed;
	char name[NAME_ROOM];
	int rc;

	name_next(w, name);
	source.path = name;
	source.data = name;
	source.length = strlen(name);
	diary_say(w->m, "s %s\n", name);
	rc = tote_box_seal(w->box, &source, 1, "crowd", 0, &sealed, &w->fault);
	answered(w, rc, "seal");
	if (rc < 0)
		return;
	diary_say(w->m, "S %s %llu\n", name, (unsigned long long)sealed.seq);
	atomic_fetch_add(&w->m->crowd->common->seals, 1);
}

static void say_checkpoint(struct member *m, const char *note, size_t len)
{
	const char *size = memchr(note, '\n', len);
	const char *root = size ? memchr(size + 1, '\n', len - (size_t)(size + 1 - note)) : NULL;
	const char *end = root ? memchr(root + 1, '\n', len - (size_t)(root + 1 - note)) : NULL;

	if (end)
		diary_say(m, "c %.*s %.*s\n", (int)(root - size - 1), size + 1,
			(int)(end - root - 1), root + 1);
	else
		crowd_wrong(m->crowd, "what was handed out is no checkpoint");
}

static void do_fold(struct worker *w)
{
	char note[4096];
	size_t len;
	const int rc = tote_box_checkpoint(w->box, 0, note, sizeof(note), &len, &w->fault);

	answered(w, rc, "checkpoint");
	if (rc < 0)
		return;
	say_checkpoint(w->m, note, len);
	atomic_fetch_add(&w->m->crowd->common->folds, 1);
}

/* In the middle of everything: the child may drop its reference, and nothing else. */
static void do_fork(struct worker *w)
{
	const pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct tote_record record = record_of("by a forked child");
		struct tote_fault fault;
		const int rc = tote_box_append(w->box, &record, TOTE_SEQ_ANY, 0, NULL, &fault);

		tote_box_unref(w->box);
		_exit(rc == TOTE_E_MISUSE ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		crowd_wrong(w->m->crowd, "a forked child was not refused (status %x)",
			(unsigned int)status);
	atomic_fetch_add(&w->m->crowd->common->forks, 1);
}

static void *work(void *user)
{
	struct worker *w = user;

	while (!atomic_load(&w->m->crowd->common->ends)) {
		const uint64_t n = crowd_draw(&w->chance, 100);

		if (n < 62)
			do_append(w, 0);
		else if (n < 72)
			do_append(w, 1);
		else if (n < 86)
			do_batch(w);
		else if (n < 95)
			do_seal(w);
		else if (n < 99)
			do_fold(w);
		else
			do_fork(w);
	}
	return NULL;
}

static tote_box *open_box(struct member *m, uint32_t flags)
{
	struct tote_box_options options;
	struct tote_fault fault;
	tote_box *box = NULL;
	int rc;

	tote_box_options_init(&options, sizeof(options), &fault);
	options.flags = flags;
	options.key_file = flags & TOTE_BOX_READ_ONLY ? NULL : m->crowd->key;
	do
		rc = tote_box_open_alone(m->ctx, m->crowd->place, &options, &box, &fault);
	while (rc == TOTE_E_BUSY && !atomic_load(&m->crowd->common->ends));
	if (rc < 0 && rc != TOTE_E_BUSY)
		crowd_wrong(m->crowd, "open: %s: %s", tote_error_name(rc), fault.text);
	return rc < 0 ? NULL : box;
}

static void close_box(struct member *m, tote_box *box)
{
	struct tote_fault fault;
	const int rc = tote_box_close(box, &fault);

	if (rc < 0 && rc != TOTE_E_BUSY)
		crowd_wrong(m->crowd, "close: %s: %s", tote_error_name(rc), fault.text);
}

void crowd_writer(struct member *m)
{
	static struct worker workers[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	tote_box *box = open_box(m, 0);

	for (unsigned int i = 0; box && i < m->crowd->threads; i++) {
		workers[i] = (struct worker){.m = m,
			.box = box,
			.number = i,
			.chance = m->crowd->seed ^
				  (m->number * 1000003ull + m->generation * 7919ull + i + 1) *
					  0x9e3779b97f4a7c15ull};
		if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
			give_up("start", "a thread");
	}
	for (unsigned int i = 0; box && i < m->crowd->threads; i++)
		pthread_join(threads[i], NULL);
	close_box(m, box);
	tote_ctx_unref(m->ctx);
	_exit(0);
}

/* --- readers -------------------------------------------------------------------------------- */

static void say_leaf(struct member *m, const struct tote_entry *e)
{
	char hex[65];

	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", e->leaf_hash[i]);
	diary_say(m, "r %llu %s\n", (unsigned long long)e->seq, hex);
}

/* All entries from a seq on, in order; the last one of them is remembered. */
static uint64_t read_on(struct member *m, tote_box *box, uint64_t from)
{
	struct tote_entry e = {.size = sizeof(e)};
	struct tote_fault fault;
	tote_cursor *cursor = NULL;
	uint64_t seq = from;
	int rc = tote_cursor_open(box, from, 0, &cursor, &fault);

	while (rc == 0 && (rc = tote_cursor_next(cursor, &e, &fault)) == 1) {
		rc = 0;
		if (e.seq != seq++)
			crowd_wrong(m->crowd, "a cursor gave seq %llu after %llu",
				(unsigned long long)e.seq, (unsigned long long)seq - 2);
		if (e.seq % 64 == 0)
			say_leaf(m, &e);
	}
	if (rc < 0 && rc != TOTE_E_BUSY)
		crowd_wrong(m->crowd, "a reader without the lock: %s: %s", tote_error_name(rc),
			fault.text);
	tote_cursor_unref(cursor);
	return seq;
}

void crowd_reader(struct member *m)
{
	tote_box *box = open_box(m, TOTE_BOX_READ_ONLY);
	struct tote_fault fault;
	uint64_t seen = 0;

	while (box && !atomic_load(&m->crowd->common->ends)) {
		char note[4096];
		size_t len;
		const uint64_t end = read_on(m, box, seen > 300 ? seen - 300 : 0);
		const int rc = tote_box_checkpoint(
			box, TOTE_CHECKPOINT_LAST, note, sizeof(note), &len, &fault);

		if (rc == 0)
			say_checkpoint(m, note, len);
		else if (rc != TOTE_E_BUSY)
			crowd_wrong(m->crowd, "the last checkpoint: %s", fault.text);
		seen = end > seen ? end : seen;
		atomic_fetch_add(&m->crowd->common->reads, 1);
		usleep(1000);
	}
	close_box(m, box);
	tote_ctx_unref(m->ctx);
	_exit(0);
}

/* --- the manager ---------------------------------------------------------------------------- */

static void manage_state(struct member *m, tote_orchestrator *o, uint32_t state)
{
	struct tote_fault fault;
	const int rc = tote_orchestrator_set_state(
		o, CROWD_ID, state, "manager", "it must be possible", 0, &fault);

	if (rc < 0 && rc != TOTE_E_BUSY)
		crowd_wrong(m->crowd, "state: %s: %s", tote_error_name(rc), fault.text);
	if (rc == 0)
		atomic_fetch_add(&m->crowd->common->moves, 1);
}

static void manage_audit(struct member *m, tote_orchestrator *o)
{
	static const char *const ids[] = {CROWD_ID};
	struct tote_finding f = {.size = sizeof(f)};
	struct tote_audit_options options;
	struct tote_fault fault;
	tote_audit *audit = NULL;
	uint32_t worst = 0;
	int rc;

	tote_audit_options_init(&options, sizeof(options), &fault);
	options.ids = ids;
	options.id_count = 1;
	rc = tote_audit_start(o, &options, &audit, &fault);
	while (rc == 0 && (rc = tote_audit_step(audit, 0, 0, &fault)) == 1)
		rc = 0;
	if (rc == 0)
		rc = tote_audit_worst(audit, &worst, &fault);
	if (rc < 0 && rc != TOTE_E_BUSY)
		crowd_wrong(m->crowd, "audit: %s: %s", tote_error_name(rc), fault.text);
	while (rc == 0 && worst == TOTE_VERDICT_DAMAGED &&
		tote_audit_next_finding(audit, &f, &fault) == 1)
		if (!(f.flags & TOTE_FINDING_INFORMATION))
			crowd_wrong(m->crowd, "an audit calls it damaged: TOTE-%04d %.*s: %s",
				f.code, (int)f.path_length, f.path, f.found);
	tote_audit_close(audit, &fault);
	atomic_fetch_add(&m->crowd->common->audits, 1);
}

void crowd_manager(struct member *m)
{
	uint64_t chance = m->crowd->seed + m->generation + 77;
	struct tote_fault fault;
	tote_orchestrator *o = NULL;
	int rc;

	do
		rc = tote_orchestrator_open(m->ctx, m->crowd->root, 0, &o, &fault);
	while (rc == TOTE_E_BUSY && !atomic_load(&m->crowd->common->ends));
	if (rc < 0 && rc != TOTE_E_BUSY)
		crowd_wrong(m->crowd, "open root: %s: %s", tote_error_name(rc), fault.text);
	manage_state(m, o, TOTE_STATE_ACTIVE); /* who managed before may have been killed */
	while (rc == 0 && !atomic_load(&m->crowd->common->ends)) {
		uint64_t size;

		switch (crowd_draw(&chance, 4)) {
		case 0:
			manage_state(m, o, TOTE_STATE_SUSPENDED);
			manage_state(m, o, TOTE_STATE_ACTIVE);
			break;
		case 1:
			manage_audit(m, o);
			break;
		default:
			if ((rc = tote_orchestrator_witness(o, CROWD_ID, 0, &size, &fault)) < 0 &&
				rc != TOTE_E_BUSY)
				crowd_wrong(m->crowd, "witness: %s", fault.text);
			rc = 0;
		}
		usleep((useconds_t)crowd_draw(&chance, 30000));
	}
	tote_orchestrator_close(o, &fault);
	tote_ctx_unref(m->ctx);
	_exit(0);
}

/* --- fairness ------------------------------------------------------------------------------- */

static void raise_to(atomic_ulong *most, unsigned long value)
{
	unsigned long old = atomic_load(most);

	while (old < value && !atomic_compare_exchange_weak(most, &old, value))
		;
}

/* As a disk would: whoever waits has the processor for himself meanwhile. */
static int slow_sync(int fd)
{
	usleep(SLOW_SYNC_US);
	return tote__kernel()->fdatasync(fd);
}

/* What was granted, and how many had asked and were not counted yet, when we had our place. */
static struct {
	struct common *common;
	unsigned long before;
	unsigned int waiting;
	int has_place;
} queued;

static int see_place(int fd, struct flock *lock)
{
	const int rc = tote__kernel()->setlk(fd, lock);

	if (rc == 0 && lock->l_type == F_WRLCK && lock->l_start >= FIRST_PLACE) {
		queued.before = atomic_load(&queued.common->grants);
		queued.waiting = atomic_load(&queued.common->waiting);
		queued.has_place = 1;
	}
	return rc;
}

static void be_slow(struct member *m)
{
	static struct kernel slow;
	struct tote_fault fault;

	slow = *tote__kernel();
	slow.fdatasync = slow_sync;
	slow.setlk = see_place;
	if (tote__posix_kernel_set(m->ctx, &slow, &fault) < 0)
		crowd_wrong(m->crowd, "%s", fault.text);
}

/* Who has been served and is counted: from here on it was between somebody's place and his turn. */
static void count_grant(struct member *m)
{
	struct common *c = m->crowd->common;
	const unsigned long others = atomic_fetch_add(&c->grants, 1) - queued.before;

	atomic_fetch_sub(&c->waiting, 1);
	atomic_fetch_add(&c->served[m->number], 1);
	if (!queued.has_place)
		return;
	raise_to(&c->overtaken, others);
	if (others > 2ul * (queued.waiting + 1) + 2)
		crowd_wrong(m->crowd, "%lu were served before one who had his place behind %u",
			others, queued.waiting);
}

/*
 * Who has a place in the queue is served after those who had asked before, each of them once; they
 * are counted a moment after they were served, so that one may count who was served before.
 */
void crowd_patient(struct member *m)
{
	struct common *c = m->crowd->common;
	struct worker w = {.m = m};

	queued.common = c;
	be_slow(m);
	w.box = open_box(m, 0);
	while (w.box && !atomic_load(&c->ends)) {
		queued.has_place = 0;
		atomic_fetch_add(&c->waiting, 1);
		do_append(&w, 0);
		count_grant(m);
	}
	close_box(m, w.box);
	tote_ctx_unref(m->ctx);
	_exit(0);
}
