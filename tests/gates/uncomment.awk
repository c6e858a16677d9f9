# SPDX-License-Identifier: ISC
# C without its comments and without what stands in strings; lines keep their numbers. With -v where=1
# each begins with its file and number.
FNR == 1 { inside = 0 }
{
	line = $0
	gsub(/\\./, "", line)
	if (line !~ /^[ \t]*#[ \t]*include/)
		gsub(/"[^"]*"/, "\"\"", line)
	out = ""
	while (line != "") {
		if (inside) {
			end = index(line, "*/")
			if (!end)
				break
			line = substr(line, end + 2)
			inside = 0
		} else {
			start = index(line, "/*")
			out = out (start ? substr(line, 1, start - 1) : line)
			if (!start)
				break
			line = substr(line, start + 2)
			inside = 1
		}
	}
	print (where ? FILENAME ":" FNR ": " : "") out
}
