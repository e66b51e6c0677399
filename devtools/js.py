"""The JavaScript client: its tools, its types, and a built copy of it.

Nothing is made in `clients/js` itself but `src/schema.ts`, by `./dev types`.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from core.api import openapi
from devtools import npm
from devtools.console import DevError
from devtools.locks import exclusive
from devtools.paths import DEV, ROOT

SOURCE = ROOT / "clients" / "js"
SCHEMA = SOURCE / "src" / "schema.ts"
BUILT = DEV / "js"
#: What npm or Python may have made there.
NOT_SOURCE = ("node_modules", "dist", "package-lock.json", "__pycache__")


def run(tool: str, *arguments, cwd: Path = SOURCE) -> subprocess.CompletedProcess:
    """Run one of the tools that the package names."""
    program = npm.ensure_tools(SOURCE / "package.json") / "node_modules" / ".bin" / tool
    return subprocess.run(
        [program, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


def build() -> Path:
    """Return a built copy of the package, one for each content of its files.

    :raise DevError: it does not compile
    """
    content = hashlib.sha256()
    for path in sources():
        content.update(f"{path.relative_to(SOURCE)}\0".encode() + path.read_bytes())
    folder = BUILT / content.hexdigest()[:16]
    with exclusive(DEV / "js.lock", "the JavaScript client"):
        if not folder.exists():
            _build(folder)
    return folder


def sources() -> list[Path]:
    """The files of the package; the tests in Python are none of it."""
    return [
        path
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file() and path.suffix != ".py" and not {*path.parts} & {*NOT_SOURCE}
    ]


def _build(folder: Path) -> None:
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for path in sources():
        copy = unfinished / path.relative_to(SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    done = run("tsc", *type_roots(), cwd=unfinished)
    if done.returncode:
        raise DevError(f"the JavaScript client does not compile: {done.stdout}")
    unfinished.rename(folder)


def type_roots() -> tuple:
    """Where `tsc` finds the types of Node: not beside the sources."""
    folder = npm.ensure_tools(SOURCE / "package.json")
    return ("--typeRoots", folder / "node_modules" / "@types")


def types() -> str:
    """Return what `src/schema.ts` has to be: the types of the API as it is described now."""
    with tempfile.TemporaryDirectory() as name:
        described, made = Path(name, "openapi.json"), Path(name, "schema.ts")
        document = json.loads(openapi.write("1"))
        described.write_text(json.dumps(essential(document)))
        done = run("openapi-typescript", described, "-o", made, "--empty-objects-unknown")
        if done.returncode:
            raise DevError(f"openapi-typescript: {done.stdout}{done.stderr}")
        return made.read_text()


def essential(document: dict) -> dict:
    """What types are made of: requests, and the answers to good ones. Errors have one shape."""
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"] = {
                status: {name: one for name, one in answer.items() if name != "headers"}
                for status, answer in operation["responses"].items()
                if status.startswith("2")
            }
    for event in document["webhooks"].values():
        event["post"] |= {"parameters": [], "responses": {}}
    for shared in ("responses", "headers"):
        document["components"].pop(shared)
    return document


def main() -> int:
    """`./dev types`: write `src/schema.ts` anew."""
    SCHEMA.write_text(types())
    return 0
