/* SPDX-License-Identifier: ISC */
/*
 * Programs that are run and timed as a whole.
 */
#include "child.h"

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static pid_t start(const char *const argv[], int out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	rc = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc)
		die("%s: %s", argv[0], strerror(rc));
	return pid;
}

double child_run(const char *const argv[], char *out, size_t length)
{
	char drop[512];
	double began = now();
	size_t have = 0;
	int ends[2], status;
	ssize_t got;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	pid = start(argv, ends[1]);
	close(ends[1]);
	do {
		got = have < length ? read(ends[0], out + have, length - have)
				    : read(ends[0], drop, sizeof(drop));
		if (got > 0 && have < length)
			have += (size_t)got;
	} while (got > 0);
	out[have] = 0;
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		die("%s failed: %s", argv[0], out);
	return now() - began;
}
