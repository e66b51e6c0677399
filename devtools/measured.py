"""`./dev test --coverage`: which lines and branches of the addon the tests went through.

coverage.py measures every Python process that is started meanwhile, servers and their workers
included: it finds its settings in the environment.
"""

import contextlib
import json
import os
import shutil
import subprocess
from collections import defaultdict

from devtools.console import DevError, say
from devtools.paths import ADDON, ADDONS, DEV, ROOT, VENV_PYTHON

FOLDER = DEV / "coverage"
SETTINGS = FOLDER / "settings"
#: What is measured: what runs in production.
MEASURED = ("core", "models", "controllers", "wizards")
#: Odoo imports the addon through its link, other tests from the repository.
WAYS = (ROOT, ADDONS / ADDON)
PROCESS_START = "COVERAGE_PROCESS_START"  # where a starting Python looks for settings

COUNTED = ("num_statements", "covered_lines", "num_branches", "covered_branches")


@contextlib.contextmanager
def everything():
    """Measure all that is started in the block, then say what of the addon it covered."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    SETTINGS.write_text(settings())
    os.environ[PROCESS_START] = str(SETTINGS)
    try:
        yield
    finally:
        del os.environ[PROCESS_START]
    report()


def settings() -> str:
    """The text of coverage.py's settings: workers fork, and end without a farewell."""
    files = [f"    {way / part}/*" for way in WAYS for part in MEASURED]
    return "\n".join(
        [
            "[run]",
            "branch = true",
            "parallel = true",
            "sigterm = true",
            "patch = fork, _exit",
            f"data_file = {FOLDER / 'data'}",
            "include =",
            *files,
            "[paths]",
            "addon =",
            *(f"    {way}" for way in WAYS),
            "",
        ]
    )


def report() -> None:
    """Say how much of each folder was covered; the pages show it line by line."""
    if not any(FOLDER.glob("data.*")):
        raise DevError("nothing was measured: --coverage is for core and the tests in Odoo")
    numbers, pages = FOLDER / "numbers.json", FOLDER / "pages"
    for command in (
        ("combine", "--quiet"),
        ("json", "--quiet", "-o", numbers),
        ("html", "--quiet", "-d", pages),
    ):
        coverage(*command)
    say("── coverage")
    for line in table(json.loads(numbers.read_text())["files"]):
        say(line)
    say(f"Line by line: {pages / 'index.html'}")


def coverage(command: str, *options) -> None:
    done = subprocess.run(
        [VENV_PYTHON, "-m", "coverage", command, f"--rcfile={SETTINGS}", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DevError(f"coverage {command} failed: {(done.stdout + done.stderr).strip()}")


def table(files: dict) -> list[str]:
    """A line for each measured folder and one for all of them, of coverage.py's summaries."""
    totals = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
    for name, content in files.items():
        folder = (ROOT / name).relative_to(ROOT).parts[0]
        for total in (totals[folder], totals["all"]):
            for counted in COUNTED:
                total[counted] += content["summary"][counted]
    return [in_words(folder, totals[folder]) for folder in (*MEASURED, "all") if folder in totals]


def in_words(folder: str, total: dict) -> str:
    lines = percent(total["covered_lines"], total["num_statements"])
    branches = percent(total["covered_branches"], total["num_branches"])
    return (
        f"{folder:<12}{lines} of {total['num_statements']:,} lines,"
        f" {branches} of {total['num_branches']:,} branches"
    )


def percent(part: int, whole: int) -> str:
    """Rounded down: only what is whole is 100 %."""
    return f"{part * 1000 // whole / 10:.1f} %" if whole else "100.0 %"
