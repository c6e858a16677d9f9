/* SPDX-License-Identifier: ISC */
/*
 * Fleet files written to harm: each is refused at its place, at once, and with little memory, that
 * of the YAML parser counted in.
 */
#include "orchestrator/fleet_file.h"
#include "orchestrator/fleet_input.h"
#include <malloc.h>
#include <time.h>
#include <toteborch.h>

#ifdef __SANITIZE_ADDRESS__
#define MS_MAX 1000 /* every byte is looked after */
#else
#define MS_MAX 100
#endif
#define MEMORY_MAX (16u << 20)

/* --- memory, counted ------------------------------------------------------------------------ */

/*
 * The parser allocates by functions of its own that a program may have its own of (yaml_private.h):
 * these. Where the parser is linked otherwise they are not called, and the test says so.
 */
static struct counted {
	size_t now, most, parser;
} counted;

#define SEEN __attribute__((visibility("default")))
SEEN void *yaml_malloc(size_t size);
SEEN void *yaml_realloc(void *block, size_t size);
SEEN void yaml_free(void *block);
SEEN char *yaml_strdup(const char *s);

static void *resize(void *block, size_t size)
{
	size_t before = block ? malloc_usable_size(block) : 0;
	void *p = realloc(block, size);

	if (p) {
		counted.now += malloc_usable_size(p) - before;
		if (counted.now > counted.most)
			counted.most = counted.now;
	}
	return p;
}

static void give_back(void *block)
{
	if (block)
		counted.now -= malloc_usable_size(block);
	free(block);
}

void *yaml_realloc(void *block, size_t size)
{
	counted.parser++;
	return resize(block, size ? size : 1);
}

void *yaml_malloc(size_t size)
{
	return yaml_realloc(NULL, size);
}

void yaml_free(void *block)
{
	give_back(block);
}

char *yaml_strdup(const char *s)
{
	size_t len = strlen(s) + 1;
	char *copy = yaml_malloc(len);

	return copy ? memcpy(copy, s, len) : NULL;
}

static void *host_resize(void *user, void *block, size_t size)
{
	(void)user;
	return resize(block, size);
}

static void host_release(void *user, void *block)
{
	(void)user;
	give_back(block);
}

static tote_ctx *counting_ctx(void)
{
	const struct tote_allocator allocator = {
		.size = sizeof(allocator), .resize = host_resize, .release = host_release};
	const struct tote_ctx_options options = {.size = sizeof(options), .allocator = &allocator};
	struct tote_fault fault;
	tote_ctx *ctx = NULL;

	ck_ok(tote_ctx_new(&options, &ctx, &fault), fault);
	tote_fleet_unref(fleet_of(ctx, "")); /* what a context makes once */
	return ctx;
}

/* --- files ---------------------------------------------------------------------------------- */

struct file {
	char *bytes;
	size_t len;
};

static struct file repeated(const char *before, const char *what, size_t times, const char *behind)
{
	size_t n = strlen(what);
	struct file f = {.len = strlen(before) + n * times + strlen(behind)};

	f.bytes = malloc(f.len + 1);
	ck_assert_ptr_nonnull(f.bytes);
	memcpy(f.bytes, before, strlen(before));
	for (size_t i = 0; i < times; i++)
		memcpy(f.bytes + strlen(before) + i * n, what, n);
	memcpy(f.bytes + f.len - strlen(behind), behind, strlen(behind) + 1);
	return f;
}

#define V "version: 1\n"
#define C V "containers:\n"

#define LAUGHS                                                                                     \
	V "a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n"                                          \
	  "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"                                                   \
	  "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"                                                   \
	  "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"

static const struct {
	const char *what, *before, *piece;
	size_t times;
	const char *behind;
	const char *wanted; /* stands in what is told */
} hostile[] = {
	{"brackets", V "policy: ", "[", 100000, "", "levels deep"},
	{"braces", V "policy: ", "{", 100000, "", "levels deep"},
	{"brackets from the first byte on", "", "[", 100000, "", "levels deep"},
	{"pairs of brackets", V "policy: [", "[],", 100000, "]", "not a list"},
	{"nested keys", V "policy: ", "{a: ", 100000, "", "levels deep"},
	{"dashes", V "policy:\n", "- ", 100000, "", "levels deep"},
	{"question marks", V, "? ", 100000, "", "levels deep"},
	{"colons", V, ": ", 100000, "", ":"},
	{"billion laughs", LAUGHS, "", 0, "", "an alias (*a)"},
	{"a merge of laughs", V "a: &a {x: 1}\ncontainers: {b: {", "<<: *a,", 20000, "}}",
		"an alias"},
	{"anchors", V "policy: [", "&a ,", 100000, "]", "an anchor"},
	{"tags", V "policy: [", "!t ,", 100000, "]", "a tag"},
	{"a long tag", V "policy: !", "t", 1000000, " x", "too much text"},
	{"a long anchor", V "policy: &", "a", 1000000, " x", "too much text"},
	{"directives", "", "%TAG !a! tag:x\n", 1048576 / 15, V, "1:1 a directive"},
	{"directives behind a comment", "# x\n", "%YAML 1.1\n", 104857, V, "2:1 a directive"},
	{"reserved directives", V "...\n", "%X y\n", 200000, V, "3:1 a directive"},
	{"documents", V, "---\n", 262144, "", "a second document"},
	{"document ends", V, "...\n", 262144, "", ""},
	{"comments", V, "# comment\n", 1500000, "", "too much text"},
	{"empty lines", V, "\n", 15000000, "", "too much text"},
	{"blanks", V, " ", 15000000, "", "too much text"},
	{"a long word", V "policy: ", "a", 15000000, "", "too much text"},
	{"a long quoted text", V "policy: \"", "a", 15000000, "\"", "too much text"},
	{"a long block of text", V "policy: |\n", " a\n", 5000000, "", "too much text"},
	{"folded lines", V "policy: a\n", " a\n", 5000000, "", "too much text"},
	{"a long key", V, "a", 15000000, ": b\n", "too much text"},
	{"repeated keys", "", V, 95325, "", "a second time"},
	{"repeated containers", C, "  a: {}\n", 30000, "", "a second time"},
	{"repeated fields", C "  a: {", "state: active,", 70000, "}", "a second time"},
	{"unknown keys", V, "x: y\n", 1000000, "", "and more from here on"},
	{"unknown long keys", V,
		"containerscontainerscontainerscontainerscontainerscontainers: y\n", 200000, "",
		"and more from here on"},
	{"bad IDs", C, "  A: {}\n", 1000000, "", "and more from here on"},
	{"many containers", C, "  b: {}\n", 1000000, "", "more than 32768 containers"},
	{"byte order marks", "", "\xEF\xBB\xBF", 300000, V, "1:1 a byte order mark"},
	{"line separators", V, "\xE2\x80\xA8", 300000, "", "a line separator"},
	{"carriage returns", V, "\r", 300000, "", "a carriage return"},
	{"lone surrogates", V "policy: ", "\xED\xA0\x80", 100000, "",
		"2:9 a byte that is not UTF-8"},
	{"escaped lone surrogates", V "policy: [", "\"\\ud800\",", 10000, "]",
		"2:13 found invalid Unicode"},
	{"overlong forms", V "policy: ", "\xC0\xAF", 100000, "", "2:9 a byte that is not UTF-8"},
	{"escapes", V "policy: [", "\"\\x07\\0\\e\",", 100000, "]", "not a list"},
	{"controls", V "policy: ", "\x07", 100000, "", "2:9 a control character"},
	{"UTF-16", "\xFF\xFEv", "x", 1000, "", "1:1 this is UTF-16"},
};

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Twice: the first time pages are new. */
static void judge(tote_ctx *ctx, const struct file *f, const char *what, const char *wanted)
{
	for (int i = 0; i < 2; i++) {
		size_t before = counted.now;
		long begin = milliseconds(), took;
		tote_fleet *fleet;
		const char *problems;

		counted.most = counted.now;
		fleet = fleet_of_bytes(ctx, f->bytes, f->len);
		took = milliseconds() - begin;
		problems = problems_of(fleet);
		ck_assert_msg(
			problems[0] && strstr(problems, wanted), "%s: %.300s", what, problems);
		ck_assert_msg(counted.most - before < MEMORY_MAX, "%s: %zu bytes", what,
			counted.most - before);
		if (i)
			ck_assert_msg(took < MS_MAX, "%s: %ld ms", what, took);
		tote_fleet_unref(fleet);
		ck_assert_msg(counted.now == before, "%s: not given back", what);
	}
}

START_TEST(a_hostile_file_is_refused_within_a_tenth_of_a_second_and_sixteen_mebibytes)
{
	tote_ctx *ctx = counting_ctx();

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct file f = repeated(
			hostile[i].before, hostile[i].piece, hostile[i].times, hostile[i].behind);

		judge(ctx, &f, hostile[i].what, hostile[i].wanted);
		free(f.bytes);
	}
	ck_assert_msg(counted.parser > 0, "the parser's memory was not counted");
	tote_ctx_unref(ctx);
	ck_assert_uint_eq(counted.now, 0);
}
END_TEST

START_TEST(a_nul_byte_anywhere_is_named_at_its_place)
{
	tote_ctx *ctx = counting_ctx();
	const char text[] = C "  a: {state: active}\n";

	for (size_t at = 0; at + 1 < sizeof(text); at++) {
		char file[sizeof(text)];
		tote_fleet *f;

		memcpy(file, text, sizeof(text));
		file[at] = '\0';
		f = fleet_of_bytes(ctx, file, sizeof(text) - 1);
		ck_assert_ptr_nonnull(strstr(problems_of(f), "a NUL byte"));
		tote_fleet_unref(f);
	}
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(more_than_sixteen_mebibytes_are_not_looked_at)
{
	tote_ctx *ctx = counting_ctx();
	struct tote_fault fault;
	tote_fleet *f = NULL;

	ck_fault(tote_fleet_parse(ctx, "x", TOTE_FLEET_BYTES_MAX + 1, "big.yaml", &f, &fault),
		TOTE_E_TOO_LARGE, fault);
	ck_assert_ptr_null(f);
	tote_ctx_unref(ctx);
}
END_TEST

/* As much text as is allowed: the bound is one of the containers that are declared. */
START_TEST(each_container_that_is_declared_allows_for_its_text)
{
	tote_ctx *ctx = counting_ctx();
	struct file notes =
		repeated("", "# a line of notes that somebody keeps here........\n", 1200, "");
	size_t room = strlen(C) + 40 * (notes.len + 32), len;
	char *file = malloc(room);
	tote_fleet *f;

	ck_assert_ptr_nonnull(file);
	len = (size_t)snprintf(file, room, C);
	for (int i = 0; i < 40; i++)
		len += (size_t)snprintf(file + len, room - len, "  a%d: {}\n%s", i, notes.bytes);
	f = fleet_of_bytes(ctx, file, len);
	ck_assert_str_eq(problems_of(f), "");
	ck_assert_uint_eq(f->count, 40);
	tote_fleet_unref(f);
	free(file);
	free(notes.bytes);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(a_fleet_of_ten_thousand_is_read)
{
	tote_ctx *ctx = counting_ctx();
	size_t room = 10000 * 160 + 64, len;
	char *file = malloc(room);
	tote_fleet *f;

	ck_assert_ptr_nonnull(file);
	len = (size_t)snprintf(file, room, C);
	for (int i = 0; i < 10000; i++)
		len += (size_t)snprintf(file + len, room - len,
			"  c-%05d:\n    location: /srv/archive/c-%05d\n    policy: {full-every: "
			"2w, overdue-after: 3w}\n",
			i, i);
	f = fleet_of_bytes(ctx, file, len);
	ck_assert_str_eq(problems_of(f), "");
	ck_assert_uint_eq(f->count, 10000);
	tote_fleet_unref(f);
	free(file);
	tote_ctx_unref(ctx);
}
END_TEST

/* --- whatever comes ------------------------------------------------------------------------- */

static const char seed_file[] = "version: 1 # x\n"
				"policy: {full-every: 2w, overdue-after: \"4w\"}\n"
				"orchestrator:\n  policy:\n    structure-every: 12h\n"
				"containers:\n"
				"  acme-contracts:\n    backend: posix\n    location: '/srv/acme'\n"
				"    state: suspended\n    policy:\n      window: 22:00-04:00\n"
				"      on-flag: suspend\n"
				"  ? finance\n  : >-\n    text\n  b: [x, {y: z}]\n  c: ~\n";

static uint64_t roll(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Pieces of YAML in place of others, bytes in place of others, pieces twice, pieces gone. */
static size_t mutate(char *file, size_t len, size_t room, uint64_t *seed)
{
	static const char *const pieces[] = {"[", "]", "{", "}", ": ", "- ", "? ", "&a ", "*a",
		"!t ", "\n", "\t", "'", "\"", "|\n", ">\n", "%X\n", "---\n", "...\n", "#", ",",
		"\\u0000", "\xEF\xBB\xBF", "\xC2\x85", "\r", "  ", "<<: ", "0x", "~"};

	for (uint64_t n = 1 + roll(seed) % 4; n; n--) {
		size_t at = roll(seed) % len, cut = roll(seed) % 8;
		const char *piece = pieces[roll(seed) % (sizeof(pieces) / sizeof(pieces[0]))];
		size_t put = roll(seed) % 3 ? strlen(piece) : 0;

		if (cut > len - at)
			cut = len - at;
		if (roll(seed) % 3 == 0)
			cut = 0;
		if (len - cut + put >= room || len - cut + put == 0)
			continue;
		memmove(file + at + put, file + at + cut, len - at - cut);
		memcpy(file + at, piece, put);
		len = len - cut + put;
		if (roll(seed) % 4 == 0)
			file[roll(seed) % len] = (char)roll(seed);
	}
	return len;
}

START_TEST(whatever_comes_is_read_or_refused_and_all_memory_given_back)
{
	tote_ctx *ctx = counting_ctx();
	uint64_t seed = 0x9E3779B97F4A7C15u;
	size_t good = 0;

	for (int i = 0; i < 20000; i++) {
		char file[2048];
		size_t len = sizeof(seed_file) - 1, before = counted.now;
		tote_fleet *f;

		memcpy(file, seed_file, len);
		for (uint64_t n = 1 + roll(&seed) % 5; n; n--)
			len = mutate(file, len, sizeof(file), &seed);
		f = fleet_of_bytes(ctx, file, len);
		good += f->problems.count == 0;
		tote_fleet_unref(f);
		ck_assert_msg(counted.now == before, "run %d", i);
	}
	ck_assert_uint_lt(good, 20000);
	tote_ctx_unref(ctx);
}
END_TEST

Suite *fleet_hostile_suite(void)
{
	Suite *s = suite_create("fleet_hostile");
	TCase *t = tcase_create("hostile files");

	tcase_set_timeout(t, 60);
	tcase_add_test(
		t, a_hostile_file_is_refused_within_a_tenth_of_a_second_and_sixteen_mebibytes);
	tcase_add_test(t, a_nul_byte_anywhere_is_named_at_its_place);
	tcase_add_test(t, more_than_sixteen_mebibytes_are_not_looked_at);
	tcase_add_test(t, each_container_that_is_declared_allows_for_its_text);
	tcase_add_test(t, a_fleet_of_ten_thousand_is_read);
	tcase_add_test(t, whatever_comes_is_read_or_refused_and_all_memory_given_back);
	suite_add_tcase(s, t);
	return s;
}
