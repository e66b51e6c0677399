"""The built package, and programs of Node that use it.

`./dev test clients` finds the Python client's tests too: `api_server` and `chaos_case` are theirs.
"""

import subprocess
import sys
import unittest
from pathlib import Path

from devtools import js, npm

TESTS = Path(__file__).parent


def need_node():
    """Skip the module where there is no Node."""
    if not npm.is_there():
        reason = "node and npm are not installed: the JavaScript client is not tried"
        print(reason, file=sys.stderr)
        raise unittest.SkipTest(reason)


class JsCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.package = js.build()

    def run_node(self, program, *arguments):
        """Run a program that ends well; return what it wrote."""
        command = ["node", "--input-type=module", "-e", program, *map(str, arguments)]
        return run(*command, cwd=self.package)


def run(*command, cwd):
    """Run a command that ends well within two minutes; return what it wrote."""
    done = subprocess.run(
        [str(one) for one in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout
