#!/bin/sh
# SPDX-License-Identifier: ISC
# What a library inside somebody else's process must not reach: it never ends the process, prints,
# takes a signal, or changes the state of the process. pthread_sigmask is what its threads start with.
set -u
forbidden='exit _exit _Exit quick_exit abort __assert __assert_fail __assert_perror_fail
	atexit at_quick_exit __cxa_atexit
	printf vprintf fprintf vfprintf dprintf vdprintf puts fputs putc putchar fputc fwrite perror
	__printf_chk __vprintf_chk __fprintf_chk __vfprintf_chk __dprintf_chk __vdprintf_chk
	stdout stderr err errx warn warnx verr verrx vwarn vwarnx error syslog __syslog_chk psignal
	signal sigaction sigprocmask sigsuspend sigqueue raise kill killpg pthread_kill alarm setitimer
	chdir fchdir chroot umask setlocale setenv unsetenv putenv clearenv srand srandom setrlimit'

found=$($NM -D --undefined-only "$top_builddir/lib/.libs/libtoteborch.so" |
	awk -v list="$forbidden" '
		BEGIN { n = split(list, a, /[ \t\n]+/); for (i = 1; i <= n; i++) no[a[i]] = 1 }
		{ name = $NF; sub(/@.*/, "", name); if (name in no) print name }')
[ -z "$found" ] && exit 0
echo "libtoteborch.so reaches:" $found
exit 1
