/* SPDX-License-Identifier: ISC */
/*
 * The kernel's boot id, from random(4)'s file in /proc: a UUID that lasts until the next boot.
 */
#include "store/posix_boot.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int is_uuid_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
}

void tote__posix_boot_id(char out[BOOT_ID_MAX])
{
	char raw[BOOT_ID_MAX];
	ssize_t got = -1;
	size_t len = 0;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		do
			got = read(fd, raw, sizeof(raw) - 1);
		while (got < 0 && errno == EINTR);
		close(fd);
	}
	while (got > 0 && len < (size_t)got && is_uuid_digit(raw[len]))
		len++;
	if (len < 2)
		len = 0;
	memcpy(out, len ? raw : "-", len ? len : 1);
	out[len ? len : 1] = '\0';
}
