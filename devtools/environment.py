"""The virtual environment: pinned Python packages under `.dev/venv`.

pip, which comes with Python, installs uv; uv installs the rest in a fraction of pip's time.
"""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

from devtools import debian
from devtools.console import DevError, run, step
from devtools.paths import MAX_PYTHON, MIN_PYTHON, ROOT, VENV, VENV_PYTHON, in_venv

ODOO = ROOT / "devtools" / "requirements-odoo.txt"
TOOLS = ROOT / "devtools" / "requirements-dev.txt"
INSTALLER = ROOT / "devtools" / "requirements-uv.txt"
PIP = (VENV_PYTHON, "-m", "pip")
PIP_OPTIONS = ("--no-input", "--disable-pip-version-check", "--only-binary=:all:")
#: Sections of pip's settings, the later over the earlier.
PIP_SECTIONS = ("global", "install", ":env:")
#: Settings of pip: their variables of uv, and what stands between several values of them.
UV_NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "no-index": ("UV_NO_INDEX", " "),
    "cert": ("SSL_CERT_FILE", " "),
}
CREATED = VENV / ".created"


def ensure_packages(requirements: Path, what: str) -> None:
    """Install a pinned requirements file into the environment, once per content of that file."""
    ensure_venv()
    install(INSTALLER, "uv", [*PIP, "install", "-q", *PIP_OPTIONS])
    uv = [VENV / "bin" / "uv", "pip", "install", "--python", VENV_PYTHON]
    install(requirements, what, uv, uv_settings)


def install(requirements: Path, what: str, command: list, settings=dict) -> None:
    """Run a command that installs a file; a copy of that file says that it did.

    :param settings: a function that returns variables for the command
    """
    stamp = VENV / f".{requirements.stem}"
    if stamp.exists() and stamp.read_bytes() == requirements.read_bytes():
        return
    stamp.unlink(missing_ok=True)
    with step(f"installing {what}"):
        run([*command, "-r", requirements], log=Path(command[0]).name, env=settings())
    shutil.copy(requirements, stamp)


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
    raise DevError("this needs Python 3.11 to 3.13: install one of them, for example python3.13")


def enter_venv() -> None:
    """Replace this process by the same command on the environment's interpreter, if need be."""
    if not in_venv():
        os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])


def uv_settings() -> dict[str, str]:
    """Where pip looks for packages, as variables for uv, which reads none of pip's settings.

    What the environment tells uv itself stays.
    """
    asked = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=True)
    found = {"UV_SYSTEM_CERTS": "1", **translated(asked.stdout)}  # pip trusts the machine's, too
    return {name: value for name, value in found.items() if name not in os.environ}


def translated(listed: str) -> dict[str, str]:
    """The variables of uv that mean what `pip config list` says: the environment goes first."""
    said = dict(line.split("=", 1) for line in listed.splitlines())
    found = {}
    for section in PIP_SECTIONS:
        for name, (variable, separator) in UV_NAMES.items():
            if values := ast.literal_eval(said.get(f"{section}.{name}", "''")).split():
                found[variable] = separator.join(values)
    if "UV_INDEX" in found:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip does, which asks all of them
    return found
