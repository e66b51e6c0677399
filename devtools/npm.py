"""npm packages that tests use: pinned, and each in a folder of its own under `.dev/npm`.

The first use installs one, from the registry that npm is set up for; later ones need no network.
"""

import shutil
import subprocess
from pathlib import Path

from devtools.console import DevError
from devtools.paths import DEV


def is_there() -> bool:
    """Whether there are `node` and `npm`."""
    return bool(shutil.which("node") and shutil.which("npm"))


def ensure_package(package: str) -> Path:
    """Have a package, given as `name@version`, installed by itself, without its scripts.

    :return: the folder with its `node_modules`
    :raise DevError: npm could not install it
    """
    folder = DEV / "npm" / package
    if (folder / "node_modules" / ".package-lock.json").exists():  # npm writes it last
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder]
    done = subprocess.run(
        ["npm", "install", *options, package],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise DevError(f"npm could not install {package}: {done.stderr[-2000:]}")
    return folder
