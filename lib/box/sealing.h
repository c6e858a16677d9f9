/* SPDX-License-Identifier: ISC */
/*
 * The inside of a sealing, shared by the adding of sources and the steps that seal them.
 */
#ifndef BOX_SEALING_H
#define BOX_SEALING_H

#include "box/offenders.h"
#include "box/one_call.h"
#include "box/paths.h"

/* What is recorded of files beside what they are; its strings stand behind it. */
struct described {
	struct described *before; /* the one that was said before it */
	uint64_t supersedes;
	const char *media_type, *source; /* NULL: not recorded */
};

/* One file; its two strings stand behind it. */
struct file {
	uint64_t size;
	const struct described *described; /* NULL: nothing */
	int already;
	int top; /* named by the host itself: it may be a link */
	const char *host, *path;
};

struct tote_sealing {
	struct one_call call;
	char *actor;
	struct described *described; /* of the files to come; all of them, the last first */
	struct file **files;         /* from `next` on in byte order of path when stepping */
	size_t count, cap;
	size_t next; /* those before it are done */
	int sorted;
	struct asset_paths *paths; /* of all files: against each other */
	struct offenders offenders;
	struct tote_sealing_progress progress;
};

/* What is to be sealed, as one of the sources of a call. */
void tote__sealing_source(const struct file *f, struct tote_source *ret);

#endif
