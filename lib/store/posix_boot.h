/* SPDX-License-Identifier: ISC */
/*
 * The kernel's boot id: tells a lock line of this boot from one that a power cut left behind.
 */
#ifndef STORE_POSIX_BOOT_H
#define STORE_POSIX_BOOT_H

#define BOOT_ID_MAX 64

/* The boot id and a NUL; "-" where the kernel does not say. */
void tote__posix_boot_id(char out[BOOT_ID_MAX]);

#endif
