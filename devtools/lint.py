"""`./dev lint`: style, Odoo's conventions, and what Odoo would only tell at run time."""

import ast
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from devtools import docs, js, npm
from devtools.console import say
from devtools.outcomes import Tally
from devtools.paths import ADDON, ADDONS, ROOT, VENV

DATA_FOLDERS = ("data", "demo", "report", "security", "views", "wizards")
NOT_FOR_APPS = ("odoo", "core", "models", "controllers", "devtools", "e2e")
#: The folders of `tests` that plain unittest runs.
PLAIN = ("core", "devtools", "e2e")
#: By folder: what its files know nothing of. An aspect knows nothing of those below it, either.
UNKNOWN = {
    "core": ("odoo", "models", "controllers"),
    "models": ("controllers",),
    "clients/python/src": NOT_FOR_APPS,
    "examples": NOT_FOR_APPS,
}
NOT_OURS = {".git", ".dev", "node_modules", "__pycache__"}
OCA_OFF = {
    "prefer-readme-rst",
    # Style that Odoo itself does not have.
    "xml-field-numeric-without-eval", "xml-header-wrong", "xml-tag-position",
    # It looks into all of `.dev/`, and not below `views/…/`; `manifest` looks into all folders.
    "file-not-used",
}  # fmt: skip
#: Programs of Python packages, by the name of the check.
PROGRAMS = {
    "pylint-odoo": (  # the longest is the first
        "pylint", "--disable=all", "--enable=odoolint,too-many-lines",
        # The README is Markdown. Odoo's compute methods return nothing.
        "--disable=missing-readme,missing-return", ".",
    ),
    "ruff": ("ruff", "check", "--quiet", "--output-format=concise", "."),
    "format": ("ruff", "format", "--check", "."),
    # The order of entries is Odoo's.
    "translations": ("oca-checks-po", "--disable=po-pretty-format", *ROOT.glob("i18n/*.po*")),
}  # fmt: skip
ESLINT = ("eslint", "--config=devtools/eslint.config.cjs", "clients/js", "static")
PRETTIER = (
    "prettier", "--check", "--ignore-path=clients/js/.prettierignore",
    "clients/js", "static/**/*.{js,css,scss}", "devtools/*.cjs",
)  # fmt: skip


def run_checks(tally: Tally) -> None:
    """Run every check, two at a time; each counts one."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda check: list(check()), CHECKS.values())
        for name, problems in zip(CHECKS, found, strict=True):
            for problem in problems:
                say(f"{name}: {problem}")
            tally.check(f"lint: {name}", not problems)


def program(name: str, *arguments) -> Iterator[str]:
    """Run a program of the environment."""
    command = [VENV / "bin" / name, *arguments]
    return complaint(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False))


def complaint(done: subprocess.CompletedProcess) -> Iterator[str]:
    """What a program printed, if it is not content, is the problem."""
    if done.returncode:
        yield "\n" + (done.stdout + done.stderr).strip()


def javascript() -> Iterator[str]:
    """The JavaScript client compiles, eslint finds no mistake, and prettier nothing to lay out."""
    if not npm.is_there():
        say("node and npm are not installed: clients/js and static/ are not checked")
        return
    for command in (("tsc", "--noEmit", "-p", "clients/js", *js.type_roots()), ESLINT, PRETTIER):
        yield from complaint(js.run(*command, cwd=ROOT))


def oca_checks(addon: Path = ADDONS / ADDON) -> Iterator[str]:
    """The Odoo community's checks of XML and CSV files.

    Not by their program: it finds no addon in the root of a repository, and says nothing of it.
    """
    from oca_pre_commit_hooks import checks_odoo_module, utils  # installed after this is imported

    checks = checks_odoo_module.ChecksOdooModule(
        str(addon / "__manifest__.py"), enable=set(), disable=OCA_OFF, verbose=False
    )
    for check in utils.getattr_checks(checks):
        check()
    yield from map(str, checks.checks_errors)


def lists() -> Iterator[str]:
    """No view uses the name of lists that Odoo 19 only rejects in the browser."""
    for path in files(".xml"):
        if re.search(r'name="view_mode">[^<]*\btree\b|<tree\b', path.read_text()):
            yield f"{relative(path)}: the view type `tree` is called `list`"


def manifest() -> Iterator[str]:
    """The manifest lists every data file; pylint-odoo knows that those it lists exist."""
    content = ast.literal_eval((ROOT / "__manifest__.py").read_text())
    present = set(map(relative, files(".xml", ".csv")))
    for name in sorted(present - {*content["data"], *content["demo"]}):
        if name.split("/")[0] in DATA_FOLDERS:
            yield f"{name} is not listed"


def imported_tests() -> Iterator[str]:
    """Odoo runs every test file of the addon; it silently ignores those that it is not shown.

    It looks for names `test_…` in `tests` itself, so that each package below has to hand its
    modules up. Plain unittest runs those of the folders in PLAIN, of `core` if they are packages.
    """
    top = ROOT / "tests"
    shown = Counter(test_modules(top))
    for path in files(".py", below="tests"):
        folder = path.parent
        if not path.match("test_*.py"):
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
    unknown = UNKNOWN.copy()
    aspects = list(imported_modules(ROOT / "models" / "__init__.py"))
    for index, aspect in enumerate(aspects):
        unknown[aspect.replace(".", "/")] = aspects[index + 1 :]
    for folder, modules in unknown.items():
        for path in files(".py", below=folder):
            for module in imported_modules(path):
                if f"{module}.".startswith(tuple(f"{one}." for one in modules)):
                    yield f"{relative(path)} imports {module}"


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


def files(*endings: str, below: str = "") -> Iterator[Path]:
    """The repository's files with one of these endings, below a folder of it."""
    for folder, folders, names in os.walk(ROOT / below):
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


def generated_docs() -> Iterator[str]:
    """What the guides repeat of the declarations is what those say."""
    for guide in docs.stale():
        yield f"{relative(guide)} is not what the declarations say: run `./dev docs`"


CHECKS = {
    **{name: partial(program, *command) for name, command in PROGRAMS.items()},
    "JavaScript": javascript,
    "oca-checks": oca_checks,
    "lists": lists,
    "manifest": manifest,
    "tests are imported": imported_tests,
    "arrows": arrows,
    "dependencies": dependencies,
    "generated docs": generated_docs,
}
