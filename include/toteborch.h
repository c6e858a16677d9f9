/* SPDX-License-Identifier: ISC */
/*
 * libtoteborch: many isolated, hash-chained, signed archives in one deployment.
 *
 * Conventions of every call
 *   - Returns 0 or a negative TOTE_E_* (fault.h); iterators 1 for "got one" and 0 for the end. The
 *     last parameter is the caller's struct tote_fault or NULL.
 *   - Outputs are named ret_*, written on success only, and never NULL unless said so. The exception
 *     is ret_length of a call that fills a caller's buffer: where cap is too small it gives the
 *     length that is needed, with TOTE_E_TOO_LARGE.
 *   - Structs of options and of results begin with their size, set by the caller (or an _init):
 *     zero elsewhere means the default; bytes behind what the library knows must be zero.
 *   - IDs, paths, keys and names are NUL-terminated bytes; payloads are pointer and length. Nothing
 *     of the caller's is kept after a call, but for a signer's table and what it points to.
 *   - Times are microseconds since 1970-01-01 UTC in int64_t.
 *   - The library never prints, exits, installs a signal handler or changes process state.
 *   - Handles are reference-counted; a child keeps its parent alive. In a forked child only _unref
 *     is allowed; everything else is TOTE_E_MISUSE.
 */
#ifndef TOTEBORCH_H
#define TOTEBORCH_H

#include <toteborch/api.h>
#include <toteborch/assets.h>
#include <toteborch/audit.h>
#include <toteborch/box.h>
#include <toteborch/copy.h>
#include <toteborch/ctx.h>
#include <toteborch/fault.h>
#include <toteborch/fleet.h>
#include <toteborch/health.h>
#include <toteborch/input.h>
#include <toteborch/ledger.h>
#include <toteborch/orchestrator.h>
#include <toteborch/schedule.h>
#include <toteborch/signer.h>
#include <toteborch/verify.h>

#endif
