/* SPDX-License-Identifier: ISC */
/*
 * A root to test with, its consolidated record to look into, and processes that die at a chosen
 * step.
 */
#ifndef ORCHESTRATOR_ROOT_H
#define ORCHESTRATOR_ROOT_H

#include "orchestrator/containers.h"
#include "orchestrator/move_list.h"
#include "orchestrator/moves.h"
#include "store/posix_ctx.h"
#include "support/support.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <toteborch.h>
#include <unistd.h>

#define ROOT_ORIGIN "archive.example.com/acme"

struct root {
	struct scratch scratch;
	tote_ctx *ctx;
	tote_orchestrator *o;
	struct tote_fault fault;
	char path[300];
};

/* The directory is not there yet, nothing is open. */
static inline void root_bare(struct root *r)
{
	memset(r, 0, sizeof(*r));
	/* processes are killed here, never the machine: nothing is gained by waiting for a disk */
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK | X_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	scratch_make(&r->scratch);
	r->ctx = support_ctx(NULL, NULL);
	snprintf(r->path, sizeof(r->path), "%s", scratch_path(&r->scratch, "root"));
}

static inline void root_open(struct root *r)
{
	ck_ok(tote_orchestrator_open(r->ctx, r->path, 0, &r->o, &r->fault), r->fault);
}

static inline void root_close(struct root *r)
{
	if (r->o)
		ck_ok(tote_orchestrator_close(r->o, &r->fault), r->fault);
	r->o = NULL;
}

static inline void root_reopen(struct root *r)
{
	root_close(r);
	root_open(r);
}

/* The same by way of that table of system calls, which stays the caller's. */
static inline void root_reopen_with(struct root *r, const struct kernel *kernel)
{
	root_close(r);
	ck_ok(tote__posix_kernel_set(r->ctx, kernel, &r->fault), r->fault);
	root_open(r);
}

static inline void root_make(struct root *r)
{
	root_bare(r);
	ck_ok(tote_orchestrator_init(r->ctx, r->path, ROOT_ORIGIN, "op@host", 0, &r->fault),
		r->fault);
	root_open(r);
}

static inline void root_remove(struct root *r)
{
	tote_orchestrator_unref(r->o);
	tote_ctx_unref(r->ctx);
	scratch_remove(&r->scratch);
}

static inline uint32_t root_provision(struct root *r, const char *id)
{
	uint32_t was = 0;

	ck_ok(tote_orchestrator_provision(r->o, id, NULL, &was, &r->fault), r->fault);
	return was;
}

static inline tote_box *root_box(struct root *r, const char *id)
{
	tote_box *box = NULL;

	ck_ok(tote_box_open(r->o, id, NULL, &box, &r->fault), r->fault);
	return box;
}

static inline int box_append(tote_box *box, const char *text, struct tote_fault *fault)
{
	struct tote_record record = {
		.kind = "record", .payload = text, .payload_length = strlen(text)};
	uint64_t seq;

	return tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, fault);
}

/* So many records, appended and folded. */
static inline void root_fill(struct root *r, const char *id, int count)
{
	tote_box *box = root_box(r, id);
	char note[8192];
	size_t len;

	for (int i = 0; i < count; i++)
		ck_ok(box_append(box, printed("record %d", i), &r->fault), r->fault);
	ck_ok(tote_box_checkpoint(box, 0, note, sizeof(note), &len, &r->fault), r->fault);
	tote_box_unref(box);
}

static inline int root_move(struct root *r, const char *id, uint32_t state)
{
	return tote_orchestrator_set_state(r->o, id, state, "op@host", "because", 0, &r->fault);
}

static inline uint32_t root_state(struct root *r, const char *id)
{
	struct tote_status status = {.size = sizeof(status)};

	ck_ok(tote_orchestrator_status(r->o, id, &status, &r->fault), r->fault);
	return status.state;
}

/* How many entries of that kind the record has (of that container, unless NULL). */
static inline int root_entries(struct root *r, const char *kind, const char *id)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;
	tote_box *record;
	int count = 0, rc;

	ck_ok(tote_orchestrator_record(r->o, &record, &r->fault), r->fault);
	ck_ok(tote_cursor_open(record, 0, 0, &cursor, &r->fault), r->fault);
	while ((rc = tote_cursor_next(cursor, &e, &r->fault)) == 1) {
		int of = id == NULL;

		for (size_t i = 0; !of && i < e.field_count; i++)
			of = !strcmp(e.fields[i].key, "container") &&
			     e.fields[i].length == strlen(id) &&
			     !memcmp(e.fields[i].value, id, strlen(id));
		count += of && !strcmp(e.kind, kind);
	}
	ck_assert_msg(rc == 0, "%s", r->fault.text);
	tote_cursor_unref(cursor);
	tote_box_unref(record);
	return count;
}

/* "formatted", in a place of the caller's: for names that must last. */
static inline const char *named(char out[512], const char *fmt, ...) PRINTF_LIKE(2, 3);
static inline const char *named(char out[512], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	ck_assert_int_lt(vsnprintf(out, 512, fmt, args), 512);
	va_end(args);
	return out;
}

static inline int run_shell(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void copy_tree(const char *from, const char *to)
{
	ck_assert_int_eq(run_shell(printed("cp -a '%s' '%s'", from, to)), 0);
}

static inline void remove_tree(const char *path)
{
	ck_assert_int_eq(run_shell(printed("chmod -R u+rwX '%s' && rm -rf '%s'", path, path)), 0);
}

/* Of three groups of the container "a" that no checkpoint covers, the one in the middle. */
static inline void harm_second_group(const struct root *r)
{
	ck_assert_int_eq(run_shell(printed("cd '%s/containers/a/ledger/journal' && printf x | "
					   "dd of=$(ls | tail -1) bs=1 seek=12400 "
					   "conv=notrunc 2>/dev/null",
				 r->path)),
		0);
}

/* --- a process that dies at a step ---------------------------------------------------------- */

#define DIED 99

struct mortality {
	struct kernel kernel;
	atomic_long left; /* changes of the disk that are still made, by all threads */
};
static struct mortality mortality;

/* A thread that comes later than the one that dies changes nothing either. */
static inline void step(void)
{
	if (atomic_fetch_sub(&mortality.left, 1) <= 0)
		_exit(DIED);
}

static int mortal_mkdirat(int dir, const char *path, mode_t mode)
{
	step();
	return tote__kernel()->mkdirat(dir, path, mode);
}

static int mortal_linkat(int a, const char *from, int b, const char *to, int flags)
{
	step();
	return tote__kernel()->linkat(a, from, b, to, flags);
}

static int mortal_renameat2(int a, const char *from, int b, const char *to, unsigned int flags)
{
	step();
	return tote__kernel()->renameat2(a, from, b, to, flags);
}

static int mortal_unlinkat(int dir, const char *path, int flags)
{
	step();
	return tote__kernel()->unlinkat(dir, path, flags);
}

static ssize_t mortal_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	step();
	return tote__kernel()->pwrite(fd, data, len, offset);
}

static inline const struct kernel *mortal_kernel(long left)
{
	mortality.kernel = *tote__kernel();
	atomic_store(&mortality.left, left);
	mortality.kernel.mkdirat = mortal_mkdirat;
	mortality.kernel.linkat = mortal_linkat;
	mortality.kernel.renameat2 = mortal_renameat2;
	mortality.kernel.unlinkat = mortal_unlinkat;
	mortality.kernel.pwrite = mortal_pwrite;
	return &mortality.kernel;
}

/*
 * Another process does it, on its own handles, and dies before change number `at` of the disk.
 * 1: it died, 0: it came to its end.
 */
static inline int dies_at(long at, int (*doing)(tote_ctx *ctx, const char *path), const char *path)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct tote_fault fault;
		tote_ctx *ctx = support_ctx(NULL, NULL);
		int rc;

		if (tote__posix_kernel_set(ctx, mortal_kernel(at), &fault) < 0)
			_exit(1);
		rc = doing(ctx, path);
		_exit(rc < 0 ? 2 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "step %ld: killed by signal", at);
	ck_assert_msg(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED,
		"step %ld: it ended with %d", at, WEXITSTATUS(status));
	return WEXITSTATUS(status) == DIED;
}

#endif
