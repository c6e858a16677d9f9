/* SPDX-License-Identifier: ISC */
/*
 * The gate of a place in a directory tree: files that outsiders drop into app-console-input/.
 */
#ifndef STORE_POSIX_INPUT_H
#define STORE_POSIX_INPUT_H

#include "store/store.h"

int tote__posix_input_look(
	void *place, const char *name, int *ret_writer, struct tote_fault *fault);
int tote__posix_input_take(void *place, const char *name, void **ret_taken,
	char ret_path[TAKEN_PATH_MAX], struct tote_fault *fault);
int tote__posix_input_adopt(void *place, const char *random, const char *name, void **ret_taken,
	char ret_path[TAKEN_PATH_MAX], struct tote_fault *fault);
int tote__posix_input_give_back(void *taken, struct tote_fault *fault);
int tote__posix_input_drop(void *taken, struct tote_fault *fault);
int tote__posix_input_reject(void *taken, uint64_t seq, struct tote_fault *fault);

#endif
