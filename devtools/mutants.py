"""`./dev mutants`: change `core/` in thousands of small ways, and see which ones no test notices.

mutmut makes the changed copies (mutants) and runs those tests of `core/` that go through what is
changed. Few mutants may stay alive, and `tests/core/mutants.md` explains each.
"""

import fnmatch
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence

from devtools import environment, runtime
from devtools.console import DevError, run, say, step
from devtools.paths import DEV, ROOT, VENV

FOLDER = DEV / "mutants"
#: What tests of `core/` read; pyproject.toml has mutmut's settings.
LINKED = ("core", "tests/core", "docs", "static", "clients", "pyproject.toml")
EXPLAINED = ROOT / "tests" / "core" / "mutants.md"
#: Packages that lie on top of those of the environment: mutmut wants a newer click than they do.
PACKAGES = ROOT / "devtools" / "requirements-mutants.txt"
MUTMUT = (VENV / "bin" / "uv", "run", "--quiet", "--no-project", "--active")
MUTMUT += ("--with-requirements", PACKAGES, "--", "mutmut")
VARIABLES = {"VIRTUAL_ENV": str(VENV), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
#: pytest's status in the end, or mutmut's own 33: no test goes through what is changed.
OUTCOMES = {0: "alive", 1: "killed", 2: "killed", 3: "killed", 5: "untested", 33: "untested"}
MOST = 5  # percent of the mutants that may live


def main(packages: Sequence[str]) -> int:
    """Try the mutants of these packages of `core/`, or of all; 1 if too many or others live."""
    runtime.ensure_tools()
    known = sorted(path.parent.name for path in ROOT.glob("core/*/__init__.py"))
    if unknown := sorted(set(packages) - set(known)):
        raise DevError(f"core/ has no {', '.join(unknown)}, but {', '.join(known)}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in LINKED:
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).symlink_to(ROOT / name)
    variables = environment.uv_settings() | VARIABLES
    failed = False
    for package in packages or known:
        with step(f"trying the mutants of core/{package}, for up to half an hour"):
            run([*MUTMUT, "run", f"core.{package}.*"], log="mutants", env=variables, cwd=FOLDER)
        failed |= judge(package)
    return int(failed)


def judge(package: str) -> bool:
    """Say what became of a package's mutants; whether it is not good enough."""
    outcomes = {
        name: OUTCOMES.get(status, "timed out")
        for path in sorted((FOLDER / "mutants" / "core" / package).rglob("*.meta"))
        for name, status in json.loads(path.read_text())["exit_code_by_key"].items()
    }
    count = Counter(outcomes.values())
    told = "".join(f", {number:,} {outcome}" for outcome, number in sorted(count.items()))
    say(f"core/{package}: {len(outcomes):,} mutants{told}")
    alive = [name for name, outcome in outcomes.items() if outcome in ("alive", "untested")]
    strange, gone = compare(package, {change(name) for name in alive}, EXPLAINED.read_text())
    for words, changes in (("ALIVE", strange), ("explained, but not alive:", gone)):
        for each in changes:
            say(f"{words} {each}")
    return bool(strange) or 100 * len(alive) > MOST * len(outcomes)


def change(name: str) -> str:
    """What a mutant changes: `core.money.due.due: if waived > 0: → if waived >= 0:`."""
    command = ["env", *(f"{key}={value}" for key, value in VARIABLES.items()), *MUTMUT]
    shown = subprocess.check_output([*command, "show", name], cwd=FOLDER, text=True)
    module, function = re.match(r"(.*)\.x[_ǁ](.*)__mutmut_", name).groups()
    before, after = (
        " ".join(map(str.strip, re.findall(rf"^[{sign}](?![{sign}]{{2}} )(.*)", shown, re.M)))
        for sign in "-+"
    )
    return f"{module}.{function.replace('ǁ', '.')}: {before} → {after}"


def compare(package: str, alive: set[str], text: str) -> tuple[list[str], list[str]]:
    """What lives and is not explained, and explanations of what does not live any more.

    :param text: explanations: lines that begin with a change in a list, where `*` is any text
    """
    explained = {
        pattern: fnmatch.filter(alive, re.sub(r"([\[?])", r"[\1]", pattern))
        for pattern in re.findall(rf"^- `(core\.{package}\..*?)`", text, re.M)
    }
    strange = alive.difference(*explained.values())
    return sorted(strange), [pattern for pattern, changes in explained.items() if not changes]
