"""npm packages that tests use: pinned, and each in a folder of its own under `.dev/npm`.

The first use installs one, from the registry that npm is set up for; later ones need no network.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from devtools.console import DevError
from devtools.locks import exclusive
from devtools.paths import DEV

FOLDER = DEV / "npm"


def is_there() -> bool:
    """Whether there are `node` and `npm`."""
    return bool(shutil.which("node") and shutil.which("npm"))


def ensure_package(package: str) -> Path:
    """Have a package, given as `name@version`, installed by itself, without its scripts.

    :return: the folder with its `node_modules`
    :raise DevError: npm could not install it
    """
    return _ensure(FOLDER / package, package)


def ensure_tools(manifest: Path) -> Path:
    """Have everything installed that a `package.json` names, without scripts.

    :return: the folder with its `node_modules`, another one for each content of the file
    :raise DevError: npm could not install it
    """
    content = manifest.read_bytes()
    folder = FOLDER / f"tools-{hashlib.sha256(content).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_bytes(content)
    return _ensure(folder)


def _ensure(folder: Path, *packages: str) -> Path:
    with exclusive(folder.with_name(f"{folder.name}.lock"), "npm"):
        if not (folder / "node_modules" / ".package-lock.json").exists():  # npm writes it last
            folder.mkdir(parents=True, exist_ok=True)
            _install(folder, packages)
    return folder


def _install(folder: Path, packages: tuple) -> None:
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
    done = subprocess.run(
        ["npm", "install", *options, "--prefix", folder, *packages],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        names = ", ".join(packages) or "what clients/js needs"
        raise DevError(f"npm could not install {names}: {done.stderr[-2000:]}")
