"""`./dev test`: the parts, each counted test by test."""

import subprocess
import tempfile
from pathlib import Path

from devtools import browser, databases, lint, odoo, odoo_log, runtime
from devtools.console import DevError, say, spawn, step, wait
from devtools.outcomes import Tally, read_record
from devtools.paths import ADDON, DEV, LOGS, ROOT, VENV_PYTHON

RUNNERS = ROOT / "devtools" / "runners"
RECORD = "FUSION_TEST_RECORD"

#: Parts that plain unittest runs: (folder of the tests, folder that test modules are named from).
UNITTEST_PARTS = {
    "core": ("tests/core", "tests/core"),
    "devtools": ("devtools/tests", "."),
    "e2e": ("devtools/e2e", "."),
}
PARTS = ("lint", "core", "devtools", "odoo", "e2e")


def main(what: str | None, patterns: list[str]) -> int:
    """Run one part, some Odoo tests, or everything; the last line is the tally.

    :param what: a name of PARTS, Odoo test tags, or None for all parts
    :param patterns: for unittest parts, keep only tests whose name contains one of these
    """
    runtime.ensure_tools()
    tally = Tally()
    if what is None or what in PARTS:
        for part in [what] if what else PARTS:
            run_part(part, patterns, tally)
    else:
        run_odoo_tests(what, tally)
    for name in tally.failures:
        say(f"FAILED {name}")
    print(tally, flush=True)
    return 1 if tally.failures else 0


def run_part(part: str, patterns: list[str], tally: Tally) -> None:
    """Run one part; what stops it as a whole is one failure, and the other parts still run."""
    say(f"── {part}")
    try:
        if part == "lint":
            lint.run_checks(tally)
        elif part == "odoo":
            run_odoo_tests(f"/{ADDON}", tally)
        else:
            run_unittest(part, patterns, tally)
    except DevError as error:
        say(f"{part}: {error}")
        tally.check(f"{part}: it could run", False)


def run_unittest(part: str, patterns: list[str], tally: Tally) -> None:
    """Run a folder of plain unittest tests in a process of its own."""
    start, top = UNITTEST_PARTS[part]
    if not (ROOT / start).is_dir():
        raise DevError(f"the folder {start} does not exist")
    with record(part, tally) as variables:
        runner = [VENV_PYTHON, RUNNERS / "run_unittest.py"]
        wait(spawn([*runner, ROOT / start, ROOT / top, *patterns], env=variables, cwd=ROOT))


def run_odoo_tests(tags: str, tally: Tally) -> None:
    """Install the addon into a fresh clone of the template, run its tests, and judge the log."""
    browser.ensure_program()
    with databases.temporary_database(install=()) as name, record("odoo", tally) as variables:
        log = LOGS / f"test-{name}.log"
        options = (
            f"-i{ADDON}",
            f"--test-tags={tags}",
            "--stop-after-init",
            f"--http-port={odoo.free_port()}",
            "--workers=0",
            "--max-cron-threads=0",
            "--limit-time-real=1200",
        )
        with step(f"installing and testing in Odoo, tests {tags}"), log.open("wb") as out:
            command = odoo.command("server", name, *options)
            command[1] = str(RUNNERS / "run_odoo.py")
            variables |= odoo.environment()
            wait(spawn(command, stdout=out, stdin=subprocess.DEVNULL, env=variables, cwd=DEV))
        states = databases.module_states(name)
        tally.check("odoo: the addon is installed", states.get(ADDON) == "installed")
        judge(log, tally)


def judge(log: Path, tally: Tally) -> None:
    """Show the failures that the log tells of; anything else loud in it is a failure of its own."""
    with log.open(errors="replace") as lines:
        loud = [entry for entry in odoo_log.entries(lines) if entry.level in odoo_log.LOUD]
    for entry in loud:
        say(f"{entry.level} {entry.logger}: {entry.text}")
    tally.check(
        "odoo: the log is clean", not [entry for entry in loud if not odoo_log.is_accepted(entry)]
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
