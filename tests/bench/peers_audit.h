/* SPDX-License-Identifier: ISC */
/*
 * The peers of audits: each reads all assets of a corpus once, warm or cold as that says.
 */
#ifndef BENCH_PEERS_AUDIT_H
#define BENCH_PEERS_AUDIT_H

#include "corpus.h"

/* Files a second, MiB a second where they are large. */
double peer_rate(const struct corpus *corpus, double seconds);
/* The page cache as this side wants it, before the clock. */
void peer_prepare(const struct corpus *corpus);
/* NULL where the program is there, else the package. */
const char *peer_package(const char *program, const char *package);

extern const char *const bare_audit_package;
void bare_audit(void *state, double value[MEASURES]); /* corpus->readers threads */
void peer_b3sum(void *state, double value[MEASURES]);
void peer_rhash(void *state, double value[MEASURES]);
void peer_sha256sum(void *state, double value[MEASURES]); /* two at a time */
void peer_aide_make(const struct corpus *corpus);
void peer_aide(void *state, double value[MEASURES]);
void peer_find(void *state, double value[MEASURES]);

#endif
