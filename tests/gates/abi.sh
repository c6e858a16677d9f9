#!/bin/sh
# SPDX-License-Identifier: ISC
# Every public struct, and every member of it, stands in the frozen table of tests/api/abi.c.
cd "$top_srcdir" || exit 1
bad=0
for header in include/toteborch/*.h; do
	awk -f tests/gates/uncomment.awk "$header" | awk '
		/^struct tote_[a-z0-9_]* \{/ { name = $2; print name; next }
		/^}/ { name = ""; next }
		name != "" { text = text " " $0 }
		name != "" && /;/ {
			if (match(text, /\(\*[a-z0-9_]+\)/))
				print name, substr(text, RSTART + 2, RLENGTH - 3)
			else {
				n = split(text, part, ",")
				for (i = 1; i <= n; i++) {
					gsub(/\[[^\]]*\]|;/, "", part[i])
					words = split(part[i], word, /[ \t*]+/)
					while (word[words] == "")
						words--
					print name, word[words]
				}
			}
			text = ""
		}'
done | while read -r name member; do
	row="SIZE($name,"
	[ -z "$member" ] || row="FIELD($name, $member,"
	grep -qF "$row" tests/api/abi.c || echo "tests/api/abi.c: no row $row"
done | grep . && bad=1
exit $bad
