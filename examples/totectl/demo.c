/* SPDX-License-Identifier: ISC */
/*
 * demo: a root, three containers filled with real files of this machine, an audit, a proof, two
 * states, damage done to a copy and found, and the lines to type next.
 */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

void demo_say(const struct demo *d, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	if (d->call->json)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	progress_end();
	out_line("%s", text ? text : "");
	fflush(stdout);
	free(text);
}

static void chapter(const struct demo *d, const char *title)
{
	if (!d->call->json)
		printf("\n%s== %s%s\n", out_colour('b'), title, out_colour('0'));
}

/* ---- running a command as a person would ---- */

/* A word as a shell takes it. */
static void show_word(const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:@,+%";

	putchar(' ');
	if (*word && !word[strspn(word, plain)])
		fputs(word, stdout);
	else
		printf("'%s'", word);
}

static void show_command(
	const struct demo *d, const char *root, const char *const *words, const char *note)
{
	if (d->call->json)
		return;
	printf("%s$ totectl", out_colour('b'));
	if (root) {
		fputs(" -C", stdout);
		show_word(root);
	}
	for (; *words; words++)
		show_word(*words);
	printf("%s%s%s\n", note ? " " : "", note ? note : "", out_colour('0'));
	fflush(stdout);
}

static int run(const char *root, const char *const *words, int json)
{
	char *argv[24];
	int argc = 0;

	argv[argc++] = (char *)"totectl";
	if (root) {
		argv[argc++] = (char *)"-C";
		argv[argc++] = (char *)root;
	}
	if (json)
		argv[argc++] = (char *)"--json";
	for (; *words && argc < 23; words++)
		argv[argc++] = (char *)*words;
	argv[argc] = NULL;
	return totectl(argc, argv);
}

static int judge(struct demo *d, int code, int wanted)
{
	if (code != wanted) {
		d->failed = 1;
		demo_say(d, "(this ended with exit code %d and should have with %d)", code, wanted);
	}
	return code == wanted ? 0 : code ? code : TOTE_CLASS_FAILED;
}

int demo_run(struct demo *d, const char *root, int wanted, const char *const *words)
{
	int code;

	show_command(d, root, words, NULL);
	code = run(root, words, d->call->json);
	if (wanted && code == wanted)
		demo_say(d, "(exit code %d)", code);
	return judge(d, code, wanted);
}

int demo_run_into(struct demo *d, const char *root, const char *const *words, const char *file,
	const char *note)
{
	int fd, kept, code;

	show_command(d, root, words, note);
	fflush(stdout);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0 || kept < 0)
		return fail_system(d->call, errno, "%s", file);
	dup2(fd, STDOUT_FILENO);
	close(fd);
	code = run(root, words, 0); /* what is kept is read again, as text */
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	return judge(d, code, 0);
}

/* ---- chapters ---- */

static int make_root(struct demo *d)
{
	int code;

	chapter(d, "a root and three containers");
	code = demo_run(d, d->root, 0, WORDS("init", "--origin", "demo.example/acme"));
	return code ? code
		    : demo_run(d, d->root, 0,
			      WORDS("provision", "contracts", "finance", "correspondence"));
}

static int fill(struct demo *d)
{
	int code;

	chapter(d,
		"contracts: licence texts and copyright files of this machine, sealed as assets");
	if ((code = demo_contracts(d)) != 0)
		return code;
	chapter(d, "finance: package lists and their checksums, as records");
	if ((code = demo_finance(d)) != 0)
		return code;
	chapter(d, "correspondence: changelog entries, one record an entry, its author as actor");
	return demo_correspondence(d);
}

/* A record from the middle of the correspondence, proven to somebody who has two keys and no root. */
static int prove(struct demo *d)
{
	char directory[1200], keys[1300], entry[1300], proof[1300], seq[24], note[1400];
	struct tote_status status;
	int code;

	chapter(d, "one record, proven offline");
	if ((code = root_open(d->call, TOTE_ORCHESTRATOR_READ_ONLY)) != 0)
		return code;
	status.size = sizeof(status);
	if (tote_orchestrator_status(
		    d->call->orchestrator, "correspondence", &status, &d->call->fault) < 0)
		return fail(d->call);
	if ((code = root_close(d->call, 0)) != 0)
		return code;
	snprintf(seq, sizeof(seq), "%" PRIu64, status.entries / 2);
	snprintf(directory, sizeof(directory), "%s/proof", d->scratch);
	snprintf(keys, sizeof(keys), "%s/keys", directory);
	snprintf(entry, sizeof(entry), "%s/%s.entry", directory, seq);
	snprintf(proof, sizeof(proof), "%s/%s.tlog-proof", directory, seq);
	snprintf(note, sizeof(note), ">%s", keys);
	if ((code = demo_run(
		     d, d->root, 0, WORDS("prove", "correspondence", seq, "-o", directory))) != 0 ||
		(code = demo_run_into(d, d->root, WORDS("keys", "correspondence"), keys, note)) !=
			0)
		return code;
	return demo_run(d, NULL, 0,
		WORDS("verify", proof, "--entry", entry, "--vkey", keys, "--witness", keys));
}

static int states(struct demo *d)
{
	int code;

	chapter(d, "finance is suspended, then archived, and takes nothing more");
	if ((code = demo_run(d, d->root, 0,
		     WORDS("suspend", "finance", "--reason", "year-end closing"))) != 0 ||
		(code = demo_run(d, d->root, 0,
			 WORDS("archive", "finance", "--reason", "the year is closed", "--yes"))) !=
			0)
		return code;
	return demo_run(d, d->root, TOTE_CLASS_FAILED,
		WORDS("append", "finance", "--field", "note=too late"));
}

/* The last lines of a file, as tail prints them. */
static void show_tail(const char *file, size_t lines)
{
	size_t length = 0, at, seen = 0;
	char *text = demo_slurp(file, 64u << 20, &length);

	if (!text)
		return;
	for (at = length; at > 0; at--) {
		if (text[at - 1] == '\n' && at != length && ++seen == lines)
			break;
	}
	fwrite(text + at, 1, length - at, stdout);
	free(text);
}

static int show_record(struct demo *d)
{
	char file[1200];
	int code;

	chapter(d, "the consolidated record, its last lines, and the status of all");
	snprintf(file, sizeof(file), "%s/orchestrator.log", d->scratch);
	code = demo_run_into(d, d->root, WORDS("log", "orchestrator"), file, "| tail -n 12");
	if (code)
		return code;
	show_tail(file, 12);
	unlink(file);
	return demo_run(d, d->root, 0, WORDS("status"));
}

static void figures_json(const struct demo *d)
{
	struct json j;

	json_begin(&j, stdout, "demo");
	json_string(&j, "scratch", d->scratch);
	json_number(&j, "assets", d->assets);
	json_number(&j, "asset_bytes", d->asset_bytes);
	json_integer(&j, "asset_us", d->asset_us);
	json_number(&j, "records", d->records);
	json_number(&j, "record_bytes", d->record_bytes);
	json_integer(&j, "record_us", d->record_us);
	json_integer(&j, "us", out_clock() - d->began);
	json_bool(&j, "as_expected", !d->failed);
	json_end(&j);
}

static void figures(const struct demo *d)
{
	char assets[TEXT_MAX], bytes[TEXT_MAX], records[TEXT_MAX], more[TEXT_MAX], rate[TEXT_MAX];
	double seconds = (double)(out_clock() - d->began) / 1e6;

	if (d->call->json) {
		figures_json(d);
		return;
	}
	chapter(d, "what it took");
	out_line("%.1f s in all; sealing %s assets, %s: %.1f s; appending %s records, %s: %.1f s, "
		 "that "
		 "is %s entries a second",
		seconds, text_count(assets, d->assets), text_bytes(bytes, d->asset_bytes),
		(double)d->asset_us / 1e6, text_count(records, d->records),
		text_bytes(more, d->record_bytes), (double)d->record_us / 1e6,
		text_count(rate,
			d->record_us ? d->records * 1000000 / (uint64_t)d->record_us : d->records));
}

static void what_next(const struct demo *d)
{
	const char *p = d->program;

	if (d->call->json)
		return;
	chapter(d, "what to type next");
	out_line("    cd %s", d->scratch);
	out_line("    %s -C root status", p);
	out_line("    %s -C root log correspondence | tail", p);
	out_line("    %s -C root ls contracts | head", p);
	out_line("    (cd root/containers/contracts/assets && %s manifest contracts | "
		 "sha256sum -c --quiet)",
		p);
	out_line("    %s -C damaged status", p);
	out_line("    %s --help", p);
}

/* ---- the whole ---- */

/*
 * How this program is called again. One that libtool has wrapped (.libs/) finds its library only
 * through the script of the same name beside that directory.
 */
static void find_program(char out[4096])
{
	char path[4096], *name, *above;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	strcpy(out, "totectl");
	if (n <= 0)
		return;
	path[n] = '\0';
	strcpy(out, path);
	name = strrchr(path, '/');
	if (!name || name - path < 6 || strncmp(name - 6, "/.libs", 6) != 0)
		return;
	above = name - 6;
	memmove(above, name, strlen(name) + 1);
	name = above + 1;
	if (!strncmp(name, "lt-", 3))
		memmove(name, name + 3, strlen(name + 3) + 1);
	if (access(path, X_OK) == 0)
		strcpy(out, path);
}

static int make_scratch(struct demo *d)
{
	const char *tmp = getenv("TMPDIR");
	char template[512], *full;

	if (!tmp || !*tmp)
		tmp = "/tmp";
	if ((size_t)snprintf(template, sizeof(template), "%s/totectl-demo-XXXXXX", tmp) >=
		sizeof(template))
		return fail_usage(d->call, "TMPDIR: the path is too long");
	if (!mkdtemp(template))
		return fail_system(d->call, errno, "%s", template);
	full = realpath(template, NULL);
	snprintf(d->scratch, sizeof(d->scratch), "%s",
		full && strlen(full) < 1000 ? full : template);
	free(full);
	snprintf(d->root, sizeof(d->root), "%s/root", d->scratch);
	snprintf(d->damaged, sizeof(d->damaged), "%s/damaged", d->scratch);
	demo_say(d, "everything below lies in %s and stays there", d->scratch);
	return 0;
}

static int story(struct demo *d)
{
	int code;

	if ((code = make_root(d)) != 0 || (code = fill(d)) != 0)
		return code;
	chapter(d, "an audit of everything: every entry, every byte of every asset");
	if ((code = demo_run(d, d->root, 0, WORDS("audit"))) != 0)
		return code;
	if ((code = prove(d)) != 0 || (code = states(d)) != 0)
		return code;
	chapter(d, "a copy of all of it is damaged, and audited");
	if ((code = demo_damage(d)) != 0)
		return code;
	return show_record(d);
}

int verb_demo(struct call *call)
{
	struct demo *d = calloc(1, sizeof(*d));
	int code;

	if (!d)
		return fail_system(call, ENOMEM, "demo");
	d->call = call;
	d->began = out_clock();
	find_program(d->program);
	setenv("TOTE_ACTOR", call->actor, 1);
	code = make_scratch(d);
	if (!code) {
		call->value[OPT_ROOT] = d->root;
		code = story(d);
		if (!code && d->failed)
			code = TOTE_CLASS_FAILED;
		figures(d);
		if (code)
			demo_say(d,
				"the demonstration did not go as it should; what it made is left "
				"in %s",
				d->scratch);
		else
			what_next(d);
	}
	code = root_close(call, code);
	free(d);
	return code;
}
