/* SPDX-License-Identifier: ISC */
/*
 * A few threads that take one question after the other; for each that does not come back there is
 * another one. Those that came back are joined, the others leave by themselves.
 */
#include "orchestrator/patience.h"
#include "base/clock.h"
#include "base/thread.h"
#include <pthread.h>
#include <string.h>

#define THREADS_MAX 16
#define STACK_BYTES ((size_t)1 << 20)
#define LINGER_US   INT64_C(100000) /* so long nobody answered: another thread goes on meanwhile */

enum answer { WAITS, ASKED, ANSWERED };

struct patience {
	struct heap heap; /* whose context may be gone before the last of them */
	struct patience_work work;
	struct clock_source system; /* real time: that of the host may stand still */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* with the mutex */
	size_t users; /* threads, and whoever asked */
	size_t next, answered;
	int over; /* nobody takes a question any more */
	int left[THREADS_MAX];
	pthread_t thread[THREADS_MAX];
	size_t threads;
	size_t count;
	uint8_t answer[]; /* of each */
};

static void drop(struct patience *p)
{
	const struct heap heap = p->heap;

	p->work.drop(p->work.user);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->mutex);
	tote__heap_free(&heap, p);
}

/* The last one drops all. Called with the mutex, which is let go. */
static void leave(struct patience *p)
{
	const int last = --p->users == 0;

	pthread_mutex_unlock(&p->mutex);
	if (last)
		drop(p);
}

/* With the mutex, which is let go over each question. */
static void ask_all(struct patience *p)
{
	while (!p->over && p->next < p->count) {
		const size_t i = p->next++;

		p->answer[i] = ASKED;
		pthread_mutex_unlock(&p->mutex);
		p->work.ask(p->work.user, i);
		pthread_mutex_lock(&p->mutex);
		if (!p->over) { /* what comes later was not waited for: nobody looks at it */
			p->answer[i] = ANSWERED;
			p->answered++;
		}
		if (p->answered == p->count)
			pthread_cond_signal(&p->changed);
	}
}

static void *run_thread(void *user)
{
	struct patience *p = user;
	const pthread_t self = pthread_self();

	pthread_mutex_lock(&p->mutex);
	ask_all(p);
	for (size_t i = 0; i < p->threads; i++)
		if (pthread_equal(p->thread[i], self))
			p->left[i] = 1;
	leave(p);
	return NULL;
}

/* With the mutex: nobody runs before it is known. */
static void add_threads(struct patience *p, size_t count)
{
	const size_t room = THREADS_MAX - p->threads, rest = p->count - p->next;
	size_t made;

	count = count < room ? count : room;
	count = count < rest ? count : rest;
	made = tote__threads_begin(p->thread + p->threads, count, STACK_BYTES, run_thread, p);
	p->threads += made;
	p->users += made;
}

/* With the mutex. */
static void wait_for_answers(struct patience *p, int64_t patience_us)
{
	int64_t since = tote__clock_monotonic(&p->system), now = since;
	size_t answered = 0;

	while (p->answered < p->count && now - since < patience_us) {
		tote__condition_wait_until(&p->changed, &p->mutex, now + LINGER_US);
		now = tote__clock_monotonic(&p->system);
		if (p->answered != answered) {
			answered = p->answered;
			since = now;
		} else if (now - since >= LINGER_US) {
			add_threads(p, 1);
		}
	}
	p->over = 1;
}

static struct patience *make(const struct heap *heap, const struct patience_work *work,
	size_t count, struct tote_fault *fault)
{
	struct patience *p = tote__heap_new(heap, 1, sizeof(*p) + count, fault);

	if (!p)
		return NULL;
	p->heap = *heap;
	p->work = *work;
	p->count = count;
	p->users = 1;
	tote__clock_init(&p->system, NULL);
	if (pthread_mutex_init(&p->mutex, NULL) != 0) {
		tote__heap_free(heap, p);
		p = NULL;
	} else if (tote__condition_init(&p->changed) != 0) {
		pthread_mutex_destroy(&p->mutex);
		tote__heap_free(heap, p);
		p = NULL;
	}
	if (!p)
		tote__fault(fault, TOTE_E_NO_MEMORY, "no memory for a mutex");
	return p;
}

struct patience *tote__patience_ask(const struct heap *heap, const struct patience_work *work,
	size_t count, int may_thread, int64_t patience_us, struct tote_fault *fault)
{
	struct patience *p = make(heap, work, count, fault);

	if (!p) {
		work->drop(work->user);
		return NULL;
	}
	pthread_mutex_lock(&p->mutex);
	if (may_thread)
		add_threads(p, tote__processors());
	if (p->threads)
		wait_for_answers(p, patience_us);
	else
		ask_all(p);
	pthread_mutex_unlock(&p->mutex);
	return p;
}

/* Nobody writes here any more: what comes later is not put down. */
int tote__patience_answered(const struct patience *p, size_t i)
{
	return p->answer[i] == ANSWERED;
}

void tote__patience_end(struct patience *p)
{
	pthread_t back[THREADS_MAX];
	size_t count = 0;

	pthread_mutex_lock(&p->mutex);
	for (size_t i = 0; i < p->threads; i++)
		if (p->left[i] || p->answered == p->count) /* or is just about to */
			back[count++] = p->thread[i];
		else
			pthread_detach(p->thread[i]);
	pthread_mutex_unlock(&p->mutex);
	while (count)
		pthread_join(back[--count], NULL);
	pthread_mutex_lock(&p->mutex);
	leave(p);
}
