/* SPDX-License-Identifier: ISC */
/*
 * Whether what a power cut left behind is as it was promised, and a recovery makes it whole.
 */
#ifndef POWER_CHECK_H
#define POWER_CHECK_H

#include "power/work.h"

/*
 * Makes the image below root and recovers it there. 0, or what is wrong is in why. reader: a
 * command that reads the directory independently in the end, or NULL.
 */
int check_image(const char *root, const struct image *image, const struct truth *truth,
	size_t promise, const char *reader, char why[WHY_ROOM]);

/* The calls that recover what lies there and go on: "Rfaf", or "cRfaf" before a container was made. */
void recover_and_go_on(struct run *r);

#endif
