"""What `./dev setup` installs is enough for the demo, the server and the benchmarks."""

import re
import subprocess
import sys
import unittest
from importlib.metadata import packages_distributions

from devtools.environment import TOOLS
from devtools.paths import ROOT

#: Imports what the commands import, as if the tools of lint and tests were not installed.
IMPORT = """
import importlib, sys
import devtools
for name in {tools!r}:
    sys.modules[name] = None
for name in ("e2e.demo.month", "e2e.bench", "devtools.serving", "examples.sample_app"):
    importlib.import_module(name)
"""


def tools() -> list[str]:
    """The names under which the tools' packages are imported."""
    pinned = re.findall(r"^([\w-]+)==", TOOLS.read_text(), re.MULTILINE)
    wanted = {name.lower().replace("_", "-") for name in pinned}
    return [
        module
        for module, owners in packages_distributions().items()
        if any(owner.lower().replace("_", "-") in wanted for owner in owners)
    ]


class TestSetUp(unittest.TestCase):
    def test_the_commands_that_are_no_tests_do_without_the_tools(self):
        names = tools()
        self.assertIn("hypothesis_graphql", names)
        done = subprocess.run(
            [sys.executable, "-c", IMPORT.format(tools=names)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
