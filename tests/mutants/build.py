# SPDX-License-Identifier: ISC
"""The library and its tests built once, and one mutant after the other in place of one object."""
import concurrent.futures
import glob
import os
import re
import shlex
import shutil
import signal
import subprocess
import time

SUITE_LINE = re.compile(r"^SUITE\((\w+)\)", re.M)
WARNINGS_OFF = ["-w"]  # what a mutant leaves unused is no news


class BuildError(Exception):
    """Something does not compile or link."""


def _run(command, cwd=None):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command[:3])} ...: {done.stdout[-2000:]}")


def _session_pids(session):
    """What still runs of a session that was begun here: children of a test that was given up."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            yield int(name)


def _end_session(session):
    for sig in (signal.SIGCONT, signal.SIGKILL):
        for pid in _session_pids(session):
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass


class Build:
    """Objects below `work`, of the sources below `src`."""

    def __init__(self, src, work, jobs=1, optimize="-O0"):
        self.src, self.work, self.jobs = os.path.abspath(src), os.path.abspath(work), jobs
        self.cc = shlex.split(os.environ.get("CC", "cc"))
        flags = shlex.split(os.environ.get("MUTANT_CPPFLAGS", "-DHAVE_LIBCRYPTO=1"))
        self.cflags = ["-std=c11", *WARNINGS_OFF, optimize, "-pthread", "-fvisibility=hidden", "-D_GNU_SOURCE",
                       "-DTOTE_BUILDING", *flags, *(f"-I{self.src}/{at}" for at in ("lib", "include", "tests", "."))]
        self.libs = shlex.split(os.environ.get("MUTANT_LIBS") or subprocess.check_output(
            ["pkg-config", "--libs", "check", "libsodium", "yaml-0.1", "libcrypto"], text=True))
        os.makedirs(self.work, exist_ok=True)
        self.lib_sources = self._sources("lib/*/*.c")
        self.programs = self._programs()

    # --- sources -----------------------------------------------------------------------------

    def _sources(self, pattern):
        return sorted(os.path.relpath(path, self.src) for path in glob.glob(f"{self.src}/{pattern}"))

    def _suites_of(self, definition, folders):
        with open(f"{self.src}/{definition}", encoding="utf-8") as lines:
            names = SUITE_LINE.findall(lines.read())
        return {name: path for name in names for folder in folders
                for path in self._sources(f"tests/{folder}/{name}.c")}

    def unit_suites(self):
        rooms = [os.path.basename(path) for path in self._sources("lib/*") if os.path.isdir(f"{self.src}/{path}")]
        return self._suites_of("tests/suites.def", rooms)

    def api_suites(self):
        return self._suites_of("tests/api/suites.def", ["api"])

    def _programs(self):
        """Of each program its sources beside the library, and what is defined for them."""
        support = self._sources("tests/support/*.c")
        return {
            "unit": [*self.unit_suites().values(), *support, "tests/runner.c"],
            "api": [*self.api_suites().values(), "tests/runner.c@api"],
            "power": self._sources("tests/power/*.c"),
        }

    # --- objects -----------------------------------------------------------------------------

    def _object(self, source):
        return f"{self.work}/{source.replace('@', '-')}.o"

    def _defines(self, source):
        if not source.startswith("tests/runner.c"):
            return []
        return ['-DSUITES_DEF="api/suites.def"' if source.endswith("@api") else '-DSUITES_DEF="suites.def"']

    def compile(self, source, obj=None, text=None):
        """One object; of another text where one is given."""
        obj = obj or self._object(source)
        path = f"{self.src}/{source.partition('@')[0]}"
        os.makedirs(os.path.dirname(obj), exist_ok=True)
        if text is not None:
            path = f"{self.work}/mutant.c"
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
        _run([*self.cc, *self.cflags, *self._defines(source), "-c", path, "-o", obj])

    def _is_old(self, source, newest_header):
        obj = self._object(source)
        if not os.path.exists(obj):
            return True
        made = os.path.getmtime(obj)
        return made < newest_header or made < os.path.getmtime(f"{self.src}/{source.partition('@')[0]}")

    def all(self, programs):
        """Everything that is not there yet, and the programs without any mutant."""
        headers = [path for at in ("lib", "include", "tests") for kind in ("h", "def")
                   for path in glob.glob(f"{self.src}/{at}/**/*.{kind}", recursive=True)]
        newest = max(os.path.getmtime(path) for path in headers)
        wanted = {path for name in programs for path in self.programs[name]} | set(self.lib_sources)
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(self.compile, sorted(path for path in wanted if self._is_old(path, newest))))
        for name in programs:
            self.link(name)

    def link(self, program, source=None, obj=None):
        """The program, with another object in place of one source's; its path."""
        out = f"{self.work}/{program}" if source is None else f"{self.work}/{program}-mutant"
        objects = [obj if path == source else self._object(path)
                   for path in [*self.lib_sources, *self.programs[program]]]
        _run([*self.cc, "-pthread", *objects, *self.libs, "-o", out])
        return out

    # --- runs --------------------------------------------------------------------------------

    def _scratch(self):
        in_memory = os.access("/dev/shm", os.W_OK)
        return f"{'/dev/shm' if in_memory else self.work}/mutant-{os.getpid()}"

    def run(self, command, limit):
        """Whether it ends well, what it said last, and the seconds it took; too long is no good end."""
        scratch, begin, late = self._scratch(), time.monotonic(), ""
        shutil.rmtree(scratch, ignore_errors=True)
        os.mkdir(scratch)
        with open(f"{self.work}/said", "wb") as said:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=self.work,
                                     start_new_session=True, env={**os.environ, "TMPDIR": scratch})
            try:
                good = child.wait(timeout=limit) == 0
            except subprocess.TimeoutExpired:
                good, late = False, f"it takes longer than {limit} s\n"
                child.kill()
                child.wait()
        _end_session(child.pid)
        shutil.rmtree(scratch, ignore_errors=True)
        with open(f"{self.work}/said", encoding="utf-8", errors="replace") as said:
            return good, late + said.read()[-20000:], time.monotonic() - begin
