/* SPDX-License-Identifier: ISC */
/*
 * The command line: options and operands in any order, each option once, everything that is refused
 * from the arguments alone refused here, with the word that was probably meant.
 */
#include "args.h"

#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "out.h"

static const struct {
	const char *name;
	const char *value; /* NULL: a switch */
	const char *about;
} options[OPT_COUNT] = {
	[OPT_ROOT] = {"-C", "ROOT",
		"the orchestration root (else TOTE_ROOT, else the nearest parent)"},
	[OPT_ACTOR] = {"--actor", "NAME", "who does it (else TOTE_ACTOR, else login@host)"},
	[OPT_WAIT] = {"--wait", "SECONDS", "how long to wait for a lock; 10 unless given"},
	[OPT_JSON] = {"--json", NULL, "JSON, one object a line; an error is one object on stderr"},
	[OPT_HELP] = {"--help", NULL, "this text"},
	[OPT_VERSION] = {"--version", NULL, "the version of the library that is running"},
	[OPT_ORIGIN] = {"--origin", "NAME", "its name for ever, best a URL without https://"},
	[OPT_AT] = {"--at", "PATH",
		"where the container is to lie, or the checkpoint to prove under"},
	[OPT_KEY] = {"--key", "FILE", "its signing key, which is copied into the key store"},
	[OPT_REASON] = {"--reason", "TEXT", "why; it stays in the ledger for ever"},
	[OPT_YES] = {"--yes", NULL, "do not ask"},
	[OPT_TO] = {"--to", "DIR",
		"put them below this directory of the container; audit: the last SEQ"},
	[OPT_DRY_RUN] = {"--dry-run", NULL, "say what would be sealed, and seal nothing"},
	[OPT_KIND] = {"--kind", "K",
		"the kind, record unless given; log: only that kind, or a family: 'record.*'"},
	[OPT_FIELD] = {"--field", "K=V", "a header field; may be given many times"},
	[OPT_EXPECT] = {"--expect", "SEQ", "the seq it must get, so that a retry never doubles it"},
	[OPT_LAST] = {"--last", NULL, "print the newest one as it is; sign nothing"},
	[OPT_OUT] = {"-o", "PATH",
		"where to write: a directory, made if it is not there, or a file"},
	[OPT_ENTRY] = {"--entry", "FILE|-", "the entry that the proof is of; - is standard input"},
	[OPT_VKEY] = {"--vkey", "KEY", "the ledger's public key, or a file that holds it"},
	[OPT_WITNESS] = {"--witness", "KEY",
		"a witness's public key that must have cosigned, or a file"},
	[OPT_POLICY] = {"--policy", "FILE", "which logs and witnesses are believed (tlog-policy)"},
	[OPT_CONSISTENCY] = {"--consistency", NULL,
		"prove that the tree of FROM entries is the beginning of that of TO"},
	[OPT_OLD] = {"--old", "N", "how many entries the witness cosigned last; 0 unless given"},
	[OPT_NEW_KEY] = {"--new-key", NULL, "the log has another key than before: accept it"},
	[OPT_ASSET] = {"--asset", "FILE",
		"the file that the entry is said to have sealed; audit: look at this one only"},
	[OPT_LEVEL] = {"--level", "LEVEL", "structure, or full (unless given): every byte read"},
	[OPT_FROM] = {"--from", "SEQ",
		"begin at this entry; audit: look at what was sealed from here"},
	[OPT_AUTHORITY] = {"--authority", "TEXT", "who may order it, and by what right"},
	[OPT_SUCCESSOR] = {"--successor-of", "ID",
		"of an archived one whose ledger takes no more entries"},
	[OPT_SUPERSEDES] = {"--supersedes", "SEQ", "the seal that this one file corrects"},
	[OPT_MEDIA_TYPE] = {"--media-type", "TYPE", "record it of each file: text/plain"},
	[OPT_SOURCE] = {"--source", "TEXT", "record where they come from"},
	[OPT_REVERSE] = {"--reverse", NULL, "the newest first"},
	[OPT_FOLLOW] = {"--follow", NULL, "at the end wait for what comes, until interrupted"},
	[OPT_LIMIT] = {"--limit", "N", "no more than this many; audit: bytes a second, as 20MiB"},
	[OPT_CACHED] = {"--cached", NULL,
		"faster, but what the system has in memory is believed: the verdict says so"},
	[OPT_ONCE] = {"--once", NULL, "do what is due now, then end"},
	[OPT_BUDGET] = {"--budget", "SECONDS", "with --once: take no longer than this"},
	[OPT_CONTINUE] = {"--continue", NULL, "go on where the last audit was cut off"},
	[OPT_MAX_AGE] = {"--max-age", "TIME",
		"do not read again what was read within it: 90s, 15m, 12h, 7d, 2w"},
	[OPT_PARALLEL] = {"--parallel", "N",
		"so many containers at once; as many as processors unless given"},
	[OPT_VERIFY] = {"--verify", NULL, "read again all that an older copy holds"},
};

#define EVERYWHERE (BIT(OPT_ROOT) | BIT(OPT_ACTOR) | BIT(OPT_WAIT) | BIT(OPT_JSON) | BIT(OPT_HELP))

/* Levenshtein's distance, bounded: words longer than the row are as far apart as can be. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], i, j, n = strlen(b);

	if (n + 1 > sizeof(row) / sizeof(row[0]) || strlen(a) > 64)
		return SIZE_MAX;
	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (j = 1; j <= n; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

/* Keeps the nearer of two guesses; a beginning of the word is as good as one wrong letter. */
static void guess(const char *typed, const char *word, const char **best, size_t *best_distance)
{
	size_t typed_length = strlen(typed), d = distance(typed, word);

	if (typed_length >= 2 && !strncmp(typed, word, typed_length) && d > 1)
		d = 1;
	if (d < *best_distance && d <= 2 + (typed_length > 6) && d < typed_length) {
		*best_distance = d;
		*best = word;
	}
}

static int unknown_verb(const struct call *call, const struct verb *verbs, const char *typed)
{
	const char *best = NULL;
	size_t d = SIZE_MAX;

	for (; verbs->name; verbs++)
		guess(typed, verbs->name, &best, &d);
	return best ? -fail_usage(call, "there is no verb '%s'; did you mean '%s'?", typed, best)
		    : -fail_usage(call, "there is no verb '%s'; totectl --help lists them", typed);
}

static int unknown_option(const struct call *call, const char *typed)
{
	uint64_t allowed = EVERYWHERE | (call->verb ? call->verb->options : BIT(OPT_VERSION));
	const char *best = NULL;
	size_t i, d = SIZE_MAX;

	for (i = 0; i < OPT_COUNT; i++) {
		if (allowed & BIT(i))
			guess(typed, options[i].name, &best, &d);
	}
	/* One letter is as near to any other. */
	if (strlen(typed) < 3)
		best = NULL;
	return best ? -fail_usage(call, "no option '%s' here; did you mean '%s'?", typed, best)
		    : -fail_usage(call, "no option '%s' here; see totectl %s--help", typed,
			      call->verb ? "VERB " : "");
}

static void help_options(uint64_t mask)
{
	size_t i;

	for (i = 0; i < OPT_COUNT; i++) {
		char name[32];

		if (!(mask & BIT(i)))
			continue;
		snprintf(name, sizeof(name), "%s%s%s", options[i].name, options[i].value ? " " : "",
			options[i].value ? options[i].value : "");
		printf("    %-16s %s\n", name, options[i].about);
	}
}

/* Lines of text, each behind the same words. */
static void help_lines(const char *before, const char *lines)
{
	size_t n;

	do {
		n = strcspn(lines, "\n");
		printf("%s%.*s\n", before, (int)n, lines);
		lines += n + (lines[n] == '\n');
	} while (*lines);
}

static void help_verb(const struct verb *verb)
{
	char usage[256];

	puts("For example");
	help_lines("    ", verb->example);
	snprintf(usage, sizeof(usage), "%s %s", verb->name, verb->usage);
	puts("\nUsage");
	help_lines("    totectl ", usage);
	printf("\n    %s\n", verb->about);
	if (verb->options) {
		puts("\nOptions");
		help_options(verb->options);
	}
	puts("\nEverywhere");
	help_options(EVERYWHERE);
}

static void help_all(const struct verb *verbs)
{
	puts("For example\n"
	     "    totectl -C archive init --origin archive.example.com/acme\n"
	     "    totectl -C archive provision contracts\n"
	     "    totectl -C archive seal contracts lease.pdf\n"
	     "    totectl -C archive audit\n"
	     "\nUsage\n    totectl [-C ROOT] VERB ...\n\nVerbs (totectl VERB --help says more)");
	for (; verbs->name; verbs++)
		printf("    %-11s %s\n", verbs->name, verbs->about);
	puts("\nEverywhere");
	help_options(EVERYWHERE | BIT(OPT_VERSION));
	puts("\nExit codes\n"
	     "    0 good             1 failed              2 usage\n"
	     "    3 not intact       4 not all looked at   5 a plan has changes\n"
	     "    6 a container unreachable\n"
	     "    10 not a root      11 locked             12 no valid signature by these keys");
}

/* The option that a word names, with a value behind `=` split off; OPT_COUNT for none. */
static size_t find_option(char *word, char **ret_value)
{
	char *equals = !strncmp(word, "--", 2) ? strchr(word, '=') : NULL;
	size_t i, length = equals ? (size_t)(equals - word) : strlen(word);

	*ret_value = equals ? equals + 1 : NULL;
	if (!strcmp(word, "-h"))
		return OPT_HELP;
	for (i = 0; i < OPT_COUNT; i++) {
		if (strlen(options[i].name) == length && !strncmp(word, options[i].name, length))
			return i;
	}
	/* -CROOT and -oDIR, as elsewhere. */
	if (word[0] == '-' && (word[1] == 'C' || word[1] == 'o') && word[2]) {
		*ret_value = word + 2;
		return word[1] == 'C' ? OPT_ROOT : OPT_OUT;
	}
	return OPT_COUNT;
}

static int take_option(struct call *call, char **argv, int argc, int *at)
{
	char *word = argv[*at], *value;
	size_t option = find_option(word, &value);

	if (option == OPT_COUNT)
		return unknown_option(call, word);
	if (!options[option].value && value)
		return -fail_usage(call, "%s takes no value", options[option].name);
	if (options[option].value && !value) {
		if (*at + 1 >= argc)
			return -fail_usage(call, "%s needs a value: %s %s", word,
				options[option].name, options[option].value);
		value = argv[++*at];
	}
	if (option == OPT_FIELD) {
		call->field[call->field_count++] = value;
		call->value[OPT_FIELD] = value;
		return 0;
	}
	if (option == OPT_WITNESS)
		call->witness[call->witness_count++] = value;
	if (call->value[option] && options[option].value && option != OPT_WITNESS)
		return -fail_usage(call, "%s is given twice", options[option].name);
	call->value[option] = value ? value : "";
	return 0;
}

/* Sorts argv into options and operands; the first operand is the verb. */
static int sort_words(struct call *call, const struct verb *verbs, int argc, char **argv)
{
	int i, rc, only_operands = 0;

	for (i = 1; i < argc; i++) {
		const struct verb *v;

		if (!only_operands && !strcmp(argv[i], "--")) {
			only_operands = 1;
		} else if (!only_operands && argv[i][0] == '-' && argv[i][1]) {
			if ((rc = take_option(call, argv, argc, &i)) < 0)
				return rc;
		} else if (call->verb) {
			call->operand[call->operand_count++] = argv[i];
		} else if (!strcmp(argv[i], "help")) {
			call->value[OPT_HELP] = "";
		} else {
			for (v = verbs; v->name && strcmp(v->name, argv[i]) != 0; v++)
				;
			if (!v->name)
				return unknown_verb(call, verbs, argv[i]);
			call->verb = v;
		}
	}
	return 0;
}

static int check_wait(struct call *call)
{
	const char *text = call->value[OPT_WAIT];
	char *end;
	double seconds;

	if (!text)
		return 0;
	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0 && seconds <= 1e9) || strpbrk(text, "xXnN"))
		return -fail_usage(call, "--wait %s: not a number of seconds", text);
	call->wait_us = (int64_t)(seconds * 1e6);
	if (call->wait_us == 0)
		call->wait_us = -1; /* not at all */
	return 0;
}

static int check_actor(struct call *call)
{
	const char *named = call->value[OPT_ACTOR] ? call->value[OPT_ACTOR] : getenv("TOTE_ACTOR");
	const struct passwd *who;
	char host[HOST_NAME_MAX + 1];
	int length;

	if (!named || (!*named && !call->value[OPT_ACTOR])) {
		who = getpwuid(getuid());
		if (gethostname(host, sizeof(host)) < 0)
			strcpy(host, "localhost");
		host[sizeof(host) - 1] = '\0';
		length = who ? snprintf(call->actor, sizeof(call->actor), "%s@%s", who->pw_name,
				       host)
			     : snprintf(call->actor, sizeof(call->actor), "uid-%lu@%s",
				       (unsigned long)getuid(), host);
	} else {
		length = snprintf(call->actor, sizeof(call->actor), "%s", named);
	}
	if (length <= 0 || (size_t)length >= sizeof(call->actor))
		return -fail_usage(call, "the actor is empty or longer than %zu bytes",
			sizeof(call->actor) - 1);
	return 0;
}

/* What the verb's row says of options and operands. */
static int check_row(struct call *call)
{
	const struct verb *v = call->verb;
	size_t i;

	for (i = 0; i < OPT_COUNT; i++) {
		if (call->value[i] && !((EVERYWHERE | v->options) & BIT(i)))
			return unknown_option(call, options[i].name);
		if (!call->value[i] && (v->required & BIT(i)))
			return -fail_usage(call, "%s %s is missing: totectl %s %s", options[i].name,
				options[i].value, v->name, v->usage);
	}
	if (call->operand_count < v->least)
		return -fail_usage(call, "too few words: totectl %s %s", v->name, v->usage);
	if (call->operand_count > v->most)
		return -fail_usage(call, "'%s' is a word too many: totectl %s %s",
			call->operand[v->most], v->name, *v->usage ? v->usage : "and no more");
	return 0;
}

/* Known before anything else, so that even the first error is an object. */
static int wants_json(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strcmp(argv[i], "--json"))
			return 1;
	}
	return 0;
}

static void show_version(const struct call *call)
{
	struct json j;

	if (!call->json) {
		printf("totectl %s\n", tote_version());
		return;
	}
	json_begin(&j, stdout, "version");
	json_string(&j, "version", tote_version());
	json_end(&j);
}

int args_parse(struct call *call, const struct verb *verbs, int argc, char **argv)
{
	int rc;

	call->json = wants_json(argc, argv);
	call->operand = calloc((size_t)argc + 1, sizeof(char *));
	call->field = calloc((size_t)argc + 1, sizeof(char *));
	call->witness = calloc((size_t)argc + 1, sizeof(char *));
	if (!call->operand || !call->field || !call->witness)
		return -fail_usage(call, "no memory for the command line");
	if ((rc = sort_words(call, verbs, argc, argv)) < 0)
		return rc;
	if (call->value[OPT_VERSION]) {
		show_version(call);
		return 1;
	}
	if (call->value[OPT_HELP]) {
		if (call->verb)
			help_verb(call->verb);
		else
			help_all(verbs);
		return 1;
	}
	if (!call->verb)
		return -fail_usage(call, "no verb; totectl --help lists them");
	if ((rc = check_row(call)) < 0 || (rc = check_wait(call)) < 0 ||
		(rc = check_actor(call)) < 0)
		return rc;
	return 0;
}

void args_end(struct call *call)
{
	free(call->operand);
	free(call->field);
	free(call->witness);
	call->operand = NULL;
	call->field = NULL;
	call->witness = NULL;
}

int args_seq(const char *text, uint64_t *ret_seq)
{
	uint64_t n = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9'; c++) {
		if (n > (uint64_t)INT64_MAX / 10)
			return 0;
		n = n * 10 + (uint64_t)(*c - '0');
	}
	if (c == text || *c || n > (uint64_t)INT64_MAX)
		return 0;
	*ret_seq = n;
	return 1;
}
