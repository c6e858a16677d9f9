/* SPDX-License-Identifier: ISC */
/*
 * Reads lines and exits with 1, naming the line, unless each is one JSON object (RFC 8259) in UTF-8
 * and nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *value(const char *s, int depth);

static const char *blanks(const char *s)
{
	return s + strspn(s, " \t");
}

static const char *string(const char *s)
{
	size_t i;

	if (!s || *s++ != '"')
		return NULL;
	while (*s != '"') {
		if ((unsigned char)*s < 0x20)
			return NULL;
		if (*s++ != '\\')
			continue;
		if (!*s || !strchr("\"\\/bfnrtu", *s))
			return NULL;
		if (*s++ == 'u') {
			for (i = 0; i < 4; i++, s++) {
				if (!*s || !strchr("0123456789abcdefABCDEF", *s))
					return NULL;
			}
		}
	}
	return s + 1;
}

/* Integers only: that is a promise of totectl's. */
static const char *number(const char *s)
{
	size_t digits;

	s += *s == '-';
	digits = strspn(s, "0123456789");
	if (!digits || (digits > 1 && *s == '0'))
		return NULL;
	return s + digits;
}

/* Members up to the closing bracket; with keys where it is an object's. */
static const char *members(const char *s, char close, int depth)
{
	s = blanks(s + 1);
	if (*s == close)
		return s + 1;
	for (;;) {
		if (close == '}') {
			s = string(blanks(s));
			if (!s || *(s = blanks(s)) != ':')
				return NULL;
			s++;
		}
		s = value(blanks(s), depth + 1);
		if (!s)
			return NULL;
		s = blanks(s);
		if (*s == close)
			return s + 1;
		if (*s++ != ',')
			return NULL;
	}
}

static const char *value(const char *s, int depth)
{
	static const char *const words[] = {"true", "false"};
	size_t i;

	if (depth > 16)
		return NULL;
	if (*s == '{' || *s == '[')
		return members(s, *s == '{' ? '}' : ']', depth);
	if (*s == '"')
		return string(s);
	for (i = 0; i < 2; i++) {
		if (!strncmp(s, words[i], strlen(words[i])))
			return s + strlen(words[i]);
	}
	return number(s);
}

/* Well formed as far as JSON needs it: no stray continuation, no cut sequence. */
static int is_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		int more = *s < 0x80   ? 0
			   : *s < 0xC2 ? -1
			   : *s < 0xE0 ? 1
			   : *s < 0xF0 ? 2
			   : *s < 0xF5 ? 3
				       : -1;

		if (more < 0)
			return 0;
		for (s++; more > 0; more--, s++) {
			if ((*s & 0xC0) != 0x80)
				return 0;
		}
	}
	return 1;
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0, count = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		const char *end;

		count++;
		if (line[n - 1] != '\n' || strlen(line) != (size_t)n) {
			printf("line %zu is cut or holds a NUL\n", count);
			return 1;
		}
		line[n - 1] = '\0';
		end = *line == '{' ? value(line, 0) : NULL;
		if (!end || *end || !is_utf8(line)) {
			printf("line %zu is no JSON object: %s\n", count, line);
			return 1;
		}
	}
	free(line);
	return 0;
}
