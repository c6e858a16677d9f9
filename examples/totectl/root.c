/* SPDX-License-Identifier: ISC */
/*
 * Finding and opening the root: -C, else TOTE_ROOT, else the nearest parent directory that is one.
 */
#include "root.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out.h"

/* The library's own words, which it never prints itself. */
static void log_line(void *user, int32_t priority, const char *text)
{
	const struct call *call = user;

	out_talk(call, "totectl: %s%s", priority <= TOTE_LOG_ERROR ? "error: " : "", text);
}

int root_context(struct call *call)
{
	struct tote_ctx_options options;
	struct tote_log log = {sizeof(log), TOTE_LOG_WARNING, call, log_line};

	if (call->ctx)
		return 0;
	if (tote_ctx_options_init(&options, sizeof(options), &call->fault) < 0)
		return fail(call);
	options.log = &log;
	options.lock_wait_us = call->wait_us;
	return tote_ctx_new(&options, &call->ctx, &call->fault) < 0 ? fail(call) : 0;
}

static const char *named_root(const struct call *call)
{
	const char *root = call->value[OPT_ROOT];

	if (!root) {
		root = getenv("TOTE_ROOT");
		if (root && !*root)
			root = NULL;
	}
	return root;
}

const char *root_to_make(const struct call *call)
{
	const char *root = named_root(call);

	return root ? root : ".";
}

static int is_root(const char *directory)
{
	char path[4096];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/orchestrator/ledger", directory);

	return n > 0 && (size_t)n < sizeof(path) && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Upwards from the current directory; the root of the filesystem is "" here. */
static int find_root(struct call *call)
{
	char *slash;

	if (!getcwd(call->root, sizeof(call->root)))
		return fail_system(call, errno, "the current directory cannot be named");
	if (!strcmp(call->root, "/"))
		call->root[0] = '\0';
	while (!is_root(call->root)) {
		slash = strrchr(call->root, '/');
		if (!slash) {
			tote_fault_set(&call->fault, TOTE_E_NOT_A_ROOT, 0,
				"neither this directory nor one above it is an orchestration root: "
				"name one with -C or TOTE_ROOT");
			return fail(call);
		}
		*slash = '\0';
	}
	if (!call->root[0])
		strcpy(call->root, "/");
	return 0;
}

int root_open(struct call *call, uint32_t flags)
{
	const char *named = named_root(call);
	int code;

	if (call->orchestrator)
		return 0;
	if ((code = root_context(call)) != 0)
		return code;
	if (!named) {
		if ((code = find_root(call)) != 0)
			return code;
	} else if ((size_t)snprintf(call->root, sizeof(call->root), "%s", named) >=
		   sizeof(call->root)) {
		return fail_usage(call, "-C: the path is too long");
	}
	if (tote_orchestrator_open(
		    call->ctx, call->root, flags, &call->orchestrator, &call->fault) < 0)
		return fail(call);
	return 0;
}

int root_box(struct call *call, const char *id, uint32_t flags, tote_box **ret_box)
{
	struct tote_box_options options;
	int rc;

	if (!strcmp(id, "orchestrator")) {
		rc = tote_orchestrator_record(call->orchestrator, ret_box, &call->fault);
		return rc < 0 ? fail(call) : 0;
	}
	if (tote_box_options_init(&options, sizeof(options), &call->fault) < 0)
		return fail(call);
	options.flags = flags;
	rc = tote_box_open(call->orchestrator, id, &options, ret_box, &call->fault);
	return rc < 0 ? fail(call) : 0;
}

int root_read(struct call *call, const char *id, tote_box **ret_box)
{
	int code = root_open(call, TOTE_ORCHESTRATOR_READ_ONLY);

	return code ? code : root_box(call, id, TOTE_BOX_READ_ONLY | TOTE_BOX_NO_SIGNER, ret_box);
}

int box_close(struct call *call, tote_box *box, int code)
{
	if (tote_box_close(box, &call->fault) < 0)
		code = exit_worse(code, fail(call));
	return code;
}

int root_close(struct call *call, int code)
{
	if (call->orchestrator && tote_orchestrator_close(call->orchestrator, &call->fault) < 0)
		code = exit_worse(code, fail(call));
	call->orchestrator = NULL;
	call->ctx = tote_ctx_unref(call->ctx);
	return code;
}
