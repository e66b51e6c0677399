"""`./dev lint`: style, Odoo's conventions, and what Odoo would only tell at run time."""

import ast
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from devtools import docs, js, npm
from devtools.console import say
from devtools.outcomes import Tally
from devtools.paths import ADDON, ADDONS, ROOT, VENV

DATA_FOLDERS = ("data", "demo", "report", "security", "views", "wizards")
#: The packages of `models`, each standing on those above it.
ASPECTS = (
    "base",
    "catalog",
    "usage",
    "subscription",
    "ledger",
    "invoicing",
    "collection",
    "dunning",
    "api",
    "webhook",
    "portal",
    "operations",
    "sandbox",
)
FOR_APPS = ("clients/python/src/", "examples/")
NOT_FOR_APPS = ("odoo", "core", "models", "controllers", "devtools")
#: The folders of `tests` that plain unittest runs.
PLAIN = ("core", "devtools", "e2e")
NOT_OURS = {".git", ".dev", "node_modules", "__pycache__"}
PYLINT = (
    "--disable=all", "--enable=odoolint,too-many-lines",
    # The README is Markdown. Odoo's compute methods return nothing.
    "--disable=missing-readme,missing-return",
)  # fmt: skip
OCA_OFF = {
    "prefer-readme-rst",
    # Style that Odoo itself does not have.
    "xml-field-numeric-without-eval", "xml-header-wrong", "xml-tag-position",
    # It looks into all of `.dev/`, and not below `views/…/`; `manifest` looks into all folders.
    "file-not-used",
}  # fmt: skip
ESLINT = ("eslint", "--config=devtools/eslint.config.cjs", "clients/js", "static")
PRETTIER = (
    "prettier", "--check", "--ignore-path=clients/js/.prettierignore",
    "clients/js", "static/**/*.{js,css,scss}", "devtools/*.cjs",
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


def ruff_format() -> Iterator[str]:
    """One style of Python everywhere: `ruff format` writes it."""
    return tool("ruff", "format", "--check", ".")


def pylint_odoo() -> Iterator[str]:
    """Odoo's conventions in Python, and the length of files."""
    return tool("pylint", f"--rcfile={ROOT / 'pyproject.toml'}", *PYLINT, ADDON, cwd=ADDONS)


def oca_checks(addon: Path = ROOT) -> Iterator[str]:
    """The Odoo community's checks of XML and CSV files.

    Not by their program: it finds no addon in the root of a repository, and says nothing of it.
    """
    from oca_pre_commit_hooks import checks_odoo_module, utils  # tests without lint need them not

    checks = checks_odoo_module.ChecksOdooModule(
        str(addon / "__manifest__.py"), enable=set(), disable=OCA_OFF, verbose=False
    )
    for check in utils.getattr_checks(checks):
        check()
    yield from map(str, checks.checks_errors)


def translations() -> Iterator[str]:
    """The Odoo community's checks of translation files, but for the order of their entries."""
    return tool("oca-checks-po", "--disable=po-pretty-format", *map(str, files(".po", ".pot")))


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
    """Odoo runs every test file of the addon; it silently ignores those that it is not shown.

    It looks for names `test_…` in `tests` itself, so that each package below has to hand its
    modules up. Plain unittest runs those of the folders in PLAIN, of `core` if they are packages.
    """
    top = ROOT / "tests"
    shown = Counter(test_modules(top))
    for path in files(".py"):
        folder = path.parent
        if not path.match("test_*.py") or top not in path.parents:
            continue
        kind = path.relative_to(top).parts[0]
        if kind in PLAIN:
            if kind == "core" != folder.name and not (folder / "__init__.py").exists():
                yield f"{relative(folder)} is no package: its tests are not found"
        elif not shown[path.stem]:
            yield f"tests/__init__.py does not lead to {relative(path)}"
        elif shown[path.stem] > 1:
            yield f"{relative(path)} has the name of another test file, which hides it"


def test_modules(package: Path) -> Iterator[str]:
    """The names of the test modules that a package shows: its own, and those of packages below."""
    file = package / "__init__.py"
    for node in ast.walk(ast.parse(file.read_text() if file.exists() else "")):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            names = [alias.name for alias in node.names]
            if node.module is None:
                yield from (name for name in names if (package / f"{name}.py").exists())
            elif names == ["*"]:
                yield from test_modules(package / node.module)


def arrows() -> Iterator[str]:
    """`core` knows nothing of Odoo, models nothing of controllers, no aspect of those below it.

    What apps install or copy knows nothing of us.
    """
    for path in files(".py"):
        for module in imported_modules(path):
            first, *rest = module.split(".")
            if relative(path).startswith("core/") and first in ("odoo", "models", "controllers"):
                yield f"{relative(path)} imports {module}"
            if relative(path).startswith("models/") and first == "controllers":
                yield f"{relative(path)} imports {module}"
            if relative(path).startswith(FOR_APPS) and first in NOT_FOR_APPS:
                yield f"{relative(path)} imports {module}"
            if first == "models" and rest and not is_above(rest[0], path):
                yield f"{relative(path)} imports {module}, an aspect below its own"


def is_above(aspect: str, path: Path) -> bool:
    """Whether a file may import this aspect of the models: it is above the file's own, or the same.

    What is not in an aspect may import all of them.
    """
    folder, own, *_ = (*path.relative_to(ROOT).parts, "")
    if folder != "models" or own not in ASPECTS:
        return True
    return aspect in ASPECTS[: ASPECTS.index(own) + 1]


def imported_modules(path: Path) -> Iterator[str]:
    """The names of all modules that a file imports; those of the addon begin with its folders."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (without_addon(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = without_addon(".".join((*package, *filter(None, [node.module]))))
            yield from (f"{module}.{alias.name}".lstrip(".") for alias in node.names)


def without_addon(module: str) -> str:
    """A module's name as from the repository's root."""
    return module.removeprefix(f"odoo.addons.{ADDON}.")


def files(*endings: str) -> Iterator[Path]:
    """The repository's files with one of these endings."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_OURS)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(endings))


def relative(path: Path) -> str:
    """A path as the manifest writes it."""
    return path.relative_to(ROOT).as_posix()


def dependencies() -> Iterator[str]:
    """Every package that is pinned for development is listed with its licence."""
    listed = set(re.findall(r"[\w./@-]+", (ROOT / "docs" / "dependencies.md").read_text().lower()))
    for name in pinned():
        if name.lower() not in listed:
            yield f"docs/dependencies.md does not list {name} with its licence"


def pinned() -> Iterator[str]:
    """The names of the packages, Python's and npm's."""
    for path in sorted((ROOT / "devtools").glob("requirements-*.txt")):
        yield from re.findall(r"^([\w.-]+)==", path.read_text(), re.M)
    yield from json.loads((js.SOURCE / "package.json").read_text())["devDependencies"]


def javascript() -> Iterator[str]:
    """The JavaScript client compiles, eslint finds no mistake, and prettier nothing to lay out."""
    if not npm.is_there():
        say("node and npm are not installed: clients/js and static/ are not checked")
        return
    for command in (("tsc", "--noEmit", "-p", "clients/js", *js.type_roots()), ESLINT, PRETTIER):
        done = js.run(*command, cwd=ROOT)
        if done.returncode:
            yield "\n" + (done.stdout + done.stderr).strip()


def generated_docs() -> Iterator[str]:
    """What the guides repeat of the declarations is what those say."""
    for guide in docs.stale():
        yield f"{relative(guide)} is not what the declarations say: run `./dev docs`"


CHECKS = {
    "ruff": ruff,
    "format": ruff_format,
    "pylint-odoo": pylint_odoo,
    "oca-checks": oca_checks,
    "translations": translations,
    "XML": xml_files,
    "manifest": manifest,
    "tests are imported": imported_tests,
    "arrows": arrows,
    "dependencies": dependencies,
    "generated docs": generated_docs,
    "JavaScript": javascript,
}
