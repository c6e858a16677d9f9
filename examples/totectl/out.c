/* SPDX-License-Identifier: ISC */
/*
 * Text for people: foreign bytes are made harmless, data goes to stdout and talk to stderr, and each
 * error is one line or, with --json, one object.
 */
#include "out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "json.h"

size_t out_character(const unsigned char *s, size_t length, uint32_t *ret_character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c = s[0];
	size_t i, n;

	n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
	*ret_character = c;
	if (n < 2)
		return n;
	if (n > length)
		return 0;
	c &= 0x7Fu >> n;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3Fu);
	}
	if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 0;
	*ret_character = c;
	return n;
}

int out_is_utf8(const void *bytes, size_t length)
{
	const unsigned char *s = bytes;
	uint32_t c;
	size_t n;

	for (; length; s += n, length -= n) {
		if ((n = out_character(s, length, &c)) == 0)
			return 0;
	}
	return 1;
}

/*
 * Controls C0 and C1; marks, embeddings, overrides and isolates of the writing direction; line and
 * paragraph separators; what is invisible (zero width, byte order mark, tags).
 */
int out_is_hostile(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF ||
	       (c >= 0xE0000 && c <= 0xE007F);
}

/* A mark that joins the letter before it (Unicode's blocks of combining marks). */
static int is_combining(uint32_t c)
{
	return (c >= 0x0300 && c <= 0x036F) || (c >= 0x1AB0 && c <= 0x1AFF) ||
	       (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) ||
	       (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFE20 && c <= 0xFE2F);
}

void out_bytes(FILE *file, const void *bytes, size_t length, unsigned flags)
{
	const unsigned char *s = bytes;
	uint32_t c;
	size_t i, n;

	for (; length; s += n, length -= n) {
		n = out_character(s, length, &c);
		if (n == 1 && (flags & TEXT_LINES) && (c == '\n' || c == '\t')) {
			putc((int)c, file);
		} else if (c == '\\' && !(flags & TEXT_LINES)) {
			fputs("\\\\", file);
		} else if (n && !out_is_hostile(c) && !(flags & TEXT_SPELLING && is_combining(c))) {
			fwrite(s, 1, n, file);
		} else {
			n = n ? n : 1;
			for (i = 0; i < n; i++)
				fprintf(file, "\\x%02x", s[i]);
		}
	}
}

void out_string(FILE *file, const char *text)
{
	out_bytes(file, text, strlen(text), 0);
}

/* One line, made harmless as a whole: what is put into it cannot break out of it. */
static void print_line(FILE *file, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		return;
	out_string(file, text);
	free(text);
}

void out_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(stdout, format, args);
	va_end(args);
	putchar('\n');
}

void out_talk(const struct call *call, const char *format, ...)
{
	va_list args;

	if (call->json)
		return;
	progress_end();
	fflush(stdout);
	va_start(args, format);
	print_line(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
}

const char *out_colour(char which)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((none && *none) || !isatty(STDOUT_FILENO) || !term || !strcmp(term, "dumb"))
		return "";
	switch (which) {
	case 'g':
		return "\033[32m";
	case 'r':
		return "\033[31m";
	case 'y':
		return "\033[33m";
	case 'b':
		return "\033[1m";
	default:
		return "\033[0m";
	}
}

void out_verdict(int good, const char *format, ...)
{
	va_list args;

	progress_end();
	fputs(out_colour(good ? 'g' : 'r'), stdout);
	va_start(args, format);
	print_line(stdout, format, args);
	va_end(args);
	fputs(out_colour('0'), stdout);
	putchar('\n');
}

/* ---- progress ---- */

int64_t out_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* When the last line was written, and whether one stands on the terminal. */
static int64_t progress_last;
static int progress_stands;

void progress(const struct call *call, const char *format, ...)
{
	int terminal = isatty(STDERR_FILENO);
	int64_t now = out_clock();
	va_list args;

	if (call->json)
		return;
	if (progress_last == 0)
		progress_last = now;
	if (now - progress_last < (terminal ? 200000 : 30000000))
		return;
	progress_last = now;
	if (terminal)
		fputs("\r\033[K", stderr);
	va_start(args, format);
	print_line(stderr, format, args);
	va_end(args);
	if (!terminal)
		putc('\n', stderr);
	progress_stands = terminal;
	fflush(stderr);
}

void progress_end(void)
{
	if (progress_stands)
		fputs("\r\033[K", stderr);
	progress_stands = 0;
}

/* ---- errors ---- */

static const char *effect_name(uint32_t effect)
{
	return effect == TOTE_EFFECT_DONE      ? "done"
	       : effect == TOTE_EFFECT_UNKNOWN ? "unknown"
					       : "none";
}

static void fail_json(const struct tote_fault *fault, int code)
{
	struct json j;

	json_begin(&j, stderr, "error");
	json_integer(&j, "exit", code);
	if (fault->code)
		json_integer(&j, "code", fault->code);
	json_string(&j, "name",
		fault->code                ? tote_error_name(fault->code)
		: code == TOTE_CLASS_USAGE ? "usage"
					   : "system");
	json_string(&j, "text", fault->text);
	if (fault->box[0])
		json_string(&j, "container", fault->box);
	if (fault->flags & TOTE_FAULT_SEQ)
		json_number(&j, "seq", fault->seq);
	json_string(&j, "effect", effect_name(fault->effect));
	if (fault->sys_errno)
		json_integer(&j, "errno", fault->sys_errno);
	json_end(&j);
}

/* The text names that container: quoted or in a path. An ID may be any word, `a` or `container`. */
static int names(const char *text, const char *id)
{
	static const char inside[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	const char *at = text;
	size_t length = strlen(id);

	for (; (at = strstr(at, id)) != NULL; at++) {
		if (at > text && (at[-1] == '\'' || at[-1] == '/') &&
			(!at[length] || !strchr(inside, at[length])))
			return 1;
	}
	return 0;
}

/* The line, and what must be known besides: whether it happened. */
static int fail_with(const struct call *call, const struct tote_fault *fault, int code)
{
	int named;

	progress_end();
	fflush(stdout);
	if (call->json) {
		fail_json(fault, code);
		return code;
	}
	/* The container is named once, here where the text does not. */
	named = !fault->box[0] || names(fault->text, fault->box);
	out_talk(call, "totectl%s%s: %s%s%s", call->verb ? " " : "",
		call->verb ? call->verb->name : "", named ? "" : fault->box, named ? "" : ": ",
		fault->text);
	if (fault->effect == TOTE_EFFECT_UNKNOWN)
		out_talk(call, "it is not known whether this happened: look with totectl log%s%s",
			fault->box[0] ? " " : "", fault->box);
	else if (fault->effect == TOTE_EFFECT_DONE)
		out_talk(call,
			"what was asked for is done and durable; only what came after it failed");
	return code;
}

int fail(struct call *call)
{
	struct tote_fault *fault = &call->fault;

	if (!fault->text[0])
		snprintf(fault->text, sizeof(fault->text), "%s", tote_error_text(fault->code));
	return fail_with(call, fault, tote_error_class(fault->code));
}

int fail_usage(const struct call *call, const char *format, ...)
{
	struct tote_fault fault;
	va_list args;

	memset(&fault, 0, sizeof(fault));
	va_start(args, format);
	vsnprintf(fault.text, sizeof(fault.text), format, args);
	va_end(args);
	/* A usage of two lines is shown by --help; an error is one line. */
	fault.text[strcspn(fault.text, "\n")] = '\0';
	return fail_with(call, &fault, TOTE_CLASS_USAGE);
}

int fail_system(const struct call *call, int error, const char *format, ...)
{
	struct tote_fault fault;
	va_list args;
	int n;

	memset(&fault, 0, sizeof(fault));
	fault.sys_errno = error;
	va_start(args, format);
	n = vsnprintf(fault.text, sizeof(fault.text), format, args);
	va_end(args);
	if (error && n > 0 && (size_t)n < sizeof(fault.text))
		snprintf(fault.text + n, sizeof(fault.text) - (size_t)n, ": %s", strerror(error));
	return fail_with(call, &fault, TOTE_CLASS_FAILED);
}

int exit_worse(int a, int b)
{
	static const int order[] = {TOTE_CLASS_INTEGRITY, TOTE_CLASS_NO_SIGNATURE,
		TOTE_CLASS_LOCKED, TOTE_CLASS_UNREACHABLE, TOTE_CLASS_INCOMPLETE, TOTE_CLASS_FAILED,
		TOTE_CLASS_NOT_A_ROOT, TOTE_CLASS_USAGE, TOTE_CLASS_DIFFERENCES};
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (a == order[i] || b == order[i])
			return order[i];
	}
	return TOTE_CLASS_OK;
}
