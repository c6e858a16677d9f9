#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Takes one promise at a time away from the library and asks the tests whether they miss it.

    run.py [-s SRC] [-w WORK] [-j N] [-n I/N] [-k] [-m NAME] [LIST...]
    run.py [-s SRC] [-w WORK] [-j N] -g COUNT FILE...

Every mutant of the lists (all of tests/mutants/*.list) must turn one of its suites red. -n I/N: the I-th of
N slices; -m NAME: this one alone; -k: the lists alone are checked, nothing is built. A mutant whose line is
no longer in the library is an error: who changes the line says what the mutant is now.

-g: COUNT small changes at random in these files of lib/, each against the suites of its room; those that no
suite misses are told, for somebody to judge: most of them change nothing that a caller could see.
"""
import argparse
import glob
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import build  # noqa: E402
import generate  # noqa: E402
import listing  # noqa: E402

LIMIT = 120  # seconds for a suite; without a mutant none takes a tenth of that
POWER_SECONDS = "40"  # of processor time, for the stories of one mutant


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("-s", dest="src", default=os.path.dirname(os.path.dirname(here)))
    parser.add_argument("-w", dest="work", default="mutants.work")
    parser.add_argument("-j", dest="jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-n", dest="slice", default="1/1")
    parser.add_argument("-k", dest="only_check", action="store_true")
    parser.add_argument("-m", dest="name")
    parser.add_argument("-g", dest="generate", type=int, default=0)
    parser.add_argument("lists", nargs="*")
    return parser.parse_args()


def read_source(src, mutant):
    try:
        with open(f"{src}/{mutant.file}", encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise listing.ListError(f"{mutant.where}: {mutant.file}: {error.strerror}") from error


def checked(mutants, src):
    """How many mutants fit the library no longer; says which."""
    bad = 0
    for mutant in mutants:
        try:
            text = read_source(src, mutant)
            if listing.apply(mutant, text) == text:
                raise listing.ListError(f"{mutant.where}: mutant {mutant.name} changes nothing")
        except listing.ListError as error:
            print(error)
            bad += 1
    return bad


def command_of(suite, programs):
    """The program that a suite is in, and the words to run it."""
    if suite == "power":
        return "power", ["-q"]
    if suite.startswith("power:"):
        return "power", ["-w", suite[len("power:"):], "-b", POWER_SECONDS]
    room, _, name = suite.partition("/")
    program = "api" if room == "api" else "unit"
    if f"tests/{suite}.c" not in programs[program]:
        raise listing.ListError(f"there is no suite {suite}")
    return program, [name]


def last_words(text):
    lines = [line for line in text.splitlines() if line.strip()]
    failing = [line for line in lines if ":F:" in line or ":E:" in line or line.startswith("FAILED")]
    return (failing or lines or [""])[0].strip()[:160]


def whole_library_is_green(made, mutants, programs):
    """A suite that is red without any mutant shows nothing."""
    good = True
    for suite in sorted({suite for mutant in mutants for suite in mutant.red}):
        if suite.startswith("power:"):
            continue  # the same stories are told in every power run
        program, words = command_of(suite, programs)
        fine, said, _ = made.run([f"{made.work}/{program}", *words], LIMIT)
        if not fine:
            print(f"{suite} is red without any mutant: {last_words(said)}")
            good = False
    return good


def try_mutant(made, mutant, programs):
    """The suite that missed what the mutant took away, and what it said; None where none did."""
    obj = f"{made.work}/mutant.o"
    made.compile(mutant.file, obj, listing.apply(mutant, read_source(made.src, mutant)))
    linked = {}
    for suite in mutant.red:
        program, words = command_of(suite, programs)
        if program not in linked:
            linked[program] = made.link(program, mutant.file, obj)
        good, said, _ = made.run([linked[program], *words], LIMIT)
        if not good:
            return suite, last_words(said)
    return None, ""


def try_all(made, mutants, programs):
    missed = 0
    for mutant in mutants:
        begin = time.monotonic()
        try:
            suite, said = try_mutant(made, mutant, programs)
        except build.BuildError as error:
            suite, said = None, f"it does not build: {error}"
        missed += suite is None
        print(f"{mutant.name:40} {suite or 'NOT CAUGHT'} in {time.monotonic() - begin:.1f} s: "
              f"{said or ' '.join(mutant.red)}", flush=True)
    return missed


def missed_by_room(made, source, obj):
    """Whether every suite of the file's room is green with this object."""
    room = source.split("/")[1]
    program = made.link("unit", source, obj)
    return all(made.run([program, name], LIMIT)[0] for name, path in made.unit_suites().items()
               if path.split("/")[1] == room)


def survey(wanted):
    """Small changes at random, and which of them nobody misses."""
    made = build.Build(wanted.src, wanted.work, wanted.jobs)
    made.all(["unit"])
    found, tried, missed = [], 0, 0
    for file in wanted.lists:
        with open(f"{wanted.src}/{file}", encoding="utf-8") as source:
            text = source.read()
        found += [(file, text, *change) for change in generate.lines_of(text)]
    random.shuffle(found)
    for file, text, number, name, instead in found:
        if tried == wanted.generate:
            break
        lines = text.split("\n")
        before, lines[number - 1] = lines[number - 1], instead
        obj = f"{made.work}/mutant.o"
        try:
            made.compile(file, obj, "\n".join(lines))
        except build.BuildError:
            continue
        tried += 1
        if missed_by_room(made, file, obj):
            missed += 1
            print(f"{file}:{number} {name} is not missed:\n- {before.strip()}\n+ {instead.strip()}", flush=True)
    print(f"{tried} changes, {missed} of them not missed")
    return 0


def main():
    wanted = arguments()
    if wanted.generate:
        return survey(wanted)
    lists = wanted.lists or sorted(glob.glob(f"{os.path.dirname(os.path.abspath(__file__))}/*.list"))
    try:
        mutants = listing.read_all(lists)
    except listing.ListError as error:
        print(error)
        return 1
    bad = checked(mutants, wanted.src)
    if bad or wanted.only_check:
        print(f"{len(mutants) - bad} passed, {bad} failed")
        return bad != 0
    made = build.Build(wanted.src, wanted.work, wanted.jobs)
    programs = made.programs
    first, _, of = wanted.slice.partition("/")
    tried = [mutant for mutant in mutants if mutant.red and wanted.name in (None, mutant.name)]
    tried = tried[int(first) - 1::int(of)]
    made.all(sorted({command_of(suite, programs)[0] for mutant in tried for suite in mutant.red}))
    if not whole_library_is_green(made, tried, programs):
        print("0 passed, 1 failed")
        return 1
    missed = try_all(made, tried, programs)
    same = sum(bool(mutant.same) for mutant in mutants)
    print(f"{same} mutants cannot be told from the library, for the reason that stands beside them")
    print(f"{len(tried) - missed} passed, {missed} failed")
    return missed != 0 or not tried


if __name__ == "__main__":
    sys.exit(main())
