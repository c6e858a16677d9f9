# SPDX-License-Identifier: ISC
"""Mutants that nobody wrote: small changes, line by line, of a source file in the style of this project."""
import re

CALL = re.compile(r"^(\t+)((?:\w+->)*(?:ops->)?\w+(?:->\w+)*\(.*\);)$")
RESULT = re.compile(r"^(\t+)(?:int )?(\w+) = ((?:\w+->)*\w+\(.*\));$")
CHECK = re.compile(r"^(\t+(?:\} else )?)if \((.*)\)( \{)?$")
RETURN = re.compile(r"^(\t+)return (.+);$")
LOOP = re.compile(r"^(\t+)(?:while|for) \(.*$")
LESS = [(" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > ")]
OTHER = [(" && ", " || "), (" || ", " && "), (" == ", " != "), (" != ", " == "), (" + 1", ""), (" - 1", ""),
         (" |= ", " = "), (" += ", " = ")]


def _balanced(text):
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0


def _of_check(line):
    found = CHECK.match(line)
    if not found or not _balanced(found[2]):
        return
    yield "check-never", f"{found[1]}if (0 && ({found[2]})){found[3] or ''}"
    yield "check-always", f"{found[1]}if (1 || ({found[2]})){found[3] or ''}"
    for joint in (" && ", " || "):
        parts = found[2].split(joint)
        if len(parts) > 1 and all(_balanced(part) for part in parts):
            for i in range(len(parts)):
                rest = joint.join(parts[:i] + parts[i + 1:])
                yield f"check-without-{i + 1}", f"{found[1]}if ({rest}){found[3] or ''}"


def _of_statement(line):
    found = CALL.match(line)
    if found and _balanced(found[2]) and not found[2].startswith(("return", "sizeof", "if", "while", "for")):
        yield "call-removed", f"{found[1]};"
    found = RESULT.match(line)
    if found and found[2] in ("r", "rc", "bad", "ret", "err", "result"):
        yield "result-good", line.replace(f"{found[3]};", "0;")
    found = RETURN.match(line)
    if found and found[2] not in ("0", "1", "NULL") and not found[2].startswith("TOTE_E"):
        yield "returns-0", f"{found[1]}return 0;"
        yield "returns-1", f"{found[1]}return 1;"
    elif found and found[2] in ("0", "1"):
        yield "returns-other", f"{found[1]}return {1 - int(found[2])};"
    elif found and found[2].startswith("TOTE_E"):
        yield "error-forgiven", f"{found[1]}return 0;"


def _of_operator(line):
    if line.lstrip().startswith(("*", "/*", "#", '"', "static const", "struct")):
        return
    code = re.sub(r'"(?:[^"\\]|\\.)*"', lambda m: '"' + "_" * (len(m[0]) - 2) + '"', line.partition("/*")[0])
    for old, new in LESS + OTHER:
        at = code.find(old)
        while at >= 0:
            name = re.sub(r"\s", "", f"{old}-{new or 'nothing'}")
            yield f"operator-{name}", line[:at] + new + line[at + len(old):]
            at = code.find(old, at + 1)


def lines_of(text):
    """(number from 1, name, the line instead) of everything that can be changed in a file."""
    lines = text.split("\n")
    inside = False
    for number, line in enumerate(lines, 1):
        if line == "{":
            inside = True
        elif line == "}":
            inside = False
        if not inside or not line.startswith("\t"):
            continue
        whole = _balanced(line)
        for make in (_of_check, _of_statement, _of_operator):
            if make is not _of_operator and not whole:
                continue
            for name, instead in make(line):
                yield number, name, instead
