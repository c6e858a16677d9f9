/* SPDX-License-Identifier: ISC */
/*
 * Files of this machine for the demonstration: sealed into contracts, recorded in finance, and read
 * as plain texts where a machine has been stripped of what is wanted.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo.h"
#include "out.h"
#include "root.h"

#define SEAL_AT_ONCE  256u
#define FINANCE_MOST  6000u
#define FINANCE_BYTES (32u << 20)
#define TEXTS_MOST    2000u

int tree_walk(const char *dir, int (*visit)(void *user, const char *path, const struct stat *st),
	void *user)
{
	struct dirent **name = NULL;
	int i, count = scandir(dir, &name, NULL, alphasort), rc = count < 0 ? -1 : 0;

	for (i = 0; i < count; i++) {
		char path[PATH_MAX];
		struct stat st;

		if (rc == 0 && strcmp(name[i]->d_name, ".") != 0 &&
			strcmp(name[i]->d_name, "..") != 0 &&
			snprintf(path, sizeof(path), "%s/%s", dir, name[i]->d_name) < PATH_MAX &&
			lstat(path, &st) == 0) {
			rc = visit(user, path, &st);
			if (rc == 0 && S_ISDIR(st.st_mode))
				rc = tree_walk(path, visit, user);
		}
		free(name[i]);
	}
	free(name);
	return rc;
}

char *demo_slurp(const char *path, size_t max, size_t *ret_length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	size_t length = 0;
	char *bytes = NULL;
	ssize_t n = 1;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size <= max)
		bytes = malloc((size_t)st.st_size + 1);
	while (bytes && n > 0 && length < (size_t)st.st_size) {
		n = read(fd, bytes + length, (size_t)st.st_size - length);
		length += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	if (bytes)
		bytes[length] = '\0';
	*ret_length = length;
	return bytes;
}

/* ---- contracts ---- */

/* What is to be sealed: container paths and the files behind them, links already followed. */
struct sources {
	struct tote_source *source;
	size_t count;
	uint64_t bytes;
};

static void take_source(
	struct sources *s, const char *path, const char *file, const char *media_type)
{
	struct stat st;
	char *real = realpath(file, NULL);
	struct tote_source *source = &s->source[s->count];

	if (!real || s->count == DEMO_ASSETS || stat(real, &st) < 0 || !S_ISREG(st.st_mode) ||
		st.st_size > (8 << 20) || access(real, R_OK) < 0) {
		free(real);
		return;
	}
	memset(source, 0, sizeof(*source));
	source->path = strdup(path);
	source->file = real;
	source->flags = TOTE_SOURCE_MTIME;
	source->supersedes = TOTE_SEQ_ANY;
	source->media_type = media_type;
	source->source = source->file;
	if (source->path) {
		s->count++;
		s->bytes += (uint64_t)st.st_size;
	}
}

/* Files that a pattern names; part: how many names from the end make the path in the container. */
static void take_pattern(struct sources *s, const char *pattern, const char *to, int part)
{
	char path[PATH_MAX];
	glob_t found;
	size_t i;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return;
	for (i = 0; i < found.gl_pathc; i++) {
		const char *file = found.gl_pathv[i], *name = file + strlen(file);
		int left = part;

		while (name > file && (name[-1] != '/' || --left > 0))
			name--;
		if (snprintf(path, sizeof(path), "%s/%s", to, name) < PATH_MAX)
			take_source(s, path, file, "text/plain");
	}
	globfree(&found);
}

static int take_any(void *user, const char *path, const struct stat *st)
{
	struct sources *s = user;

	if (S_ISREG(st->st_mode) && st->st_size > 0 && st->st_size < (1 << 20))
		take_source(s, path + 1, path, NULL);
	return s->count >= 500;
}

static int seal_sources(struct demo *d, tote_box *box, const struct sources *s)
{
	struct call *call = d->call;
	char done[TEXT_MAX], all[TEXT_MAX];
	size_t i, n;

	for (i = 0; i < s->count; i += n) {
		int64_t began = out_clock();

		n = s->count - i < SEAL_AT_ONCE ? s->count - i : SEAL_AT_ONCE;
		if (tote_box_seal(box, s->source + i, n, call->actor, 0, NULL, &call->fault) < 0)
			return fail(call);
		d->asset_us += out_clock() - began;
		d->assets += n;
		progress(call, "contracts: %s of %s files", text_count(done, d->assets),
			text_count(all, s->count));
	}
	d->asset_bytes = s->bytes;
	return 0;
}

int demo_contracts(struct demo *d)
{
	struct sources s = {calloc(DEMO_ASSETS + 1, sizeof(*s.source)), 0, 0};
	char assets[TEXT_MAX], bytes[TEXT_MAX];
	const char *what = "licence texts and copyright files; links followed on purpose";
	tote_box *box;
	size_t i;
	int code;

	if (!s.source)
		return fail_system(d->call, ENOMEM, "contracts");
	take_pattern(&s, "/usr/share/common-licenses/*", "licences", 1);
	take_pattern(&s, "/usr/share/licenses/*/*", "licences", 2);
	take_pattern(&s, "/usr/share/doc/*/copyright", "copyright", 2);
	if (s.count < 20) {
		what = "there are hardly any copyright files here: with them files of /usr/share";
		tree_walk("/usr/share", take_any, &s);
	}
	code = root_open(d->call, 0);
	if (!code && (code = root_box(d->call, "contracts", 0, &box)) == 0)
		code = box_close(d->call, box, seal_sources(d, box, &s));
	code = root_close(d->call, code);
	progress_end();
	if (!code)
		demo_say(d, "contracts: sealed %s files (%s), %s, in %.2f s",
			text_count(assets, d->assets), what, text_bytes(bytes, d->asset_bytes),
			(double)d->asset_us / 1e6);
	for (i = 0; i < s.count; i++) {
		free((char *)s.source[i].path);
		free((char *)s.source[i].file);
	}
	free(s.source);
	return code;
}

/* ---- finance ---- */

/* A file as one record, or in parts that end with a line where it is large. */
static void add_file(struct batch *b, const char *kind, const char *package, const char *file,
	const char *actor, const char *date)
{
	size_t length, at, part = 1;
	char number[24], *text = demo_slurp(file, 4u << 20, &length);

	if (text && memchr(text, '\0', length))
		length = 0; /* no text */
	for (at = 0; text && at < length && batch_wants(b);) {
		size_t n = length - at < DEMO_PART ? length - at : DEMO_PART;
		const char *line = at + n < length ? memrchr(text + at, '\n', n) : NULL;

		if (line)
			n = (size_t)(line - (text + at)) + 1;
		number[0] = '\0';
		if (part > 1 || n < length)
			snprintf(number, sizeof(number), "%zu", part);
		batch_add(b, kind, actor,
			(const char *const[]){"file", file, "package", package, "part", number,
				"date", date, NULL},
			text + at, n);
		at += n;
		part++;
	}
	free(text);
}

static void add_pattern(
	struct batch *b, struct demo *d, const char *pattern, const char *kind, uint64_t most)
{
	glob_t found;
	size_t i;

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (i = 0; i < found.gl_pathc && batch_wants(b) && batch_count(b) < most; i++) {
		const char *name = strrchr(found.gl_pathv[i], '/') + 1;
		const char *dot = strrchr(name, '.');
		char package[256];

		snprintf(package, sizeof(package), "%.*s", dot ? (int)(dot - name) : 255, name);
		add_file(b, kind, package, found.gl_pathv[i], d->call->actor, "");
	}
	globfree(&found);
}

int demo_finance(struct demo *d)
{
	const char *what = "lists of /var/lib/dpkg/info, one record a list";
	struct batch *b = batch_new(d, "finance");

	if (!b)
		return TOTE_CLASS_FAILED;
	add_pattern(b, d, "/var/lib/dpkg/info/*.md5sums", "record.checksums", FINANCE_MOST / 2);
	add_pattern(b, d, "/var/lib/dpkg/info/*.list", "record.package-list", FINANCE_MOST);
	if (batch_count(b) == 0) {
		what = "there are no package lists here: texts of this machine instead";
		demo_texts(b);
	}
	return batch_end(b, what);
}

/* ---- any texts ---- */

static int add_text(void *user, const char *path, const struct stat *st)
{
	const struct passwd *owner;
	struct batch *b = user;
	char date[TEXT_MAX];

	if (!S_ISREG(st->st_mode) || st->st_size == 0 || st->st_size > DEMO_PART)
		return 0;
	owner = getpwuid(st->st_uid);
	add_file(b, "record.text", "", path, owner ? owner->pw_name : "",
		text_time(
			date, (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000));
	return batch_count(b) >= TEXTS_MOST || !batch_wants(b);
}

void demo_texts(struct batch *b)
{
	static const char *const places[] = {"/usr/share/doc", "/usr/share/perl",
		"/usr/share/perl5", "/usr/lib/python3", "/usr/include", "/usr/share", "/etc"};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]) && batch_count(b) < TEXTS_MOST; i++)
		tree_walk(places[i], add_text, b);
}
