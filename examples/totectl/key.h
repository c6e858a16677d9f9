/* SPDX-License-Identifier: ISC */
/*
 * Public keys as a person gives them: a vkey, or a file that holds one.
 */
#ifndef TOTECTL_KEY_H
#define TOTECTL_KEY_H

#include "args.h"

#define KEY_MAX 512

/*
 * KEY: a vkey, or a file with one: alone on its line, or as totectl keys prints it, behind its role.
 * Of several lines the first counts that is a vkey alone or whose role is one of roles. given NULL:
 * vkey stays as it is. 0, or the exit of a failure.
 */
int key_find(struct call *call, const char *given, const char *roles, char vkey[KEY_MAX]);

#endif
