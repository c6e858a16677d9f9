/* SPDX-License-Identifier: ISC */
/*
 * A root that is watched for simulated days, while files are harmed, processes killed and clocks put
 * forward and back:
 *
 *	vigil [-n CONTAINERS] [-t DAYS] [-s SEED] [-r CHECKER] [-d DIRECTORY]
 *
 * -r names a program that is given the root at the end and must exit 0. Exit 1 and the first thing
 * that was wrong; what is in DIRECTORY stays.
 */
#include "stress/vigil.h"
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

#define START      1795000000ll /* of the simulated clock, seconds */
#define LONGEST    (30 * 86400) /* seconds that a clock is put forward or back at most */
#define HUNG_TICKS 600000       /* of 100 us: the keeper may not be awake for longer at one time */

static struct {
	struct vigil vigil;
	pid_t keeper, writer;
	unsigned int generation;
	int kept;
	const char *checker;
	int64_t end, next_harm, next_jump;
} it = {.vigil = {.containers = 20, .days = 0.5, .chance = 1}};

static uint64_t draw(uint64_t below)
{
	return vigil_draw(&it.vigil.chance, below);
}

/* 0 in the child, which dies with this process. */
static pid_t child(void)
{
	const pid_t parent = getpid();
	pid_t pid;

	draw(2);
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		give_up("fork", "a process");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
	}
	return pid;
}

static void start_keeper(void)
{
	atomic_store(&it.vigil.shared->asleep, 0);
	it.keeper = child();
	if (it.keeper == 0)
		vigil_keeper(&it.vigil);
}

static void start_writer(void)
{
	it.generation++;
	it.writer = child();
	if (it.writer == 0)
		vigil_writer(&it.vigil, it.generation);
}

/* A handle may not be carried over a fork: whoever opens one here is a process of its own. */
static void aside(void (*work)(struct vigil *v, const char *id), const char *id)
{
	int status = 0;
	const pid_t pid = child();

	if (pid == 0) {
		work(&it.vigil, id);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		vigil_wrong(&it.vigil, "what was done aside ended with status %x",
			(unsigned int)status);
}

static void make(struct vigil *v, const char *unused)
{
	(void)unused;
	vigil_make(v);
}

static void kill_and_start(pid_t pid, void (*start)(void))
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	atomic_fetch_add(&it.vigil.shared->kills, 1);
	start();
}

/* --- time ----------------------------------------------------------------------------------- */

static int64_t mono(void)
{
	return atomic_load(&it.vigil.shared->mono);
}

static void jump(void)
{
	const int64_t by = ((int64_t)draw(2 * LONGEST) - LONGEST) * SECOND;

	atomic_fetch_add(&it.vigil.shared->wall, draw(3) ? by / 1000 : by);
	atomic_fetch_add(&it.vigil.shared->jumps, 1);
	it.next_jump = mono() + (int64_t)draw(20 * FULL_SECONDS) * SECOND;
}

static void mend_what_is_planned(int64_t now)
{
	struct vigil *v = &it.vigil;
	char id[ID_ROOM];

	for (unsigned int i = 0; i < v->containers; i++) {
		struct harm *h = v->open[i] ? &v->harms[v->open[i] - 1] : NULL;

		if (!h || h->planned > now)
			continue;
		vigil_mend(v, h);
		aside(vigil_settle, vigil_id(i, id));
	}
}

static void happen(void)
{
	const int64_t now = mono();

	mend_what_is_planned(now);
	if (now >= it.next_harm) {
		vigil_harm(&it.vigil);
		it.next_harm = now + (int64_t)draw(FULL_SECONDS / 2) * SECOND;
	}
	if (now >= it.next_jump)
		jump();
}

/* The keeper sleeps: noted, then both clocks go on to when it wants to wake, or something happens. */
static void advance(void)
{
	struct vigil *v = &it.vigil;
	struct shared *s = v->shared;
	int64_t to = atomic_load(&s->until);

	v->moments = vigil_room(v->moments, v->moment_count, &v->moment_cap, sizeof(*v->moments));
	v->moments[v->moment_count++] =
		(struct moment){.mono = mono(), .record = atomic_load(&s->record)};
	if (draw(2))
		happen();
	if (to > it.next_harm && it.next_harm > mono())
		to = it.next_harm;
	if (to > mono()) {
		atomic_fetch_add(&s->wall, to - mono());
		atomic_store(&s->mono, to);
	}
	if (atomic_load(&s->until) <= mono())
		atomic_store(&s->asleep, 0);
}

static void check_alive(pid_t pid, const char *who, void (*start)(void))
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return;
	vigil_wrong(&it.vigil, "the %s ended with status %x", who, (unsigned int)status);
	start();
}

static void watch(void)
{
	struct shared *s = it.vigil.shared;
	unsigned long awake = 0;

	start_keeper();
	start_writer();
	while (mono() < it.end && !atomic_load(&s->wrong)) {
		if (atomic_load(&s->asleep)) {
			awake = 0;
			advance();
		} else if (++awake > HUNG_TICKS) {
			vigil_wrong(&it.vigil, "the keeper is awake without an end");
		}
		usleep(100);
		if (draw(3000) == 0)
			kill_and_start(it.keeper, start_keeper);
		if (draw(3000) == 0)
			kill_and_start(it.writer, start_writer);
		if (!atomic_load(&s->asleep) && draw(200) == 0)
			happen(); /* also while it reads */
		check_alive(it.keeper, "keeper", start_keeper);
		check_alive(it.writer, "writer", start_writer);
	}
	atomic_store(&s->ends, 1);
	for (int i = 0; i < 2; i++) {
		int status = 0;

		if (waitpid(i ? it.keeper : it.writer, &status, 0) < 0 || status)
			vigil_wrong(&it.vigil, "the %s ended with status %x",
				i ? "keeper" : "writer", (unsigned int)status);
	}
}

/* --- the end -------------------------------------------------------------------------------- */

static void mend_all(void)
{
	struct vigil *v = &it.vigil;

	for (unsigned int i = 0; i < v->containers; i++)
		if (v->open[i])
			vigil_mend(v, &v->harms[v->open[i] - 1]);
	aside(vigil_settle, NULL);
}

static int report(void)
{
	const struct shared *s = it.vigil.shared;
	char command[PATH_ROOM];

	if (it.checker && !s->wrong &&
		system(path_in(command, "%s '%s' >'%.1000s/checker' 2>&1", it.checker,
			it.vigil.root, it.vigil.top)))
		vigil_wrong(&it.vigil, "the checker refuses it: see %.200s/checker", it.vigil.top);
	printf("%u containers, %.2f days, %lu dispatches, %llu entries on record, %zu harms, %lu "
	       "appends (%lu refused), %lu kills, %lu jumps of the clock\n",
		it.vigil.containers, (double)mono() / (86400.0 * SECOND), s->dispatches,
		(unsigned long long)s->record, it.vigil.harm_count, s->appends, s->refused,
		s->kills, s->jumps);
	if (s->wrong)
		printf("FAIL (%lu times) %s\nin %s\n", s->wrong, s->why, it.vigil.top);
	return s->wrong != 0;
}

static void make_place(const char *directory)
{
	struct vigil *v = &it.vigil;
	static const char *const names[] = {"diaries", "safe"};
	char path[PATH_ROOM];

	if (directory)
		path_in(v->top, "%s", directory);
	else
		tree_scratch(v->top, "tote-vigil");
	path_in(v->root, "%.4000s/root", v->top);
	for (size_t i = 0; i < 2; i++)
		if (mkdir(path_in(path, "%.4000s/%s", v->top, names[i]), 0755) != 0)
			give_up("make", path);
	v->shared = mmap(NULL, sizeof(*v->shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (v->shared == MAP_FAILED)
		give_up("share", "memory");
	atomic_store(&v->shared->wall, START * SECOND);
	atomic_store(&v->shared->mono, SECOND);
	it.end = mono() + (int64_t)(v->days * 86400.0 * (double)SECOND);
	it.next_harm = LONG_ENOUGH;
	it.next_jump = LONG_ENOUGH;
}

int main(int argc, char **argv)
{
	const char *directory = NULL;
	int option;

	while ((option = getopt(argc, argv, "n:t:s:r:d:")) != -1) {
		switch (option) {
		case 'n':
			it.vigil.containers = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 't':
			it.vigil.days = strtod(optarg, NULL);
			break;
		case 's':
			it.vigil.chance = strtoull(optarg, NULL, 10) * 0x9e3779b97f4a7c15ull | 1;
			break;
		case 'r':
			it.checker = optarg;
			break;
		case 'd':
			directory = optarg;
			it.kept = 1;
			break;
		default:
			return 2;
		}
	}
	if (!it.vigil.containers || it.vigil.containers > CONTAINERS_MAX)
		return 2;
	make_place(directory);
	aside(make, NULL);
	watch();
	mend_all();
	vigil_judge(&it.vigil);
	option = report();
	if (!option && !it.kept)
		tree_remove(it.vigil.top);
	return option;
}
