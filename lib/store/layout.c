/* SPDX-License-Identifier: ISC */
/*
 * What a place is made of: tables, and the texts that name something in them.
 */
#include "store/layout.h"
#include "store/path.h"

static const struct layout_dir container[] = {
	{SPACE_TOP, "", 0750},
	{SPACE_INPUT, "app-console-input", 01770},
	{SPACE_ASSETS, "assets", 0750},
	{SPACE_LEDGER, "ledger", 0750},
	{SPACE_LOG, "ledger/log", 0750},
	{SPACE_JOURNAL, "ledger/journal", 0750},
};

static const struct layout_dir orchestrator[] = {
	{SPACE_TOP, "", 0750},
	{SPACE_LEDGER, "ledger", 0750},
	{SPACE_LOG, "ledger/log", 0750},
	{SPACE_JOURNAL, "ledger/journal", 0750},
	{SPACE_KEYS, "keys", 0700},
	{SPACE_SEEN, "seen", 0750},
	{SPACE_REPORTS, "reports", 0750},
	{SPACE_INDEX, "index", 0750},
};

static const struct layout_dir ledger[] = {
	{SPACE_TOP, "", 0750},
	{SPACE_LEDGER, "", 0750},
	{SPACE_LOG, "log", 0750},
	{SPACE_JOURNAL, "journal", 0750},
};

static const struct layout_dir published[] = {
	{SPACE_TOP, "", 0750},
	{SPACE_LOG, "", 0750},
};

static const struct layout_dir keys[] = {
	{SPACE_TOP, "", 0700},
	{SPACE_KEYS, "", 0700},
};

#define TABLE(dirs)                                                                                \
	{                                                                                          \
		dirs, sizeof(dirs) / sizeof((dirs)[0])                                             \
	}

static const struct {
	const struct layout_dir *dirs;
	size_t count;
} layouts[] = {
	[LAYOUT_CONTAINER] = TABLE(container),
	[LAYOUT_ORCHESTRATOR] = TABLE(orchestrator),
	[LAYOUT_LEDGER] = TABLE(ledger),
	[LAYOUT_LOG] = TABLE(published),
	[LAYOUT_KEYS] = TABLE(keys),
};

static const char *const space_names[SPACES] = {
	[SPACE_TOP] = "top",
	[SPACE_INPUT] = "app-console-input",
	[SPACE_ASSETS] = "assets",
	[SPACE_LEDGER] = "ledger",
	[SPACE_LOG] = "log",
	[SPACE_JOURNAL] = "journal",
	[SPACE_KEYS] = "keys",
	[SPACE_SEEN] = "seen",
	[SPACE_REPORTS] = "reports",
	[SPACE_INDEX] = "index",
};

const struct layout_dir *tote__layout_dirs(int layout, size_t *ret_count)
{
	if (layout < 0 || (size_t)layout >= sizeof(layouts) / sizeof(layouts[0]))
		return NULL;
	*ret_count = layouts[layout].count;
	return layouts[layout].dirs;
}

const char *tote__layout_path(int layout, int space)
{
	size_t count = 0;
	const struct layout_dir *dirs = tote__layout_dirs(layout, &count);

	for (size_t i = 0; i < count; i++) {
		if (dirs[i].space == space)
			return dirs[i].path;
	}
	return NULL;
}

uint32_t tote__layout_object_mode(int space)
{
	if (space == SPACE_KEYS)
		return 0600;
	return space == SPACE_REPORTS ? 0644 : 0444;
}

uint32_t tote__layout_cell_mode(int space)
{
	return space == SPACE_KEYS ? 0600 : 0644;
}

int tote__layout_single_link(int space)
{
	return space != SPACE_ASSETS && space != SPACE_INPUT;
}

static int space_check(int layout, int space, struct tote_fault *fault)
{
	if (space < 0 || space >= SPACES)
		return tote__fault(fault, TOTE_E_ARGUMENT, "there is no space %d", space);
	if (!tote__layout_path(layout, space))
		return tote__fault(fault, TOTE_E_UNSUPPORTED,
			"there is no %s/ in a place of this kind", space_names[space]);
	return 0;
}

int tote__layout_check(int layout, int space, const char *name, struct tote_fault *fault)
{
	int rc = space_check(layout, space, fault);

	return rc ? rc : tote__path_check_dir(name, fault);
}

int tote__layout_check_write(int layout, int space, const char *name, struct tote_fault *fault)
{
	int rc = space_check(layout, space, fault);

	if (rc)
		return rc;
	if (space == SPACE_TOP || space == SPACE_LEDGER || space == SPACE_JOURNAL)
		return tote__fault(fault, TOTE_E_ARGUMENT, "%s/ takes no objects: '%s'",
			space_names[space], name);
	return tote__path_check(name, fault);
}

int tote__layout_fault(const char *location, int layout, int space, const char *name, int code,
	const char *verb, const char *why, struct tote_fault *fault)
{
	const char *path = tote__layout_path(layout, space);

	if (!path)
		path = "";
	return tote__fault(fault, code, "%s %s%s%s%s%s: %s", verb, location, *path ? "/" : "", path,
		*name ? "/" : "", name, why);
}
