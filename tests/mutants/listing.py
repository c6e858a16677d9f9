# SPDX-License-Identifier: ISC
"""The lists of mutants: how they are read, and how a mutant changes the text of its file.

A list is plain text. One mutant:

    mutant NAME
    in FILE [FUNCTION]
    - a line of that file, without its indentation
    + what stands there instead
    red SUITE...
    same WHY

The `-` lines stand one behind the other in the file, and there in one place only; FUNCTION narrows it
to that function. Where there is no `+` line they are gone. `red` names the suites of which one at least
must fail: ROOM/NAME of tests/ROOM/NAME.c, api/NAME, power, or power:BASE/CALLS/KIND for the stories that
show it soonest. `same` stands instead of `red` where nobody can tell the mutant from the library, and
says why; lines of it go on with two spaces. What begins with # is a comment.
"""
import re
from dataclasses import dataclass, field


class ListError(Exception):
    """A list that cannot be read, or whose mutant no longer fits the library."""


@dataclass
class Mutant:
    name: str
    where: str  # list:line, for messages
    file: str = ""
    function: str = ""
    old: list = field(default_factory=list)
    new: list = field(default_factory=list)
    red: list = field(default_factory=list)
    same: str = ""


def _finish(mutant):
    if not mutant.file or not mutant.old:
        raise ListError(f"{mutant.where}: mutant {mutant.name} names no file or no line of it")
    if bool(mutant.red) == bool(mutant.same):
        raise ListError(f"{mutant.where}: mutant {mutant.name} needs either `red` or `same`")


def _take(mutant, line, where):
    word, _, rest = line.partition(" ")
    if word == "in":
        mutant.file, _, mutant.function = rest.partition(" ")
    elif word == "-":
        mutant.old.append(rest.strip())
    elif word == "+":
        mutant.new.append(rest.strip())
    elif word == "red":
        mutant.red += rest.split()
    elif word == "same":
        mutant.same = rest
    elif line.startswith("  ") and mutant.same:
        mutant.same += " " + line.strip()
    else:
        raise ListError(f"{where}: cannot be read: {line}")


def read(path):
    """All mutants of one list, in order."""
    found = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.startswith("#"):
                continue
            where = f"{path}:{number}"
            if line.startswith("mutant "):
                found.append(Mutant(line[len("mutant "):].strip(), where))
            elif found:
                _take(found[-1], line, where)
            else:
                raise ListError(f"{where}: no mutant was begun")
    for mutant in found:
        _finish(mutant)
    return found


def read_all(paths):
    """All mutants of several lists; a name stands for one mutant only."""
    found = [mutant for path in paths for mutant in read(path)]
    names = {}
    for mutant in found:
        if mutant.name in names:
            raise ListError(f"{mutant.where}: {mutant.name} is there already, at {names[mutant.name]}")
        names[mutant.name] = mutant.where
    return found


def function_range(lines, name):
    """First and last line of a function, in the style of this project: it ends with a } of its own."""
    head = re.compile(rf"(^|[^\w]){re.escape(name)}\(")
    for begin, line in enumerate(lines):
        if not head.search(line) or line[:1] in (" ", "\t", "/", "}", "#"):
            continue
        for end in range(begin, len(lines)):
            if lines[end] == "}":
                return begin, end + 1
            if lines[end].endswith(";") and lines[end][:1] not in (" ", "\t"):
                break  # a declaration
            if end - begin < 6 and lines[end].endswith(");") and not any(
                    text == "{" for text in lines[begin:end + 1]):
                break
    return None


def apply(mutant, text):
    """The text of the file as the mutant has it."""
    lines = text.split("\n")
    begin, end = 0, len(lines)
    if mutant.function:
        found = function_range(lines, mutant.function)
        if not found:
            raise ListError(f"{mutant.where}: {mutant.file} has no function {mutant.function}")
        begin, end = found
    count = len(mutant.old)
    places = [i for i in range(begin, end - count + 1)
              if [line.strip() for line in lines[i:i + count]] == mutant.old]
    if len(places) != 1:
        raise ListError(f"{mutant.where}: mutant {mutant.name}: its lines are in {mutant.file} "
                        f"{mutant.function} {len(places)} times, not once: {mutant.old[0]}")
    at = places[0]
    indent = lines[at][:len(lines[at]) - len(lines[at].lstrip())]
    lines[at:at + count] = [indent + line for line in mutant.new]
    return "\n".join(lines)
