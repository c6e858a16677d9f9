/* SPDX-License-Identifier: ISC */
/*
 * Levenshtein's distance between words of one row, and when it is small enough for a guess.
 */
#include "orchestrator/fleet_words.h"
#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Both at most FLEET_WORD_MAX long. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[FLEET_WORD_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 0; i < a_len; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b_len; j++) {
			size_t changed = corner + (a[i] != b[j]);

			corner = row[j + 1];
			row[j + 1] = least(changed, least(row[j], row[j + 1]) + 1);
		}
	}
	return row[b_len];
}

/* A beginning is as good as one wrong letter; `_` for `-` is none at all. */
static size_t strangeness(const char *text, size_t len, const char *word)
{
	char typed[FLEET_WORD_MAX];
	size_t word_len = strlen(word), d;

	for (size_t i = 0; i < len; i++)
		typed[i] = text[i] == '_' || text[i] == ' '   ? '-'
			   : text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a')
							      : text[i];
	d = distance(typed, len, word, word_len);
	if (len >= 2 && len < word_len && !memcmp(typed, word, len))
		d = least(d, 1);
	return d;
}

const char *tote__fleet_nearest(
	const char *text, size_t len, const char *const *words, size_t count)
{
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;

	if (!len || len > FLEET_WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t d = strangeness(text, len, words[i]);

		if (d < best_distance && d < len && d <= 2 + (len > 6)) {
			best = words[i];
			best_distance = d;
		}
	}
	return best;
}

int tote__fleet_shown(const char *text, size_t len)
{
	size_t n = least(len, FLEET_WORD_MAX);

	while (n && n < len && ((uint8_t)text[n] & 0xC0) == 0x80)
		n--;
	return (int)n;
}
