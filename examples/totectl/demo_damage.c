/* SPDX-License-Identifier: ISC */
/*
 * Damage for the demonstration: a copy of the root is hurt in six ways, audited, and the flags that
 * the audit raised are compared with what was done.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo.h"
#include "out.h"
#include "root.h"

/* ---- the copy ---- */

struct copy {
	size_t prefix; /* length of the path that is copied */
	const char *to;
	uint64_t files;
};

static int copy_bytes(int from, int to)
{
	char buffer[65536];
	ssize_t n, m, at;

	while ((n = read(from, buffer, sizeof(buffer))) > 0) {
		for (at = 0; at < n; at += m) {
			if ((m = write(to, buffer + at, (size_t)(n - at))) < 0)
				return -1;
		}
	}
	return n < 0 ? -1 : 0;
}

static int copy_file(const char *from, const char *to, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = out < 0 || copy_bytes(in, out) < 0 || fchmod(out, st->st_mode & 07777) < 0 ||
				 futimens(out, times) < 0
			 ? -1
			 : 0;

	if (out >= 0 && close(out) < 0)
		rc = -1;
	if (in >= 0)
		close(in);
	return rc;
}

static int copy_one(void *user, const char *path, const struct stat *st)
{
	struct copy *copy = user;
	char to[PATH_MAX];

	if (snprintf(to, sizeof(to), "%s%s", copy->to, path + copy->prefix) >= PATH_MAX)
		return -1;
	if (S_ISDIR(st->st_mode))
		return mkdir(to, 0700) < 0 || chmod(to, st->st_mode & 07777) < 0 ? -1 : 0;
	if (!S_ISREG(st->st_mode))
		return 0;
	copy->files++;
	return copy_file(path, to, st);
}

static int copy_root(struct demo *d)
{
	struct copy copy = {strlen(d->root), d->damaged, 0};
	char files[TEXT_MAX];

	if (mkdir(d->damaged, 0700) < 0 || tree_walk(d->root, copy_one, &copy) < 0)
		return fail_system(d->call, errno, "%s could not be copied", d->root);
	demo_say(
		d, "copied %s to %s: %s files", d->root, d->damaged, text_count(files, copy.files));
	return 0;
}

/* ---- six ways to hurt it ---- */

static int open_to_hurt(const char *path, struct stat *st)
{
	int fd;

	if (lstat(path, st) < 0 || chmod(path, (st->st_mode & 07777) | 0200) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 || fchmod(fd, st->st_mode & 07777) < 0 ? -1 : fd;
}

static int flip(const char *path)
{
	struct stat st;
	unsigned char byte;
	int fd = open_to_hurt(path, &st), rc;

	if (fd < 0)
		return -1;
	rc = pread(fd, &byte, 1, st.st_size / 2) == 1 ? 0 : -1;
	byte ^= 1;
	if (rc == 0 && pwrite(fd, &byte, 1, st.st_size / 2) != 1)
		rc = -1;
	return close(fd) < 0 ? -1 : rc;
}

static int cut(const char *path)
{
	struct stat st;
	int fd = open_to_hurt(path, &st), rc;

	if (fd < 0)
		return -1;
	rc = ftruncate(fd, st.st_size / 2);
	return close(fd) < 0 ? -1 : rc;
}

static int put_foreign(const char *path)
{
	static const char text[] = "nobody sealed this\n";
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444), rc;

	if (fd < 0)
		return -1;
	rc = write(fd, text, sizeof(text) - 1) < 0 ? -1 : 0;
	return close(fd) < 0 ? -1 : rc;
}

static int open_mode(const char *path)
{
	return chmod(path, 0644);
}

#define VICTIMS 4u

/* victim: which of the assets chosen; -1: path says. code: the finding that must come of it. */
static struct damage {
	const char *what;
	int (*hurt)(const char *path);
	int victim;
	int code;
	const char *container;
	char path[PATH_MAX / 4]; /* below the container's directory */
} damages[] = {
	{"one bit flipped in an asset", flip, 0, 3001, "contracts", ""},
	{"an asset cut in half", cut, 1, 3002, "contracts", ""},
	{"an asset removed", unlink, 2, 3003, "contracts", ""},
	{"a file that nobody sealed", put_foreign, -1, 3004, "contracts", "assets/slipped-in.txt"},
	{"an asset made writable", open_mode, 3, 3005, "contracts", ""},
	{"one bit flipped in a bundle of the ledger", flip, -1, 1003, "correspondence",
		"ledger/log/tile/entries/000"},
};

#define DAMAGES (sizeof(damages) / sizeof(damages[0]))

/* Four assets, far from each other, large enough to lose half. */
static int choose_victims(struct demo *d, tote_box *box)
{
	struct tote_asset asset;
	tote_asset_list *list;
	uint64_t at = 0, chosen = 0, apart = d->assets / (VICTIMS + 1);
	size_t i;
	int rc;

	if (tote_asset_list_open(box, 0, &list, &d->call->fault) < 0)
		return fail(d->call);
	asset.size = sizeof(asset);
	while ((rc = tote_asset_list_next(list, &asset, &d->call->fault)) == 1) {
		at++;
		if (chosen == VICTIMS || at < (chosen + 1) * apart || asset.bytes < 16 ||
			asset.path_length + 8 > sizeof(damages[0].path))
			continue;
		for (i = 0; i < DAMAGES; i++) {
			if (damages[i].victim == (int)chosen)
				snprintf(damages[i].path, sizeof(damages[i].path), "assets/%s",
					asset.path);
		}
		chosen++;
	}
	tote_asset_list_unref(list);
	if (rc < 0)
		return fail(d->call);
	return chosen == VICTIMS ? 0
				 : fail_system(d->call, 0, "there are too few assets to damage");
}

static int hurt_copy(struct demo *d)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < DAMAGES; i++) {
		const struct damage *x = &damages[i];

		snprintf(path, sizeof(path), "%s/containers/%s/%s", d->damaged, x->container,
			x->path);
		if (x->hurt(path) < 0)
			return fail_system(d->call, errno, "%s", path);
		demo_say(d, "  %zu. %s: %s/%s", i + 1, x->what, x->container, x->path);
	}
	return 0;
}

/* ---- what came of it ---- */

static int was_flagged(struct demo *d, const struct damage *x, struct tote_flag *flag)
{
	uint64_t after = TOTE_SEQ_ANY;

	flag->size = sizeof(*flag);
	while (tote_orchestrator_next_flag(
		       d->call->orchestrator, x->container, after, flag, &d->call->fault) == 1) {
		if (flag->code == x->code && !strcmp(flag->path, x->path))
			return 1;
		after = flag->seq;
	}
	return 0;
}

static int compare(struct demo *d)
{
	struct tote_flag *flag = malloc(sizeof(*flag));
	size_t i, found = 0;
	int code;

	if (!flag)
		return fail_system(d->call, ENOMEM, "flags");
	d->call->value[OPT_ROOT] = d->damaged;
	code = root_open(d->call, TOTE_ORCHESTRATOR_READ_ONLY);
	demo_say(d, "done, and found:");
	for (i = 0; !code && i < DAMAGES; i++) {
		const struct damage *x = &damages[i];

		if (was_flagged(d, x, flag)) {
			found++;
			demo_say(d, "  %zu. %s: TOTE-%04d %s, flag %llu, %s/%s", i + 1, x->what,
				x->code, tote_finding_name(x->code), (unsigned long long)flag->seq,
				x->container, x->path);
		} else {
			demo_say(d, "  %zu. %s: NOT FOUND", i + 1, x->what);
		}
	}
	free(flag);
	code = root_close(d->call, code);
	d->call->value[OPT_ROOT] = d->root;
	if (!code)
		demo_say(d, "%zu of %zu found and named", found, DAMAGES);
	if (found != DAMAGES)
		d->failed = 1;
	return code;
}

int demo_damage(struct demo *d)
{
	tote_box *box;
	int code = root_read(d->call, "contracts", &box);

	if (!code)
		code = box_close(d->call, box, choose_victims(d, box));
	code = root_close(d->call, code);
	if (code || (code = copy_root(d)) != 0 || (code = hurt_copy(d)) != 0)
		return code;
	code = demo_run(d, d->damaged, TOTE_CLASS_INTEGRITY, (const char *const[]){"audit", NULL});
	if (code || (code = compare(d)) != 0)
		return code;
	return demo_run(d, d->damaged, TOTE_CLASS_INTEGRITY, (const char *const[]){"status", NULL});
}
