"""`./dev test`: the parts, each counted test by test."""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from devtools import browser, databases, lint, measured, odoo, odoo_log, runtime, side_by_side
from devtools.console import DevError, say, spawn, step, wait
from devtools.outcomes import Tally, read_record, slowest
from devtools.paths import ADDON, DEV, LOGS, ROOT, RUNNERS, VENV_PYTHON
from devtools.runners.shares import FOLDER

RECORD = "FUSION_TEST_RECORD"
DEV_TEST = (VENV_PYTHON, ROOT / "dev", "test")

#: Parts that plain unittest runs: the folders of the tests, and the folder that test modules are
#: named from, None if it is their own.
UNITTEST_PARTS = {
    "core": (("tests/core",), None),
    "thorough": (("tests/core",), None),
    "devtools": (("tests/devtools",), None),
    "clients": (("clients/python/tests", "clients/js/tests"), None),
    "e2e": (("tests/e2e",), "tests"),
    "long": (("tests/e2e/long",), None),
}
#: Environment variables of parts: how many examples each property test of `core` draws.
VARIABLES = {"thorough": {"FUSION_TEST_EXAMPLES": "1000"}}
#: Parts that are some of the addon's own tests: Odoo's test tags.
ODOO_PARTS = {
    "odoo": f"/{ADDON},-histories",
    "histories": f"histories/{ADDON}",
    "exhaustive": f"exhaustive/{ADDON}",
}
#: All parts, those that take longest first.
PARTS = ("odoo", "e2e", "histories", "core", "devtools", "clients", "lint")
#: Those that would take longer than all others together: two processes each share them out.
SHARED = ("odoo", "e2e")
#: What an ordinary run has no time for.
LONG_PARTS = ("long", "exhaustive", "thorough")


def main(
    what: str | None,
    patterns: Sequence[str] = (),
    outcomes: Path | None = None,
    coverage: bool = False,
    debug: bool = False,
) -> int:
    """Run one part, some Odoo tests, or everything; the last line is the tally.

    :param what: a name of PARTS, Odoo test tags, or None for all parts
    :param patterns: for unittest parts, keep only tests whose name contains one of these
    :param outcomes: where to write the outcome of every test
    :param coverage: whether to say which part of the addon the tests went through
    :param debug: whether tests in Odoo have the terminal
    """
    runtime.ensure_tools()
    tally = Tally()
    with measured.everything() if coverage else contextlib.nullcontext():
        run(what, patterns, tally, debug)
    for name in tally.failures:
        say(f"FAILED {name}")
    if outcomes:
        tally.save(outcomes)
    print(tally, flush=True)
    return 1 if tally.failures else 0


def run(what: str | None, patterns: Sequence[str], tally: Tally, debug: bool) -> None:
    """Run what was asked for, see `main`."""
    if what is None:
        with tempfile.TemporaryDirectory() as shares:
            side_by_side.run(commands(patterns, shares), tally)
    else:
        # Only `long` has tests that a pattern of its own can be meant for.
        for part in LONG_PARTS if what == "long" and not patterns else (what,):
            run_part(part, patterns, tally, debug)


def commands(patterns: Sequence[str], shares: str) -> dict[str, list]:
    """The command of each part of an ordinary run, by its name: those that are shared stand twice.

    :param shares: a folder for the processes that share a part, see `runners.shares`
    """
    options = [f"-k{pattern}" for pattern in patterns]
    found = {}
    for part in PARTS:
        command = [*DEV_TEST, part, *options]
        if part in SHARED:
            command = ["env", f"{FOLDER}={shares}", *command]
            found |= {part: command, f"{part}-2": command}
        else:
            found[part] = command
    return found


def run_part(part: str, patterns: Sequence[str], tally: Tally, debug: bool = False) -> None:
    """Run one part, or the Odoo tests with such tags; what stops it as a whole is one failure."""
    say(f"── {part}")
    began, used = time.monotonic(), sum(os.times()[:4])
    try:
        if part == "lint":
            lint.run_checks(tally)
        elif part in UNITTEST_PARTS:
            run_unittest(part, patterns, tally)
        elif part in ODOO_PARTS:
            run_odoo_tests(part, ODOO_PARTS[part], tally, debug)
        else:
            run_odoo_tests("odoo", part, tally, debug)
    except DevError as error:
        say(f"{part}: {error}")
        tally.check(f"{part}: it could run", False)
    used = sum(os.times()[:4]) - used  # of this process and its children, not of PostgreSQL
    say(f"{part} took {time.monotonic() - began:.0f} s, {used:.0f} s of a processor")


def run_unittest(part: str, patterns: Sequence[str], tally: Tally) -> None:
    """Run folders of plain unittest tests in a process of their own."""
    starts, top = UNITTEST_PARTS[part]
    for start in starts:
        if not (ROOT / start).is_dir():
            raise DevError(f"the folder {start} does not exist")
    folders = [f"{ROOT / start}:{ROOT / (top or start)}" for start in starts]
    with record(part, tally) as variables:
        runner = [VENV_PYTHON, RUNNERS / "run_unittest.py"]
        variables |= VARIABLES.get(part, {})
        wait(spawn([*runner, ",".join(folders), *patterns], env=variables, cwd=ROOT))


def run_odoo_tests(part: str, tags: str, tally: Tally, debug: bool = False) -> None:
    """Install the addon into a fresh clone of the template, run its tests, and judge the log.

    :param debug: Odoo has the terminal, so that `breakpoint()` stops; then there is no log
    """
    if part == "odoo":
        browser.ensure_program()
    with databases.temporary_database(install=()) as name, record(part, tally) as variables:
        log, command = LOGS / f"test-{name}.log", command_of(name, tags)
        variables |= odoo.environment()
        if debug:
            say(f"· tests {tags}: at a breakpoint, c goes on and q ends")
            wait(spawn(command, env=variables, cwd=DEV))
        else:
            with step(f"installing and testing in Odoo, tests {tags}"), log.open("wb") as out:
                wait(spawn(command, stdout=out, stdin=subprocess.DEVNULL, env=variables, cwd=DEV))
            judge(part, log, tally)
        states = databases.module_states(name)
        tally.check(f"{part}: the addon is installed", states.get(ADDON) == "installed")


def command_of(database: str, tags: str) -> list[str]:
    """Odoo, as it installs the addon and runs the tests with these tags."""
    options = (
        f"-i{ADDON}",
        f"--test-tags={tags}",
        "--stop-after-init",
        f"--http-port={odoo.free_port()}",
        "--workers=0",
        "--max-cron-threads=0",
        "--limit-time-real=1200",
    )
    command = odoo.command("server", database, *options)
    command[1] = str(RUNNERS / "run_odoo.py")
    return command


def judge(part: str, log: Path, tally: Tally) -> None:
    """Show the failures that the log tells of; anything else loud in it is a failure of its own."""
    with log.open(errors="replace") as lines:
        loud = [entry for entry in odoo_log.entries(lines) if entry.level in odoo_log.LOUD]
    for entry in loud:
        say(f"{entry.level} {entry.logger}: {entry.text}")
    tally.check(
        f"{part}: the log is clean",
        not [entry for entry in loud if not odoo_log.is_accepted(entry)],
    )
    say(f"Odoo's log: {log}")


class record:
    """Where a test process writes its record; counted when the block ends."""

    def __init__(self, part: str, tally: Tally):
        self.part, self.tally = part, tally

    def __enter__(self) -> dict[str, str]:
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name, "record")
        return {RECORD: str(self._path)}

    def __exit__(self, kind, *_rest):
        with self._folder:
            if kind is None:
                read_record(self._path, self.part, self.tally)
                times = [f"{name} {seconds} s" for seconds, name in slowest(self._path)]
                say(f"{self.part}'s slowest: {', '.join(times)}")
