/* SPDX-License-Identifier: ISC */
/*
 * Many processes on one container, with kills and stops in between:
 *
 *	crowd [-t SECONDS] [-s SEED] [-p PROCESSES] [-n THREADS] [-r CHECKER] [-d DIRECTORY] [-k] [-f]
 *
 * -k kills and stops nobody, -f only measures fairness, -r names a program that is given the root at
 * the end and must exit 0. Exit 1 and the first thing that was wrong; what is in DIRECTORY stays.
 */
#include "stress/crowd.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HUNG_SECONDS 60 /* nobody may wait that long: every wait of the library has a bound */

static struct {
	struct crowd crowd;
	double seconds;
	int gentle, fairness, kept;
	const char *checker;
	pid_t pids[PROCESSES_MAX + 2];
	unsigned int generations[PROCESSES_MAX + 2];
	uint64_t chance;
} it = {.seconds = 3, .crowd = {.processes = 4, .threads = 2, .seed = 1}};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Number PROCESSES is the reader, the one behind it the manager. */
static void start(unsigned int number)
{
	char path[PATH_ROOM];
	struct member m = {.crowd = &it.crowd, .number = number};
	pid_t parent = getpid(), pid;

	m.generation = it.generations[number]++;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		give_up("fork", "a member");
	if (pid) {
		it.pids[number] = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	path_in(path, "%s/diaries/%u.%u", it.crowd.top, number, m.generation);
	m.diary = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	m.ctx = crowd_ctx(&it.crowd);
	if (m.diary < 0 || !m.ctx)
		give_up("open", path);
	if (it.fairness)
		crowd_patient(&m);
	if (number == it.crowd.processes)
		crowd_reader(&m);
	if (number == it.crowd.processes + 1)
		crowd_manager(&m);
	crowd_writer(&m);
}

static unsigned int members(void)
{
	return it.crowd.processes + (it.fairness ? 0 : 2);
}

/* One is killed and replaced, or stopped for a while, wherever it is at that moment. */
static void disturb(void)
{
	const unsigned int number = (unsigned int)crowd_draw(&it.chance, members());
	const pid_t pid = it.pids[number];

	if (crowd_draw(&it.chance, 3)) {
		kill(pid, SIGSTOP);
		usleep((useconds_t)crowd_draw(&it.chance, 60000));
		kill(pid, SIGCONT);
		atomic_fetch_add(&it.crowd.common->stops, 1);
		return;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	atomic_fetch_add(&it.crowd.common->kills, 1);
	start(number);
}

/* Who ends on its own before it is told to has met something that it should not. */
static void check_alive(void)
{
	for (unsigned int i = 0; i < members(); i++) {
		int status;

		if (waitpid(it.pids[i], &status, WNOHANG) == it.pids[i]) {
			crowd_wrong(&it.crowd, "member %u ended with status %x", i,
				(unsigned int)status);
			start(i);
		}
	}
}

static void wait_for_all(void)
{
	const double begin = now();

	for (unsigned int i = 0; i < members(); i++) {
		int status = 0;

		while (waitpid(it.pids[i], &status, WNOHANG) == 0 && now() < begin + HUNG_SECONDS)
			usleep(2000);
		if (now() >= begin + HUNG_SECONDS) {
			crowd_wrong(&it.crowd, "member %u did not end within %d seconds", i,
				HUNG_SECONDS);
			kill(it.pids[i], SIGKILL);
			waitpid(it.pids[i], &status, 0);
		} else if (status) {
			crowd_wrong(&it.crowd, "member %u ended with status %x", i,
				(unsigned int)status);
		}
	}
}

static void run(void)
{
	const double end = now() + it.seconds;

	for (unsigned int i = 0; i < members(); i++)
		start(i);
	while (now() < end && !atomic_load(&it.crowd.common->wrong)) {
		usleep(20000 + (useconds_t)crowd_draw(&it.chance, 60000));
		if (!it.gentle && !it.fairness)
			disturb();
		check_alive();
	}
	atomic_store(&it.crowd.common->ends, 1);
	wait_for_all();
}

/* In a child: whoever forks has no handles open. */
static void make_root(void)
{
	struct crowd *c = &it.crowd;
	struct tote_fault fault;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		tote_orchestrator *o = NULL;
		tote_ctx *ctx = crowd_ctx(c);

		if (tote_orchestrator_init(ctx, c->root, CROWD_ORIGIN, NULL, 0, &fault) < 0 ||
			tote_orchestrator_open(ctx, c->root, 0, &o, &fault) < 0 ||
			tote_orchestrator_provision(o, CROWD_ID, NULL, NULL, &fault) < 0) {
			fprintf(stderr, "crowd: %s\n", fault.text);
			_exit(1);
		}
		tote_orchestrator_close(o, &fault);
		tote_ctx_unref(ctx);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		exit(2);
}

static void make_place(const char *directory)
{
	struct crowd *c = &it.crowd;
	char path[PATH_ROOM];

	if (directory)
		path_in(c->top, "%s", directory);
	else
		tree_scratch(c->top, "tote-crowd");
	path_in(c->root, "%s/root", c->top);
	path_in(c->place, "%s/root/containers/" CROWD_ID, c->top);
	path_in(c->key, "%s/root/orchestrator/keys/" CROWD_ID, c->top);
	if (mkdir(path_in(path, "%s/diaries", c->top), 0755) != 0)
		give_up("make", path);
	c->common = mmap(NULL, sizeof(*c->common), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c->common == MAP_FAILED)
		give_up("share", "memory");
	make_root();
}

/* The library's own audit of everything, and the checker that shares nothing with it. */
static void audit_all(void)
{
	struct crowd *c = &it.crowd;
	struct tote_finding f = {.size = sizeof(f)};
	struct tote_fault fault;
	tote_ctx *ctx = crowd_ctx(c);
	tote_orchestrator *o = NULL;
	tote_audit *audit = NULL;
	char command[PATH_ROOM];
	uint32_t worst = 0;
	int rc = tote_orchestrator_open(ctx, c->root, 0, &o, &fault);

	if (rc == 0)
		rc = tote_audit_start(o, NULL, &audit, &fault);
	while (rc == 0 && (rc = tote_audit_step(audit, 0, 0, &fault)) == 1)
		rc = 0;
	if (rc == 0)
		rc = tote_audit_worst(audit, &worst, &fault);
	if (rc < 0)
		crowd_wrong(c, "the last audit: %s", fault.text);
	while (rc == 0 && tote_audit_next_finding(audit, &f, &fault) == 1)
		if (!(f.flags & TOTE_FINDING_INFORMATION))
			crowd_wrong(c, "the last audit: TOTE-%04d %s %.*s: %s", f.code, f.container,
				(int)f.path_length, f.path, f.found);
	if (rc == 0 && worst != TOTE_VERDICT_OK)
		crowd_wrong(c, "the last audit: verdict %u", worst);
	tote_audit_close(audit, &fault);
	tote_orchestrator_close(o, &fault);
	tote_ctx_unref(ctx);
	if (it.checker &&
		system(path_in(command, "%s '%s' >'%s/checker' 2>&1", it.checker, c->root, c->top)))
		crowd_wrong(c, "the checker refuses it: see %s/checker", c->top);
}

/*
 * Everybody is served about as often as the others. Who waits for the processor, on a machine with
 * other work, is late for his turn as well; so this is no count of turns.
 */
static void check_shares(void)
{
	const struct common *n = it.crowd.common;
	const unsigned long mean = n->grants / it.crowd.processes;

	for (unsigned int i = 0; i < it.crowd.processes; i++)
		if (n->served[i] < mean / 4)
			crowd_wrong(&it.crowd, "member %u was served %lu times, %lu is the mean", i,
				n->served[i], mean);
}

static int report(void)
{
	const struct common *n = it.crowd.common;

	printf("%lu appends, %lu batches, %lu seals, %lu folds, %lu moves, %lu audits, %lu reads, "
	       "%lu forks, %lu kills, %lu stops\n",
		n->appends, n->batches, n->seals, n->folds, n->moves, n->audits, n->reads, n->forks,
		n->kills, n->stops);
	if (it.fairness)
		printf("at most %lu of %lu were served between a place in the queue and its turn\n",
			n->overtaken, n->grants);
	if (n->wrong)
		printf("FAIL (%lu times) %s\nin %s\n", n->wrong, n->why, it.crowd.top);
	return n->wrong != 0;
}

int main(int argc, char **argv)
{
	const char *directory = NULL;
	int option;

	while ((option = getopt(argc, argv, "t:s:p:n:r:d:kf")) != -1) {
		switch (option) {
		case 't':
			it.seconds = strtod(optarg, NULL);
			break;
		case 's':
			it.crowd.seed = strtoull(optarg, NULL, 10) | 1;
			break;
		case 'p':
			it.crowd.processes = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			it.crowd.threads = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			it.checker = optarg;
			break;
		case 'd':
			directory = optarg;
			it.kept = 1;
			break;
		case 'k':
			it.gentle = 1;
			break;
		case 'f':
			it.fairness = 1;
			break;
		default:
			return 2;
		}
	}
	if (!it.crowd.processes || it.crowd.processes > PROCESSES_MAX || !it.crowd.threads ||
		it.crowd.threads > THREADS_MAX)
		return 2;
	it.chance = it.crowd.seed * 0x9e3779b97f4a7c15ull + 1;
	make_place(directory);
	run();
	crowd_judge(&it.crowd);
	audit_all();
	if (it.fairness)
		check_shares();
	option = report();
	if (!option && !it.kept)
		tree_remove(it.crowd.top);
	return option;
}
