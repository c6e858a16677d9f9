/* SPDX-License-Identifier: ISC */
/*
 * Names below a place: pure functions over strings.
 */
#include "store/path.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define PATH_LEN_MAX 4095

static int refuse(struct tote_fault *fault, const char *path, const char *why)
{
	return tote__fault(
		fault, TOTE_E_GRAMMAR, "'%s' is no name below a container: %s", path, why);
}

int tote__path_check(const char *path, struct tote_fault *fault)
{
	size_t total = strnlen(path, PATH_LEN_MAX + 1);
	const char *at = path;

	if (total == 0)
		return refuse(fault, path, "it is empty");
	if (total > PATH_LEN_MAX)
		return refuse(fault, "...", "it is longer than 4095 bytes");
	for (;;) {
		size_t len = strcspn(at, "/");

		if (len == 0)
			return refuse(fault, path, "it has an empty component");
		if (len > COMPONENT_MAX)
			return refuse(fault, path, "a component is longer than 255 bytes");
		if (at[0] == '.' && (len == 1 || (len == 2 && at[1] == '.')))
			return refuse(fault, path, "it has a component . or ..");
		if (!at[len])
			return 0;
		at += len + 1;
	}
}

int tote__path_check_dir(const char *path, struct tote_fault *fault)
{
	return *path ? tote__path_check(path, fault) : 0;
}

size_t tote__path_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

const char *tote__path_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void tote__path_kept(uint64_t seq, char out[PATH_KEPT_MAX])
{
	snprintf(out, PATH_KEPT_MAX, ".tote-%llu", (unsigned long long)seq);
}

int tote__path_kept_parse(const char *name, uint64_t *ret_seq)
{
	static const char prefix[] = ".tote-";
	const size_t skip = sizeof(prefix) - 1;

	if (strncmp(name, prefix, skip) != 0)
		return 0;
	return tote__decimal_parse(name + skip, strlen(name + skip), ret_seq) == 0;
}

void tote__path_segment(uint64_t seq, char out[PATH_KEPT_MAX])
{
	snprintf(out, PATH_KEPT_MAX, "%020llu", (unsigned long long)seq);
}

int tote__path_segment_parse(const char *name, uint64_t *ret_seq)
{
	size_t zeros = strspn(name, "0");

	if (strlen(name) != PATH_SEGMENT_NAME)
		return 0;
	if (zeros == PATH_SEGMENT_NAME)
		zeros--; /* the last digit of seq 0 */
	return tote__decimal_parse(name + zeros, PATH_SEGMENT_NAME - zeros, ret_seq) == 0;
}
