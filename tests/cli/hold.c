/* SPDX-License-Identifier: ISC */
/*
 * Holds the writers' lock of a ledger (byte 0 and its turnstile, byte 1, of the file named) until
 * standard input ends: another program at work, for a test.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 2};
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	char byte;

	if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return 1;
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
