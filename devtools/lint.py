"""`./dev lint`."""

import subprocess

from devtools.console import say
from devtools.paths import ROOT, VENV


def run_checks(tally) -> None:
    """Run every check; each counts one."""
    done = subprocess.run([VENV / "bin/ruff", "check", "-q", ROOT], capture_output=True, text=True)
    if done.returncode:
        say(done.stdout + done.stderr)
    tally.check("lint: ruff", not done.returncode)
