/* SPDX-License-Identifier: ISC */
/*
 * The grammar of names: IDs, origins, kinds, field keys and the paths of assets (FORMAT sections
 * "directories", "paths of assets", "entries").
 */
#include "base/grammar.h"
#include <string.h>

#define ID_MAX          63
#define ORIGIN_MAX      255
#define ROOT_ORIGIN_MAX 191 /* leaves room for "/ID" behind it */
#define KIND_MAX        64
#define FIELD_KEY_MAX   32
#define PATH_MAX_BYTES  4095
#define COMPONENT_MAX   255

static int is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static int is_lower_or_digit(char c)
{
	return is_lower(c) || (c >= '0' && c <= '9');
}

static int starts_with(const char *s, size_t len, const char *prefix)
{
	const size_t n = strlen(prefix);

	return len >= n && memcmp(s, prefix, n) == 0;
}

int tote__id_valid(const char *s)
{
	const size_t len = s ? strnlen(s, ID_MAX + 1) : 0;

	if (len == 0 || len > ID_MAX || s[0] == '-' || s[len - 1] == '-')
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (!is_lower_or_digit(s[i]) && s[i] != '-')
			return 0;
	}
	return strcmp(s, "orchestrator") != 0 && strcmp(s, "witness") != 0;
}

int tote__origin_valid(const char *s)
{
	const size_t len = s ? strnlen(s, ORIGIN_MAX + 1) : 0;

	if (len == 0 || len > ORIGIN_MAX)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] <= ' ' || s[i] > '~' || s[i] == '+')
			return 0;
	}
	return 1;
}

int tote__root_origin_valid(const char *s)
{
	size_t len;

	if (!tote__origin_valid(s))
		return 0;
	len = strlen(s);
	return len <= ROOT_ORIGIN_MAX && s[0] != '/' && s[len - 1] != '/';
}

int tote__kind_valid(const char *s, size_t len)
{
	int first = 1; /* at the first letter of a part */
	int parts = 1;

	if (len == 0 || len > KIND_MAX)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && !first) {
			first = 1;
			parts++;
		} else if (first ? is_lower(s[i])
				 : is_lower_or_digit(s[i]) || (s[i] == '-' && parts > 1)) {
			first = 0;
		} else {
			return 0;
		}
	}
	return !first;
}

int tote__kind_is_host(const char *s, size_t len)
{
	return (len == 6 && starts_with(s, len, "record")) || starts_with(s, len, "record.") ||
	       starts_with(s, len, "host.");
}

int tote__field_key_valid(const char *s, size_t len)
{
	if (len == 0 || len > FIELD_KEY_MAX || !is_lower(s[0]))
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (!is_lower_or_digit(s[i]) && s[i] != '-')
			return 0;
	}
	return 1;
}

/* What is wrong with one component, or NULL. */
static const char *component_wrong(const char *s, size_t len)
{
	if (len == 0)
		return "it has an empty component: no '/' first, last or twice";
	if (len > COMPONENT_MAX)
		return "a component is longer than 255 bytes";
	if ((len == 1 && s[0] == '.') || (len == 2 && memcmp(s, "..", 2) == 0))
		return "a component is '.' or '..'";
	if (starts_with(s, len, ".tote-"))
		return "names that begin with '.tote-' are reserved";
	return NULL;
}

static const char *path_wrong(const char *path)
{
	if (path[0] == '\0')
		return "it is empty";
	if (strnlen(path, PATH_MAX_BYTES + 1) > PATH_MAX_BYTES)
		return "it is longer than 4095 bytes";
	for (const char *at = path;; at++) {
		const size_t len = strcspn(at, "/");
		const char *wrong = component_wrong(at, len);

		if (wrong)
			return wrong;
		at += len;
		if (!*at)
			return NULL;
	}
}

int tote__asset_path_check(const char *path, struct tote_fault *fault)
{
	const char *wrong;

	if (!path)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the path of an asset is NULL");
	wrong = path_wrong(path);
	if (wrong)
		return tote__fault(
			fault, TOTE_E_GRAMMAR, "path of an asset: %s: '%s'", wrong, path);
	return 0;
}
