# SPDX-License-Identifier: ISC
# Prints the names of the functions that a public header declares with TOTE_API. A declaration
# follows its comment without a gap, or the struct that the comment introduces; several that share
# one follow each other without a gap.
function fail(text)
{
	print FILENAME ":" FNR ": " text > "/dev/stderr"
	bad = 1
}
/^TOTE_API/ {
	if (before !~ /\*\/[ \t]*$/ && before !~ /^};/ && before != "declared")
		fail("no comment right before this declaration")
	open = 1
	text = ""
}
open { text = text " " $0 }
open && /;/ {
	open = 0
	if (match(text, /tote_[a-z0-9_]*[ \t]*\(/))
		print substr(text, RSTART, RLENGTH - 1)
	else
		fail("no function in this declaration")
	before = "declared"
	next
}
/^$/ && before ~ /^};/ { next }
{ before = $0 }
END { exit bad }
