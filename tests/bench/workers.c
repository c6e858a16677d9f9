/* SPDX-License-Identifier: ISC */
/*
 * Workers that start together: threads or forked processes behind one barrier. The time runs from
 * the moment the last of them is ready to the moment the last of them is done.
 */
#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
	pthread_barrier_t *start;
	void (*body)(void *shared, size_t number);
	void *shared;
	size_t number;
	pthread_t thread;
};

static void *worker_main(void *argument)
{
	struct worker *worker = argument;

	pthread_barrier_wait(worker->start);
	worker->body(worker->shared, worker->number);
	return NULL;
}

double run_threads(size_t count, void (*body)(void *shared, size_t number), void *shared)
{
	struct worker *workers = calloc(count, sizeof(*workers));
	pthread_barrier_t start;
	double began;
	size_t i;

	if (!workers || pthread_barrier_init(&start, NULL, (unsigned)count + 1))
		die("no memory for %zu threads", count);
	for (i = 0; i < count; i++) {
		workers[i] = (struct worker){&start, body, shared, i, 0};
		if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]))
			die("thread %zu did not start", i);
	}
	pthread_barrier_wait(&start);
	began = now();
	for (i = 0; i < count; i++)
		pthread_join(workers[i].thread, NULL);
	began = now() - began;
	pthread_barrier_destroy(&start);
	free(workers);
	return began;
}

/* A worker says that it is ready by a byte, and starts when the other pipe ends. */
static void process_main(int ready, int go, void *(*prepare)(void *shared, size_t number),
	void (*body)(void *prepared, size_t number), void *shared, size_t number)
{
	void *prepared = prepare(shared, number);
	char byte = 0;

	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 0)
		die("worker process %zu: %s", number, strerror(errno));
	body(prepared, number);
	_exit(0);
}

double run_processes(size_t count, void *(*prepare)(void *shared, size_t number),
	void (*body)(void *prepared, size_t number), void *shared)
{
	int ready[2], go[2], status;
	double began;
	size_t i;
	char byte;
	pid_t pid;

	if (pipe(ready) || pipe(go))
		die("pipe: %s", strerror(errno));
	for (i = 0; i < count; i++) {
		pid = fork();
		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (pid == 0) {
			close(ready[0]);
			close(go[1]);
			process_main(ready[1], go[0], prepare, body, shared, i);
		}
	}
	close(ready[1]);
	close(go[0]);
	for (i = 0; i < count; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("a worker process did not start");
	began = now();
	close(go[1]);
	for (i = 0; i < count; i++)
		if (wait(&status) < 0 || status != 0)
			die("a worker process failed");
	began = now() - began;
	close(ready[0]);
	return began;
}
