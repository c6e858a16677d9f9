#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Makes tlog_vectors.h from tlog-vectors.json, so that the tests need no JSON reader.

    python3 tests/vectors/convert.py        rewrites tests/vectors/tlog_vectors.h
"""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH = 96

HEAD = """/* SPDX-License-Identifier: ISC */
/*
 * Vectors of the C2SP transparency-log family, made from tlog-vectors.json by convert.py.
 */
#ifndef VECTORS_TLOG_VECTORS_H
#define VECTORS_TLOG_VECTORS_H

#include <stddef.h>
#include <stdint.h>

/* clang-format off */
struct vector_proof {
	uint64_t from, to; /* index and size of an inclusion proof */
	size_t count;
	const char *hash[8];
};

struct vector_tree {
	const char *name;
	const char *entry[8], *leaf[8], *root[9];
	size_t inclusions, consistencies;
	struct vector_proof inclusion[36], consistency[36];
};

/* The tree of "entry 0", "entry 1", ... and some of its files. */
struct vector_files {
	uint64_t size;
	const char *root;
	size_t tiles; /* of hashes: bundles are not counted */
	size_t count;
	struct {
		const char *name, *sha256;
	} file[12];
};

struct vector_index {
	uint64_t index;
	const char *path;
};
"""


def text(value):
    """A C string of any bytes; pieces of one line each."""
    lines, line = [], ""
    for byte in value.encode():
        if byte == 0x0A:
            piece = "\\n"
        elif byte in (0x22, 0x5C):
            piece = "\\" + chr(byte)
        elif 0x20 <= byte < 0x7F:
            piece = chr(byte)
        else:
            piece = "\\%03o" % byte
        line += piece
        if piece == "\\n" or len(line) >= WIDTH - 16:
            lines.append(line)
            line = ""
    if line or not lines:
        lines.append(line)
    if len(lines) == 1:
        return '"%s"' % lines[0]
    return "".join('\n\t"%s"' % line for line in lines)


def field(value):
    shown = str(value) if isinstance(value, int) else text(value)
    return shown if shown.startswith("\n") else " " + shown


def strings(values):
    return "{%s}" % ",\n\t\t".join(text(value) for value in values)


def proofs(items, first, second):
    return "{\n%s}" % "".join(
        "\t\t{%d, %d, %d, {%s}},\n"
        % (p[first], p[second], len(p["proof"]), ",\n\t\t\t".join(map(text, p["proof"])) or "0")
        for p in items)


def tree(name, t):
    return "\t{%s, %s,\n\t%s,\n\t%s,\n\t%d, %d,\n\t%s,\n\t%s},\n" % (
        text(name), strings(t["entries_hex"]), strings(t["leaf_hashes"]), strings(t["roots"]),
        len(t["inclusion"]), len(t["consistency"]),
        proofs(t["inclusion"], "index", "size"), proofs(t["consistency"], "old", "new"))


def files(size, t):
    items = t["sha256_of_files"].items()
    return "\t{%s, %s, %d, %d, {\n%s\t}},\n" % (
        size, text(t["root"]), t["tile_count"], len(items),
        "".join("\t\t{%s,\n\t\t%s},\n" % (text(n), text(h)) for n, h in items))


def note(t):
    fields = "".join(
        "\t%s;\n" % ("uint64_t " + k if isinstance(v, int) else "const char *" + k)
        for k, v in t.items())
    values = "".join(
        "\t.%s =%s,\n" % (k, field(v)) for k, v in t.items())
    return ("\nstruct vector_note {\n%s};\n\nstatic const struct vector_note vector_note = {\n%s};\n"
            % (fields, values))


def main():
    with open(os.path.join(HERE, "tlog-vectors.json"), encoding="utf-8") as f:
        v = json.load(f)
    out = HEAD
    out += "\nstatic const struct vector_tree vector_trees[] = {\n%s};\n" % "".join(
        tree(name, v[name]) for name in ("ct8", "entry_n"))
    out += "\nstatic const struct vector_files vector_files[] = {\n%s};\n" % "".join(
        files(*item) for item in v["trees_of_entry_n"].items())
    out += "\nstatic const struct vector_index vector_indices[] = {\n%s};\n" % "".join(
        "\t{UINT64_C(%s), %s},\n" % (i, text(p)) for i, p in v["index_paths"].items())
    out += note(v["note"])
    out += "/* clang-format on */\n\n#endif\n"
    with open(os.path.join(HERE, "tlog_vectors.h"), "w", encoding="utf-8") as f:
        f.write(out)


if __name__ == "__main__":
    main()
