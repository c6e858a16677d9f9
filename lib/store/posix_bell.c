/* SPDX-License-Identifier: ISC */
/*
 * A bell is a futex(2) on a word of the lock file's page, far behind the line, where FORMAT section
 * 5 ignores everything. The word is never read or written here, neither in the file nor in memory:
 * its place alone brings those together who wait and who ring, in whatever process they are. So a
 * file that was cut short or replaced costs a nap and nothing else, and a holder that was killed,
 * or that does not ring, is found by asking again after the nap.
 *
 * The page is mapped through a descriptor of its own, not through the one that is locked: a mapping
 * keeps its open file description alive, also in a forked child, and with it a lock.
 */
#include "store/posix_bell.h"
#include "store/layout.h"
#include "store/posix_way.h"
#include <errno.h>

#define FIRST_AT 2048u /* behind the longest line */

_Static_assert(FIRST_AT >= LOCK_LINE_MAX, "a bell must not lie in the line");

void tote__bell_hang(struct posix_place *p)
{
	const struct kernel *k = p->backend->kernel;
	int fd;

	pthread_mutex_lock(&p->mutex);
	if (!p->bell_tried && k->map &&
		tote__posix_open_at(p, SPACE_LEDGER, LAYOUT_LOCK, O_RDONLY | O_NONBLOCK, 0, &fd) ==
			0) {
		p->bells = k->map(fd, BELL_PAGE);
		tote__io_close(k, &fd);
	}
	p->bell_tried = 1;
	pthread_mutex_unlock(&p->mutex);
}

static const void *word_of(struct posix_place *p, int byte)
{
	const uint8_t *page;

	pthread_mutex_lock(&p->mutex);
	page = p->bells;
	pthread_mutex_unlock(&p->mutex);
	return page ? page + FIRST_AT + sizeof(uint32_t) * (unsigned int)byte : NULL;
}

void tote__bell_wait(struct posix_place *p, int byte, int64_t microseconds)
{
	const struct kernel *k = p->backend->kernel;
	const void *word = word_of(p, byte);

	/* other errors come at once, and a wait that does not wait would be a loop that burns */
	if (!word ||
		(k->bell_wait(word, microseconds) != 0 && errno != ETIMEDOUT && errno != EINTR))
		k->nap(microseconds);
}

int tote__bell_hangs(struct posix_place *p)
{
	return word_of(p, 0) != NULL;
}

/* One is woken: more could not have the byte either, and those who come later stand behind. */
int tote__bell_ring(struct posix_place *p, int byte)
{
	const void *word = word_of(p, byte);

	return word && p->backend->kernel->bell_ring(word) > 0;
}
