/* SPDX-License-Identifier: ISC */
/*
 * The states of a container: which moves there are and which kinds each state takes (FORMAT
 * section 8). Pure tables.
 */
#include "box/state.h"
#include "base/grammar.h"
#include <string.h>

static const char *const names[] = {
	[TOTE_STATE_ACTIVE] = "active",
	[TOTE_STATE_SUSPENDED] = "suspended",
	[TOTE_STATE_ARCHIVED] = "archived",
	[TOTE_STATE_DISPOSED] = "disposed",
};

static const struct arrow {
	uint32_t from, to;
	const char *verb;
} arrows[] = {
	{TOTE_STATE_ACTIVE, TOTE_STATE_SUSPENDED, "suspend"},
	{TOTE_STATE_SUSPENDED, TOTE_STATE_ACTIVE, "resume"},
	{TOTE_STATE_ACTIVE, TOTE_STATE_ARCHIVED, "archive"},
	{TOTE_STATE_SUSPENDED, TOTE_STATE_ARCHIVED, "archive"},
	{TOTE_STATE_ARCHIVED, TOTE_STATE_DISPOSED, "dispose"},
};

#define IN(state)   (1u << (state))
#define BEFORE      IN(STATE_NONE)
#define ACTIVE      IN(TOTE_STATE_ACTIVE)
#define NOT_AT_REST (ACTIVE | IN(TOTE_STATE_SUSPENDED) | IN(TOTE_STATE_ARCHIVED))

/* The library's kinds; the host's are taken by ACTIVE alone, unknown ones by no state. */
static const struct admitted {
	const char *kind;
	unsigned states;
} admitted[] = {
	{"container.created", BEFORE},
	{"asset.sealed", ACTIVE},
	{"input.rejected", ACTIVE},
	{"container.state", NOT_AT_REST},
	{"asset.void", NOT_AT_REST},
	{"asset.erased", NOT_AT_REST},
	{"key.rotated", NOT_AT_REST},
	{"ledger.repaired", NOT_AT_REST},
};

const char *tote_state_name(uint32_t state)
{
	return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

uint32_t tote__state_parse(const char *name, size_t len)
{
	for (uint32_t s = TOTE_STATE_ACTIVE; s <= TOTE_STATE_DISPOSED; s++)
		if (strlen(names[s]) == len && memcmp(names[s], name, len) == 0)
			return s;
	return STATE_NONE;
}

const char *tote__state_verb(uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < sizeof(arrows) / sizeof(arrows[0]); i++)
		if (arrows[i].from == from && arrows[i].to == to)
			return arrows[i].verb;
	return NULL;
}

int tote__state_move(uint32_t from, uint32_t to)
{
	return tote__state_verb(from, to) != NULL;
}

int tote__state_admits(uint32_t state, const char *kind, size_t len)
{
	if (state > TOTE_STATE_DISPOSED)
		return 0;
	if (tote__kind_is_host(kind, len))
		return (ACTIVE & IN(state)) != 0;
	for (size_t i = 0; i < sizeof(admitted) / sizeof(admitted[0]); i++)
		if (strlen(admitted[i].kind) == len && memcmp(admitted[i].kind, kind, len) == 0)
			return (admitted[i].states & IN(state)) != 0;
	return 0;
}

/* The numbers of the states are in order of strictness. */
uint32_t tote__state_stricter(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}
