"""The set-up proves itself on a bare Debian: the README's two commands, and a kill half-way.

As root. What is needed comes from the mirror and the registry that this machine uses.
"""

import os
import signal
import time
import unittest

from devtools.console import end_group
from e2e.long import bare

DEMO = ("./dev", "demo", "--exit")
TEST = ("./dev", "test", "core", "-k", "TestIncludedQuota")
KILLED_IN = "installing Odoo's Python packages"  # when Odoo itself is there already
PATIENCE = 3600  # seconds


class TestLongBare(unittest.TestCase):
    def setUp(self):
        if sentence := bare.obstacle():
            self.skipTest(sentence)

    def test_debian_12_needs_the_two_commands_of_the_readme_alone(self):
        self.try_on("bookworm")

    def test_debian_13_needs_the_two_commands_of_the_readme_alone(self):
        self.try_on("trixie")

    def try_on(self, release: str) -> None:
        with bare.machine(release) as machine:
            machine.log.unlink(missing_ok=True)
            self.kill_half_way(machine)
            before = len(self.said(machine))
            self.assertEqual(self.wait(machine.start(*DEMO)), 0, self.said(machine)[-3000:])
            said = self.said(machine)[before:]
            self.assertNotIn("downloading Odoo 19", said)  # it went on from there
            self.assertIn("Every quantity, line, tax and total is what the recount", said)
            self.assertEqual(self.wait(machine.start(*TEST)), 0, self.said(machine)[-3000:])
            self.assertRegex(self.said(machine), r"\n[1-9]\d* passed, 0 failed, 0 skipped\n$")
            self.assertFalse(self.processes_in(machine))

    def kill_half_way(self, machine) -> None:
        process = machine.start(*DEMO)
        deadline = time.monotonic() + PATIENCE
        while KILLED_IN not in self.said(machine):
            self.assertIsNone(process.poll(), self.said(machine)[-3000:])
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait(self, process) -> int:
        try:
            return process.wait(PATIENCE)
        finally:
            end_group(process)

    def said(self, machine) -> str:
        return machine.log.read_text(errors="replace")

    def processes_in(self, machine) -> list[str]:
        """Processes that live in the machine."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.path.realpath(f"/proc/{name}/root") == str(machine.root):
                    found.append(name)
            except OSError:
                continue  # it has just ended
        return found
