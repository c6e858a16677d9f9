/* SPDX-License-Identifier: ISC */
/*
 * The gate of a place in a directory tree. Outsiders may write in app-console-input/ itself; what is
 * taken lies in a directory of ours below it, which nobody else may enter, and whose lock says that
 * its taker lives.
 */
#include "store/posix_input.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "store/path.h"
#include "store/posix_way.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define RANDOM_LEN  12
#define NAMES_TRIED 16
#define OWN_MODE    0700

struct taken {
	struct posix_place *place;
	int parent; /* INPUT_TAKEN */
	int dir;    /* RANDOM, locked */
	char random[COMPONENT_MAX + 1];
	char name[COMPONENT_MAX + 1];
};

static int check_name(struct posix_place *p, const char *name, struct tote_fault *fault)
{
	int rc = tote__path_check(name, fault);

	if (rc)
		return rc;
	if (strchr(name, '/') || strncmp(name, ".tote-", 6) == 0)
		return tote__posix_refuse(p, SPACE_INPUT, name, TOTE_E_GRAMMAR, "take",
			"it is no name of a document: one component, not beginning with .tote-",
			fault);
	return 0;
}

/* --- who writes ----------------------------------------------------------------------------- */

/*
 * A lease is refused while anybody has the file open for writing (fcntl(2)). It is held for a
 * moment; who comes just then is announced by a signal that nobody dies of.
 */
static int writer_of(const struct kernel *k, int fd)
{
	if (k->setsig(fd, SIGURG) != 0)
		return STORE_WRITER_UNKNOWN;
	if (k->setlease(fd, F_RDLCK) != 0)
		return errno == EAGAIN ? STORE_WRITER_THERE : STORE_WRITER_UNKNOWN;
	k->setlease(fd, F_UNLCK);
	return STORE_WRITER_NONE;
}

/* A second link is another way to write to it. */
static int check_document(struct posix_place *p, const char *name, const struct store_stat *st,
	struct tote_fault *fault)
{
	if (st->type != STORE_FILE)
		return tote__posix_refuse(p, SPACE_INPUT, name, TOTE_E_UNTRUSTED, "take",
			"it is not a regular file", fault);
	if (st->links > 1)
		return tote__posix_refuse(p, SPACE_INPUT, name, TOTE_E_UNTRUSTED, "take",
			"it has a second link", fault);
	return 0;
}

int tote__posix_input_look(void *place, const char *name, int *ret_writer, struct tote_fault *fault)
{
	struct posix_place *p = place;
	struct store_stat st;
	int fd, rc = tote__posix_enter(p, fault);

	if (rc)
		return rc;
	rc = tote__posix_open_file(p, SPACE_INPUT, name, O_RDONLY, "look at", &fd, &st, fault);
	if (rc == 0) {
		rc = check_document(p, name, &st, fault);
		if (rc == 0)
			*ret_writer = writer_of(p->backend->kernel, fd);
		tote__io_close(p->backend->kernel, &fd);
	}
	tote__posix_leave(p);
	return rc;
}

/* --- directories of ours -------------------------------------------------------------------- */

/*
 * app-console-input/NAME, made where missing. One that somebody else put there, or may write to,
 * is none of ours.
 */
static int own_dir(struct posix_place *p, const char *name, int *ret_fd)
{
	const struct kernel *k = p->backend->kernel;
	struct store_stat st;
	struct statx sx;
	int top, fd, err = tote__posix_open_dir(p, SPACE_INPUT, "", 0, &top);

	if (err)
		return err;
	if (k->mkdirat(top, name, OWN_MODE) != 0 && errno != EEXIST)
		err = errno;
	if (!err)
		err = tote__io_open(k, top, name, O_RDONLY | O_DIRECTORY, 0, 0, &fd);
	if (!err) {
		err = tote__io_statx(k, fd, NULL, &sx);
		if (!err) {
			tote__io_stat_of(&sx, UINT64_MAX, &st);
			if (sx.stx_uid != geteuid() || st.mode & 077u)
				err = EPERM;
		}
		if (!err)
			err = tote__io_sync(k, top);
		if (err)
			tote__io_close(k, &fd);
	}
	tote__io_close(k, &top);
	if (!err)
		*ret_fd = fd;
	return err;
}

static int lock_dir(const struct kernel *k, int fd)
{
	int rc;

	do {
		rc = k->flock(fd, LOCK_EX | LOCK_NB);
	} while (rc != 0 && errno == EINTR);
	return rc == 0 ? 0 : errno;
}

/* A new directory below INPUT_TAKEN, locked before anything lies in it. */
static int make_random(struct taken *t)
{
	const struct kernel *k = t->place->backend->kernel;
	uint8_t random[RANDOM_LEN];
	int err = EAGAIN;

	for (int i = 0; err == EAGAIN && i < NAMES_TRIED; i++) {
		tote__random_bytes(random, sizeof(random));
		tote__hex_encode(random, sizeof(random), t->random);
		if (k->mkdirat(t->parent, t->random, OWN_MODE) != 0) {
			err = errno == EEXIST ? EAGAIN : errno;
			continue;
		}
		err = tote__io_open(k, t->parent, t->random, O_RDONLY | O_DIRECTORY, 0, 0, &t->dir);
		if (err)
			continue;
		err = lock_dir(k, t->dir);
		if (!err && !tote__io_is_same(k, t->parent, t->random, t->dir))
			err = EAGAIN; /* an adopter found it empty and removed it */
		if (err == EWOULDBLOCK)
			err = EAGAIN;
		if (err)
			tote__io_close(k, &t->dir);
	}
	return err;
}

static void taken_free(struct taken *t)
{
	const struct kernel *k = t->place->backend->kernel;

	if (t->dir >= 0)
		k->unlinkat(t->parent, t->random, AT_REMOVEDIR); /* kept while something is in it */
	tote__io_close(k, &t->dir);
	tote__io_close(k, &t->parent);
	tote__heap_free(t->place->backend->heap, t);
}

static struct taken *taken_new(struct posix_place *p, const char *name, struct tote_fault *fault)
{
	struct taken *t = tote__heap_new(p->backend->heap, 1, sizeof(*t), fault);

	if (!t)
		return NULL;
	t->place = p;
	t->parent = t->dir = -1;
	snprintf(t->name, sizeof(t->name), "%s", name);
	return t;
}

static void tell_path(const struct taken *t, char out[TAKEN_PATH_MAX])
{
	snprintf(out, TAKEN_PATH_MAX, INPUT_TAKEN "/%.30s/%.255s", t->random, t->name);
}

/* --- taking --------------------------------------------------------------------------------- */

static int rename_from_top(struct taken *t)
{
	const struct kernel *k = t->place->backend->kernel;
	int top, err = tote__posix_open_dir(t->place, SPACE_INPUT, "", 0, &top);

	if (err)
		return err;
	/* the way there is durable before the name is, and the name there before the old one goes */
	err = tote__io_sync(k, t->parent);
	if (!err)
		err = tote__io_rename_new(k, top, t->name, t->dir, t->name);
	if (!err)
		err = tote__io_sync(k, t->dir);
	if (!err)
		err = tote__io_sync(k, top);
	tote__io_close(k, &top);
	return err;
}

static int rename_to_top(struct taken *t)
{
	const struct kernel *k = t->place->backend->kernel;
	int top, err = tote__posix_open_dir(t->place, SPACE_INPUT, "", 0, &top);

	if (err)
		return err;
	err = tote__io_rename_new(k, t->dir, t->name, top, t->name);
	if (!err)
		err = tote__io_sync(k, top);
	tote__io_close(k, &top);
	return err;
}

/* Looked at once more where nobody can exchange it any more. */
static int check_taken(struct taken *t, struct tote_fault *fault)
{
	struct store_stat st;
	int rc, err = tote__io_stat(t->place->backend->kernel, t->dir, t->name, UINT64_MAX, &st);

	if (err)
		return tote__posix_fault(t->place, SPACE_INPUT, t->name, err, "take", fault);
	rc = check_document(t->place, t->name, &st, fault);
	if (rc)
		rename_to_top(t); /* where that fails, whoever adopts it does */
	return rc;
}

static int take(struct taken *t, struct tote_fault *fault)
{
	struct posix_place *p = t->place;
	int err = own_dir(p, INPUT_TAKEN, &t->parent);

	if (!err)
		err = make_random(t);
	if (err)
		return tote__posix_fault(p, SPACE_INPUT, INPUT_TAKEN, err, "make", fault);
	err = rename_from_top(t);
	if (err)
		return tote__posix_fault(p, SPACE_INPUT, t->name, err, "take", fault);
	return check_taken(t, fault);
}

int tote__posix_input_take(void *place, const char *name, void **ret_taken,
	char ret_path[TAKEN_PATH_MAX], struct tote_fault *fault)
{
	struct posix_place *p = place;
	struct taken *t;
	int rc = check_name(p, name, fault);

	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	t = taken_new(p, name, fault);
	rc = t ? take(t, fault) : fault->code;
	if (rc && t)
		taken_free(t);
	tote__posix_leave(p);
	if (rc)
		return rc;
	tell_path(t, ret_path);
	*ret_taken = t;
	return 0;
}

/* --- what a dead taker held ----------------------------------------------------------------- */

static int adopt(struct taken *t, struct tote_fault *fault)
{
	struct posix_place *p = t->place;
	const struct kernel *k = p->backend->kernel;
	int err = own_dir(p, INPUT_TAKEN, &t->parent);

	if (!err)
		err = tote__io_open(k, t->parent, t->random, O_RDONLY | O_DIRECTORY, 0, 0, &t->dir);
	if (!err)
		err = lock_dir(k, t->dir);
	if (!err)
		return 0;
	if (err == EWOULDBLOCK || err == EAGAIN)
		return tote__posix_refuse(p, SPACE_INPUT, t->name, TOTE_E_BUSY, "adopt",
			"another process has taken it and is still at work", fault);
	return tote__posix_fault(p, SPACE_INPUT, t->name, err, "adopt", fault);
}

int tote__posix_input_adopt(void *place, const char *random, const char *name, void **ret_taken,
	char ret_path[TAKEN_PATH_MAX], struct tote_fault *fault)
{
	struct posix_place *p = place;
	struct taken *t;
	int rc = tote__path_check(random, fault);

	if (rc == 0 && *name)
		rc = check_name(p, name, fault);
	if (rc == 0 && (strchr(random, '/') || strlen(random) > 2 * RANDOM_LEN))
		rc = tote__posix_refuse(p, SPACE_INPUT, random, TOTE_E_GRAMMAR, "adopt",
			"no taker makes such a name", fault);
	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	t = taken_new(p, name, fault);
	if (t)
		snprintf(t->random, sizeof(t->random), "%s", random);
	rc = t ? adopt(t, fault) : fault->code;
	if (rc && t) {
		tote__io_close(p->backend->kernel, &t->dir); /* it is its taker's */
		taken_free(t);
	}
	tote__posix_leave(p);
	if (rc)
		return rc;
	tell_path(t, ret_path);
	*ret_taken = t;
	return 0;
}

/* --- its ends ------------------------------------------------------------------------------- */

static int reject(struct taken *t, uint64_t seq)
{
	const struct kernel *k = t->place->backend->kernel;
	char name[PATH_KEPT_MAX];
	int dir, err = own_dir(t->place, INPUT_REJECTED, &dir);

	if (err)
		return err;
	snprintf(name, sizeof(name), "%" PRIu64, seq);
	err = tote__io_rename_new(k, t->dir, t->name, dir, name);
	if (!err)
		err = tote__io_sync(k, dir);
	if (!err)
		err = tote__io_sync(k, t->dir);
	tote__io_close(k, &dir);
	return err;
}

static int drop(struct taken *t)
{
	const struct kernel *k = t->place->backend->kernel;

	if (k->unlinkat(t->dir, t->name, 0) != 0)
		return errno;
	return tote__io_sync(k, t->dir);
}

enum { GIVE_BACK, DROP, REJECT };

static int end(struct taken *t, int how, uint64_t seq, struct tote_fault *fault)
{
	static const char *const verbs[] = {"give back", "remove", "reject"};
	struct posix_place *p = t->place;
	int err, rc = tote__posix_enter_write(p, fault);

	if (rc == 0) {
		err = !*t->name          ? 0
		      : how == GIVE_BACK ? rename_to_top(t)
		      : how == DROP      ? drop(t)
					 : reject(t, seq);
		if (err)
			rc = tote__posix_fault(p, SPACE_INPUT, t->name, err, verbs[how], fault);
		tote__posix_leave(p);
	}
	taken_free(t);
	return rc;
}

int tote__posix_input_give_back(void *taken, struct tote_fault *fault)
{
	return end(taken, GIVE_BACK, 0, fault);
}

int tote__posix_input_drop(void *taken, struct tote_fault *fault)
{
	return end(taken, DROP, 0, fault);
}

int tote__posix_input_reject(void *taken, uint64_t seq, struct tote_fault *fault)
{
	return end(taken, REJECT, seq, fault);
}
