/* SPDX-License-Identifier: ISC */
/*
 * The grammar of names: IDs, origins, kinds, field keys and the paths of assets.
 */
#ifndef BASE_GRAMMAR_H
#define BASE_GRAMMAR_H

#include "base/fault.h"

/* Each gives 1 where it fits, 0 where not and for NULL. */
int tote__id_valid(const char *s);          /* DNS label, not orchestrator, not witness */
int tote__origin_valid(const char *s);      /* 1 to 255 printable ASCII, no space, no + */
int tote__root_origin_valid(const char *s); /* at most 191, no / first or last */
int tote__kind_valid(const char *s, size_t len);
int tote__kind_is_host(const char *s, size_t len); /* record, record.*, host.* */
int tote__field_key_valid(const char *s, size_t len);
/* The path of an asset (FORMAT section 2): 0, or TOTE_E_GRAMMAR saying what is wrong with it. */
int tote__asset_path_check(const char *path, struct tote_fault *fault);

#endif
