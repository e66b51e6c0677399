"""`./dev package`: what people install, made of the last commit: a zip and a wheel.

`.gitattributes` says what is left out. The same commit makes the same bytes, whoever packs it: the
time zone, the clock and the file modes of this machine are kept out of it.
"""

import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from devtools import runtime
from devtools.console import DevError, say, step
from devtools.paths import ADDON, ROOT

FOLDER = ROOT / "dist"
COMMIT = "HEAD"
#: The backend's hook for the front ends of Python's packaging. They would ask for a pyproject.toml
#: beside the manifest that names the backend; the one of this repository is about lint.
BUILD_WHEEL = "import sys; from whool.buildapi import build_wheel; print(build_wheel(sys.argv[1]))"


def main() -> int:
    """Pack, and print the paths."""
    runtime.ensure_tools()
    if changed := git("status", "--porcelain").decode().splitlines():
        say(f"Not in the packages, as it is not committed: {len(changed)} changed files")
    for path in pack(FOLDER):
        print(path)
    return 0


def pack(folder: Path) -> tuple[Path, Path]:
    """Put the zip and the wheel of the last commit into a folder.

    :raise DevError: this is no clone, or its commit cannot be packed
    """
    folder.mkdir(parents=True, exist_ok=True)
    with step("packing the zip and the wheel"):
        archive = make_zip(folder)
        return archive, make_wheel(archive, folder)


def make_zip(folder: Path) -> Path:
    """Make what is unpacked into a folder of addons."""
    path = folder / f"{ADDON}-{version()}.zip"
    git("archive", f"--prefix={ADDON}/", f"--output={path.resolve()}", COMMIT)
    return path


def make_wheel(archive: Path, folder: Path) -> Path:
    """Make what pip installs, of the zip: outside of git whool takes all that is there."""
    with tempfile.TemporaryDirectory() as temporary:
        python("-m", "zipfile", "-e", archive.resolve(), temporary, cwd=temporary)
        made = python("-c", BUILD_WHEEL, folder.resolve(), cwd=Path(temporary, ADDON))
    return folder / made.decode().split()[-1]


def version() -> str:
    """The version that the commit's manifest tells."""
    return ast.literal_eval(git("show", f"{COMMIT}:__manifest__.py").decode())["version"]


def git(*arguments: str) -> bytes:
    """What git says of this repository. A zip has local times: everybody's are those of UTC."""
    return output("git", "-C", ROOT, *arguments, cwd=ROOT, env={"TZ": "UTC"})


def python(*arguments, cwd) -> bytes:
    """What this Python prints; what it packs is dated by the commit and named by the manifest."""
    committed = git("log", "-1", "--format=%ct", COMMIT).decode().strip()
    env = {"SOURCE_DATE_EPOCH": committed, "WHOOL_POST_VERSION_STRATEGY_OVERRIDE": "none"}
    return output(sys.executable, *arguments, cwd=cwd, env=env)


def output(*command, cwd, env: dict[str, str]) -> bytes:
    """What a program prints; the files that it makes are for all to read, and ours to write."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **env},
            capture_output=True,
            check=False,
            umask=0o022,
        )
    except FileNotFoundError as error:
        raise DevError(f"packing needs {command[0]}: install it") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise DevError(f"packing needs a clone with a commit, and got from {command[0]}: {said}")
    return done.stdout
