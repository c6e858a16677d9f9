/* SPDX-License-Identifier: ISC */
/*
 * Correspondence for the demonstration: the entries of Debian changelogs, unpacked by a child
 * `gzip -dc`. Each has an author and a date, as letters do (Debian Policy 4.4).
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"
#include "out.h"

#define AT_ONCE     64u  /* files a child */
#define PER_PACKAGE 800u /* entries, so that no package fills the archive alone */
#define FEW         200u /* fewer than that, and the changelogs have been stripped */

extern char **environ;

/* One entry while its lines come in, and what is known of the package it belongs to. */
struct letter {
	struct batch *batch;
	char package[128], version[128], distribution[128];
	char newest[128]; /* version of the package's first entry here */
	unsigned taken;   /* of this package */
	int open;         /* a first line was seen and no last one yet */
	int skip;         /* this package's entries were taken before, or are enough */
	char *text;
	size_t length;
	char (*done)[128]; /* packages that were begun */
	size_t done_count;
	uint64_t too_large;
};

static void cut_copy(char out[128], const char *from, size_t length)
{
	snprintf(out, 128, "%.*s", (int)(length < 127 ? length : 127), from);
}

/* `package (version) distribution; urgency=...`: 1 where the line is the first of an entry. */
static int first_line(
	const char *line, char package[128], char version[128], char distribution[128])
{
	const char *bracket = strstr(line, " ("), *close, *semicolon;

	if (!isalnum((unsigned char)line[0]) || !bracket ||
		strcspn(line, " ") != (size_t)(bracket - line))
		return 0;
	close = strstr(bracket, ") ");
	semicolon = close ? strchr(close, ';') : NULL;
	if (!semicolon)
		return 0;
	cut_copy(package, line, (size_t)(bracket - line));
	cut_copy(version, bracket + 2, (size_t)(close - bracket - 2));
	cut_copy(distribution, close + 2, (size_t)(semicolon - close - 2));
	return 1;
}

/* Many packages carry the changelog of one source; each source is taken once. */
static void meet_package(struct letter *l, const char *package, const char *version)
{
	size_t i;

	if (!strcmp(package, l->package)) {
		if (l->taken >= PER_PACKAGE || !strcmp(version, l->newest))
			l->skip = 1;
		return;
	}
	snprintf(l->package, sizeof(l->package), "%s", package);
	snprintf(l->newest, sizeof(l->newest), "%s", version);
	l->taken = 0;
	l->skip = 0;
	for (i = 0; i < l->done_count && !l->skip; i++)
		l->skip = !strcmp(l->done[i], package);
	if (!l->skip && l->done_count < DEMO_RECORDS)
		snprintf(l->done[l->done_count++], 128, "%s", package);
}

/* RFC 5322 date to RFC 3339; as it is written where it does not parse. */
static void write_date(char out[64], const char *text)
{
	char time_text[TEXT_MAX];
	struct tm tm;
	const char *end;

	memset(&tm, 0, sizeof(tm));
	end = strptime(text, "%a, %d %b %Y %H:%M:%S %z", &tm);
	if (end) {
		long offset = tm.tm_gmtoff;

		snprintf(out, 64, "%s",
			text_time(time_text, ((int64_t)timegm(&tm) - offset) * 1000000));
	} else {
		snprintf(out, 64, "%.*s", (int)strcspn(text, "\r\n"), text);
	}
}

/* ` -- Name <address>  date`: the entry is whole. */
static void last_line(struct letter *l, const char *line)
{
	const char *name = line + 4, *end = strstr(name, ">  ");
	char actor[512], date[64];

	l->open = 0;
	if (!end)
		return;
	snprintf(actor, sizeof(actor), "%.*s", (int)(end + 1 - name), name);
	write_date(date, end + 3 + strspn(end + 3, " "));
	if (l->length > DEMO_PART) {
		l->too_large++;
		return;
	}
	batch_add(l->batch, "record.letter", actor,
		(const char *const[]){"date", date, "distribution", l->distribution, "package",
			l->package, "version", l->version, NULL},
		l->text, l->length);
	l->taken++;
}

static void take_line(struct letter *l, const char *line, size_t length)
{
	char package[128], version[128], distribution[128];

	if (first_line(line, package, version, distribution)) {
		meet_package(l, package, version);
		snprintf(l->version, sizeof(l->version), "%s", version);
		snprintf(l->distribution, sizeof(l->distribution), "%s", distribution);
		l->open = !l->skip;
		l->length = 0;
	} else if (l->open && !strncmp(line, " -- ", 4)) {
		last_line(l, line);
	} else if (l->open && l->length + length <= DEMO_PART + 1) {
		memcpy(l->text + l->length, line, length);
		l->length += length;
	}
}

/* Starts `gzip -dc FILE...` and gives the stream that it writes. */
static FILE *start_gzip(char **files, size_t count, pid_t *ret_child)
{
	char *argv[AT_ONCE + 4] = {(char *)"gzip", (char *)"-dc", (char *)"--"};
	posix_spawn_file_actions_t actions;
	int ends[2], rc;

	memcpy(argv + 3, files, count * sizeof(*files));
	argv[count + 3] = NULL;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(ret_child, "gzip", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (rc != 0) {
		close(ends[0]);
		return NULL;
	}
	return fdopen(ends[0], "r");
}

static void read_files(struct letter *l, char **files, size_t count)
{
	pid_t child;
	FILE *stream = start_gzip(files, count, &child);
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!stream)
		return;
	while (batch_wants(l->batch) && (n = getline(&line, &cap, stream)) > 0)
		take_line(l, line, (size_t)n);
	free(line);
	fclose(stream); /* what is still to come ends with a broken pipe */
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static void read_changelogs(struct letter *l)
{
	glob_t found;
	size_t i, n;

	if (glob("/usr/share/doc/*/changelog*.gz", 0, NULL, &found) != 0)
		return;
	for (i = 0; i < found.gl_pathc && batch_wants(l->batch); i += n) {
		n = found.gl_pathc - i < AT_ONCE ? found.gl_pathc - i : AT_ONCE;
		read_files(l, found.gl_pathv + i, n);
	}
	globfree(&found);
}

int demo_correspondence(struct demo *d)
{
	const char *what = "entries of /usr/share/doc/*/changelog*.gz";
	struct letter l;

	memset(&l, 0, sizeof(l));
	l.text = malloc(DEMO_PART + 1);
	l.done = malloc(DEMO_RECORDS * sizeof(*l.done));
	l.batch = l.text && l.done ? batch_new(d, "correspondence") : NULL;
	if (!l.batch) {
		free(l.text);
		free(l.done);
		return TOTE_CLASS_FAILED;
	}
	read_changelogs(&l);
	if (batch_count(l.batch) < FEW) {
		what = "the changelogs were stripped from this machine: texts of it instead, their "
		       "owner as actor";
		demo_texts(l.batch);
	}
	if (l.too_large)
		demo_say(d, "%llu changelog entries larger than %u bytes were left out",
			(unsigned long long)l.too_large, DEMO_PART);
	free(l.text);
	free(l.done);
	return batch_end(l.batch, what);
}
