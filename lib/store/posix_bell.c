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

#define FIRST_AT       2048u /* behind the longest line */
#define FIRST_OF_QUEUE 16u   /* behind the bytes that FORMAT gives a meaning */
#define BELLS_OF_QUEUE 256u  /* more members share them, and wake each other in vain */

_Static_assert(FIRST_AT >= LOCK_LINE_MAX, "a bell must not lie in the line");
_Static_assert(FIRST_AT + sizeof(uint32_t) * (FIRST_OF_QUEUE + BELLS_OF_QUEUE) <= BELL_PAGE,
	"all bells lie in one page");

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

unsigned int tote__bell_of_place(int64_t place)
{
	return FIRST_OF_QUEUE + (unsigned int)((uint64_t)place % BELLS_OF_QUEUE);
}

static const void *word_of(struct posix_place *p, unsigned int bell)
{
	const uint8_t *page;

	pthread_mutex_lock(&p->mutex);
	page = p->bells;
	pthread_mutex_unlock(&p->mutex);
	return page ? page + FIRST_AT + sizeof(uint32_t) * bell : NULL;
}

int tote__bell_wait(struct posix_place *p, unsigned int bell, int64_t microseconds)
{
	const struct kernel *k = p->backend->kernel;
	const void *word = word_of(p, bell);

	if (word && k->bell_wait(word, microseconds) == 0)
		return 1;
	/* other errors come at once, and a wait that does not wait would be a loop that burns */
	if (!word || (errno != ETIMEDOUT && errno != EINTR))
		k->nap(microseconds);
	return 0;
}

void tote__bell_ring(struct posix_place *p, unsigned int bell)
{
	const void *word = word_of(p, bell);

	if (word)
		p->backend->kernel->bell_ring(word);
}
