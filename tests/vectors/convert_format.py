#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Makes format_vectors.h from format-vectors.json, so that the tests need no JSON reader.

    python3 tests/vectors/convert_format.py     rewrites tests/vectors/format_vectors.h
"""
import json
import os

from convert import text

HERE = os.path.dirname(os.path.abspath(__file__))

HEAD = """/* SPDX-License-Identifier: ISC */
/*
 * Worked examples of the on-disk format, made from format-vectors.json by convert_format.py.
 */
#ifndef VECTORS_FORMAT_VECTORS_H
#define VECTORS_FORMAT_VECTORS_H

/* clang-format off */
struct vector_entry {
	const char *hex, *leaf;
};

/* The raw bytes in hex; as written: a text, in which no NUL occurs. */
struct vector_value {
	const char *raw, *written;
};
"""


def rows(items):
    return "".join("\t{%s},\n" % ",\n\t ".join(text(field) for field in item) for item in items)


def array(kind, name, items):
    return "\nstatic const %s %s[] = {\n%s};\n" % (kind, name, items)


def main():
    with open(os.path.join(HERE, "format-vectors.json"), encoding="utf-8") as f:
        v = json.load(f)
    out = HEAD
    out += array("struct vector_entry", "vector_entries",
                 rows((e["hex"], e["leaf_hash_hex"]) for e in v["entries"]))
    out += array("struct vector_value", "vector_values",
                 rows((x["raw_hex"], x["written"]) for x in v["values"]))
    for name in ("values_refused_as_written_hex", "roots_hex"):
        out += array("char *const", "vector_" + name.removesuffix("_hex"),
                     "".join("\t%s,\n" % text(x) for x in v[name]))
    flat = {k: v[k] for k in v if isinstance(v[k], str) and k != "about"}
    for part in ("rotation", "segment", "group"):
        flat.update({part + "_" + k: x for k, x in v[part].items() if isinstance(x, str)})
    out += "\nstruct vector_format {\n%s};\n" % "".join(
        "\tconst char *%s;\n" % k for k in flat)
    out += "\nstatic const struct vector_format vector_format = {\n%s};\n" % "".join(
        "\t.%s = %s,\n" % (k, text(x)) for k, x in flat.items()).replace(" = \n", " =\n")
    out += "/* clang-format on */\n\n#endif\n"
    with open(os.path.join(HERE, "format_vectors.h"), "w", encoding="utf-8") as f:
        f.write(out)


if __name__ == "__main__":
    main()
