"""The virtual environment: pinned Python packages under `.dev/venv`."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from devtools import debian
from devtools.console import DevError, run, step
from devtools.paths import MAX_PYTHON, MIN_PYTHON, ROOT, VENV, VENV_PYTHON

ODOO = ROOT / "devtools" / "requirements-odoo.txt"
TOOLS = ROOT / "devtools" / "requirements-dev.txt"
CREATED = VENV / ".created"


def ensure_packages(requirements: Path, what: str) -> None:
    """Install a pinned requirements file into the environment, once per content of that file."""
    ensure_venv()
    stamp = VENV / f".{requirements.stem}"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    stamp.unlink(missing_ok=True)
    with step(f"installing {what}"):
        run(
            [
                VENV_PYTHON,
                "-m",
                "pip",
                "install",
                "-q",
                "--no-input",
                "--prefer-binary",
                "--disable-pip-version-check",
                "-r",
                requirements,
            ],
            log="pip",
        )
    stamp.write_text(digest)


def ensure_venv() -> None:
    """Create the environment; one whose creation was interrupted is thrown away."""
    if CREATED.exists() and VENV_PYTHON.exists():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    python = find_python()
    if subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True).returncode:
        debian.install(["python3-venv"], "this Python cannot make virtual environments")
    with step("creating the Python environment"):
        run([python, "-m", "venv", VENV], log="venv")
    CREATED.touch()


def find_python() -> str:
    """An interpreter that Odoo 19 supports: this one, else another one on the path."""
    if MIN_PYTHON <= sys.version_info[:2] <= MAX_PYTHON:
        return sys.executable
    for minor in range(MAX_PYTHON[1], MIN_PYTHON[1] - 1, -1):
        if found := shutil.which(f"python3.{minor}"):
            return found
    raise DevError("Odoo 19 needs Python 3.10 to 3.13: install one of them, for example python3.13")


def enter_venv() -> None:
    """Replace this process by the same command on the environment's interpreter."""
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])
