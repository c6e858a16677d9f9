/* SPDX-License-Identifier: ISC */
/*
 * Finding the key that a person means.
 */
#include "key.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "out.h"

/* name+8 hex digits+base64, as C2SP signed-note has it; a path seldom looks like that. */
static int looks_like_vkey(const char *text)
{
	const char *hash = strchr(text, '+');

	return hash && strspn(hash + 1, "0123456789abcdef") == 8 && hash[9] == '+' && hash[10];
}

int key_find(struct call *call, const char *given, const char *roles, char vkey[KEY_MAX])
{
	struct file file;
	char *line, *next, *word;
	int code;

	if (!given || looks_like_vkey(given)) {
		if (given && (size_t)snprintf(vkey, KEY_MAX, "%s", given) >= KEY_MAX)
			return fail_usage(call, "a vkey is at most 511 bytes long");
		return 0;
	}
	if (access(given, F_OK) < 0)
		return fail_usage(call, "%s is neither a vkey nor a file", given);
	if ((code = file_read(call, given, TOTE_NOTE_MAX, &file)) != 0)
		return code;
	vkey[0] = '\0';
	for (line = file.bytes; !vkey[0] && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		word = strrchr(line, ' ');
		if (word)
			*word++ = '\0';
		if (word ? looks_like_vkey(word) && strstr(roles, line) && *line
			 : looks_like_vkey(line))
			snprintf(vkey, KEY_MAX, "%s", word ? word : line);
	}
	free(file.bytes);
	return vkey[0] ? 0
		       : fail_usage(call, "%s holds no %svkey", given,
				 strcmp(roles, "witness") == 0 ? "witness's " : "");
}
