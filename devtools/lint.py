"""`./dev lint`: style, Odoo's conventions, and what Odoo would only tell at run time."""

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from devtools.console import say
from devtools.outcomes import Tally
from devtools.paths import ADDON, ADDONS, ROOT, VENV

DATA_FOLDERS = ("data", "demo", "report", "security", "views", "wizards")
NOT_OURS = {".git", ".dev", "node_modules", "__pycache__"}
PYLINT = (
    "--disable=all", "--enable=odoolint,too-many-lines",
    # The README is Markdown. Odoo's compute methods return nothing.
    "--disable=missing-readme,missing-return",
)  # fmt: skip


def run_checks(tally: Tally) -> None:
    """Run every check; each counts one."""
    for name, check in CHECKS.items():
        problems = list(check())
        for problem in problems:
            say(f"{name}: {problem}")
        tally.check(f"lint: {name}", not problems)


def ruff() -> Iterator[str]:
    """Python style and likely mistakes, as pyproject.toml has it."""
    return tool("ruff", "check", "--quiet", "--output-format=concise", ".")


def pylint_odoo() -> Iterator[str]:
    """Odoo's conventions in Python, and the length of files."""
    return tool("pylint", f"--rcfile={ROOT / 'pyproject.toml'}", *PYLINT, ADDON, cwd=ADDONS)


def oca_checks() -> Iterator[str]:
    """The Odoo community's checks of XML, CSV and translation files."""
    return tool("oca-checks-odoo-module", "--disable=prefer-readme-rst", str(ROOT))


def tool(program: str, *arguments: str, cwd: Path = ROOT) -> Iterator[str]:
    """Run a lint tool; what it prints, if it is not content, is the problem."""
    done = subprocess.run(
        [VENV / "bin" / program, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        yield "\n" + (done.stdout + done.stderr).strip()


def xml_files() -> Iterator[str]:
    """Every XML file is well-formed, and no view uses what Odoo 19 only rejects in the browser."""
    for path in files(".xml"):
        try:
            text = etree.tostring(etree.parse(path), encoding="unicode")
        except etree.XMLSyntaxError as error:
            yield f"{relative(path)}: {error}"
            continue
        if re.search(r'name="view_mode">[^<]*\btree\b|<tree\b', text):
            yield f"{relative(path)}: the view type `tree` is called `list`"
        if re.search(r'class="[^"]*\boe_chatter\b', text):
            yield f"{relative(path)}: the chatter is `<chatter/>`"


def manifest() -> Iterator[str]:
    """The manifest lists every data file, and every file that it lists exists."""
    content = ast.literal_eval((ROOT / "__manifest__.py").read_text())
    listed = {*content.get("data", ()), *content.get("demo", ())}
    present = {
        relative(path)
        for path in files(".xml", ".csv")
        if relative(path).split("/")[0] in DATA_FOLDERS
    }
    yield from (f"{name} is listed and does not exist" for name in sorted(listed - present))
    yield from (f"{name} is not listed" for name in sorted(present - listed))


def imported_tests() -> Iterator[str]:
    """Every test file of the addon is imported; Odoo silently ignores the others."""
    package = ROOT / "tests" / "__init__.py"
    tree = ast.parse(package.read_text() if package.exists() else "")
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in imports for alias in node.names}
    for path in sorted((ROOT / "tests").glob("test_*.py")):
        if path.stem not in names:
            yield f"tests/__init__.py does not import {path.stem}"


def arrows() -> Iterator[str]:
    """`core` knows nothing of Odoo, and models nothing of HTTP controllers."""
    for path in files(".py"):
        for module in imported_modules(path):
            if relative(path).startswith("core/") and module.split(".")[0] == "odoo":
                yield f"{relative(path)} imports {module}"
            if relative(path).startswith("models/") and "controllers" in module.split("."):
                yield f"{relative(path)} imports {module}"


def imported_modules(path: Path) -> Iterator[str]:
    """The names of all modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def files(*endings: str) -> Iterator[Path]:
    """The repository's files with one of these endings."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_OURS)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(endings))


def relative(path: Path) -> str:
    """A path as the manifest writes it."""
    return path.relative_to(ROOT).as_posix()


CHECKS = {
    "ruff": ruff,
    "pylint-odoo": pylint_odoo,
    "oca-checks": oca_checks,
    "XML": xml_files,
    "manifest": manifest,
    "tests are imported": imported_tests,
    "arrows": arrows,
}
