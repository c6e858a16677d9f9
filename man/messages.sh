#!/bin/sh
# SPDX-License-Identifier: ISC
# Writes toteborch-messages(7) to standard output from the tables that the library itself is built of,
# so that page and program cannot differ:  sh man/messages.sh >man/toteborch-messages.7
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."

# The rows of a table NAME(a, b, "text", ...), one a line, with the comments between them.
rows() { # NAME FILE
	awk -v name="$1" '
		index($0, name "(") == 1 { row = "" ; open = 1 }
		open { row = row (row == "" ? "" : " ") $0; if (/\)$/) { print row; open = 0 } next }
		/^\/\* .* \*\/$/ && !/SPDX/ { print }' "$2"
}

cat <<'END'
.\" SPDX-License-Identifier: ISC
.\" Written by man/messages.sh: change the tables it reads, not this file.
.Dd November 23, 2026
.Dt TOTEBORCH-MESSAGES 7
.Os
.Sh NAME
.Nm toteborch-messages
.Nd findings, error codes and exit codes of libtoteborch
.Sh DESCRIPTION
An audit reports
.Em findings :
what is not as it was promised.
A call that fails returns an
.Em error code
and says in its fault what failed, on which object, why, and what to do.
The numbers of both are never used again for anything else.
The texts below are printed as they stand here.
.Sh FINDINGS
A finding has a number, printed
.Li TOTE-1001 ,
a name, and a severity:
.Bl -tag -width information
.It damage
Something is not what it was.
The verdict is
.Ql damaged .
.It incomplete
Something could not be looked at.
The verdict is
.Ql incomplete ,
if nothing is damaged.
.It information
No damage; the verdict stays as it is.
.El
.Pp
Damage raises a flag, and so does what could not be looked at, unless
somebody cancelled the audit; it stands until it is acknowledged with
.Ql totectl ack .
.Pp
In what to do next,
.Ar ID
stands for the container and
.Ar SEQ
for the entry.
To restore means: from a copy that
.Ql totectl verify
or an audit has found whole.
END

rows TOTE_FINDING lib/audit/finding.def | awk -F '"' '
	function wrap(text,    n, i, word, line) {
		n = split(text, word, " ")
		line = word[1]
		for (i = 2; i <= n; i++) {
			if (length(line) + length(word[i]) >= 78) { print line; line = word[i] }
			else line = line " " word[i]
		}
		print line
	}
	function close_list() { if (listed) print ".El"; listed = 0 }
	/^\/\*/ {
		close_list()
		gsub(/^\/\* | \*\/$/, "")
		print ".Ss " toupper(substr($0, 1, 1)) substr($0, 2)
		next
	}
	NF != 7 || /\\/ { print "messages.sh: not a row of five columns: " $0 > "/dev/stderr"; exit 1 }
	{
		split($1, head, /[(,]/)
		severity = tolower($3)
		gsub(/[, ]/, "", severity)
		if (!listed) print ".Bl -tag -width Ds"
		listed = 1
		print ".It Sy TOTE-" sprintf("%04d", head[2]) " " $2 " Pq " severity
		wrap($4)
		print ".br"
		print ".Em Next :"
		wrap($6)
	}
	END { close_list() }'

cat <<'END'
.Sh ERROR CODES
Every call of
.Xr libtoteborch 3
that fails returns one of these; its class is the exit code of
.Xr totectl 1 .
.Bl -tag -width Ds
END

rows FAULT lib/base/fault.def | awk -F '"' '
	/^\/\*/ { next }
	NF != 3 || /\\/ { print "messages.sh: not a row of four columns: " $0 > "/dev/stderr"; exit 1 }
	{
		split($1, head, /[(,] */)
		class = tolower(head[4])
		gsub(/_/, " ", class)
		print ".It Dv TOTE_E_" head[2] " Pq " head[3] ", " class
		print $2
	}'

cat <<'END'
.El
.Sh EXIT CODES
The classes of error codes are what
.Xr totectl 1
exits with.
Of several it is the first in the order 3, 12, 11, 6, 4, 1.
.Bl -tag -width Ds
END

sed -n 's|^#define TOTE_CLASS_\([A-Z_]*\)  *\([0-9]*\)  */\* \(.*\) \*/$|\2 \1 \3|p' include/toteborch/fault.h |
	awk '{
		class = tolower($2)
		gsub(/_/, " ", class)
		number = $1
		sub(/^[^ ]* [^ ]* /, "")
		print ".It " number " Pq " class
		print
	}'

cat <<'END'
.El
.Sh SEE ALSO
.Xr totectl 1 ,
.Xr libtoteborch 3 ,
.Xr toteborch-ledger 5 ,
.Xr totebox 5
END
