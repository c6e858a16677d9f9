/* SPDX-License-Identifier: ISC */
/*
 * Names that are numbers.
 */
#include "store/posix_numbers.h"
#include "store/layout.h"
#include "store/posix_way.h"
#include "store/sort.h"
#include <string.h>

#define NAMES_MAX ((size_t)256 << 20)

static int names_of(struct posix_place *p, int space, struct buf *names, struct tote_fault *fault)
{
	int fd, err;

	err = tote__posix_open_dir(p, space, "", 0, &fd);
	if (!err) {
		err = tote__io_names(p->backend->kernel, fd, names);
		tote__io_close(p->backend->kernel, &fd);
	}
	return err ? tote__posix_fault(p, space, "", err, "list", fault) : 0;
}

int tote__posix_numbers(struct posix_place *p, int space,
	int (*parse)(const char *name, uint64_t *ret), uint64_t *seqs, size_t cap,
	size_t *ret_count, struct tote_fault *fault)
{
	struct buf names;
	size_t count = 0;
	uint64_t seq;
	int rc = tote__layout_check(p->layout, space, "", fault);

	if (rc == 0)
		rc = tote__posix_enter(p, fault);
	if (rc)
		return rc;
	tote__buf_init(&names, p->backend->heap, NAMES_MAX);
	rc = names_of(p, space, &names, fault);
	for (size_t at = 0; rc == 0 && at < names.len;) {
		const char *name = (const char *)names.data + at;

		at += strlen(name) + 1;
		if (!parse(name, &seq))
			continue;
		if (count == cap)
			rc = tote__posix_refuse(p, space, "", TOTE_E_LIMIT, "list",
				"there are more files than can be looked at", fault);
		else
			seqs[count++] = seq;
	}
	tote__buf_free(&names);
	tote__posix_leave(p);
	if (rc)
		return rc;
	tote__sort(seqs, count, sizeof(*seqs), tote__sort_u64);
	*ret_count = count;
	return 0;
}
