"""Parts side by side: each is shown whole and counted, and none is forgotten."""

import contextlib
import io
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

from devtools import side_by_side, testing
from devtools.outcomes import Tally
from devtools.runners.shares import FOLDER

#: What a part does in these tests: `FILE` is where its outcomes go.
START = "import json, os, sys, time\nFILE = sys.argv[1].partition('=')[2]\n"
GOOD = "json.dump({f'{NAME}: test': 'passed'}, open(FILE, 'w'))\n"


class TestSideBySide(unittest.TestCase):
    def run_parts(self, places=2, **sources):
        """Run Python sources as parts; return the tally and all that was said."""
        commands = {
            name: [sys.executable, "-c", f"{START}NAME = {name!r}\n{textwrap.dedent(source)}"]
            for name, source in sources.items()
        }
        tally = Tally()
        with contextlib.redirect_stderr(io.StringIO()) as said:
            side_by_side.run(commands, tally, places)
        return tally, said.getvalue()

    def test_the_outcomes_of_all_parts_are_counted(self):
        tally, _said = self.run_parts(
            one=GOOD, two="json.dump({'a': 'failed', 'b': 'skipped'}, open(FILE, 'w'))"
        )
        self.assertEqual(str(tally), "1 passed, 1 failed, 1 skipped")
        self.assertEqual(tally.failures, ["a"])

    def test_a_part_that_leaves_no_outcomes_is_a_failure_and_the_others_still_run(self):
        for end in ("sys.exit(0)", "os.abort()", "1 / 0"):
            with self.subTest(end=end):
                tally, _said = self.run_parts(bad=end, good=GOOD)
                self.assertEqual(str(tally), "1 passed, 1 failed, 0 skipped")
                self.assertEqual(tally.failures, ["bad: the part came to its end"])

    def test_what_parts_say_at_once_is_shown_one_after_the_other(self):
        talk = """
            for number in range(5):
                print(NAME, number, file=[sys.stdout, sys.stderr][number % 2], flush=True)
                time.sleep(0.05)
        """
        _tally, said = self.run_parts(one=talk, two=talk)
        for name in ("one", "two"):
            whole = "".join(f"{name} {number}\n" for number in range(5))
            self.assertIn(whole, said)

    def test_as_many_run_at_once_as_there_are_places_in_the_given_order(self):
        # Each part goes on when it sees as many begun as may run; then it says who has begun.
        meet = """
            folder = os.path.dirname(FILE)
            begun = lambda: sorted(n[0] for n in os.listdir(folder) if n.endswith(".begun"))
            def note(what):
                open(f"{folder}/{NAME}.{what}", "w").close()
            def wait_for(name):
                while not os.path.exists(f"{folder}/{name}"):
                    time.sleep(0.01)
            note("begun")
            wait_for("a.begun")
            wait_for("b.begun")
            time.sleep(0.3)
            print(NAME, "saw", *begun())
            note("done")
            wait_for({"a": "c.json", "b": "a.done", "c": "b.json"}[NAME])
        """
        _tally, said = self.run_parts(**dict.fromkeys("abc", textwrap.dedent(meet) + GOOD))
        self.assertIn("a saw a b\n", said)
        self.assertIn("b saw a b\n", said)
        self.assertIn("c saw a b c\n", said)
        self.assertLess(said.index("b saw"), said.index("c begins"), "c took the place of b")

    def test_it_is_said_now_and_then_which_parts_run_and_for_how_long(self):
        with mock.patch.object(side_by_side, "NEWS", 0.1):
            _tally, said = self.run_parts(slow="time.sleep(1)\n" + GOOD, other="time.sleep(1)")
        self.assertRegex(said, r"· running: slow \([01] s\), other \([01] s\)\n")

    def test_one_place_runs_them_one_after_the_other(self):
        with tempfile.TemporaryDirectory() as folder:
            alone = f"os.mkdir('{folder}/alone'); time.sleep(0.2); os.rmdir('{folder}/alone')\n"
            tally, _said = self.run_parts(1, one=alone + GOOD, two=alone + GOOD, three=alone + GOOD)
        self.assertEqual(str(tally), "3 passed, 0 failed, 0 skipped")

    def test_an_interruption_ends_the_parts_that_run(self):
        with tempfile.TemporaryDirectory() as folder:
            tidy = f"""
                import signal
                def end(*_):
                    open('{folder}/ended-' + NAME, 'w').close()
                    sys.exit(1)
                signal.signal(signal.SIGTERM, end)
                open('{folder}/ready-' + NAME, 'w').close()
                time.sleep(60)
            """
            interrupt = f"""
                while len(os.listdir('{folder}')) < 2:
                    time.sleep(0.01)
                import signal
                os.kill(os.getppid(), signal.SIGINT)
                time.sleep(60)
            """
            with self.assertRaises(KeyboardInterrupt):
                self.run_parts(3, one=tidy, two=tidy, three=interrupt)
            self.assertEqual(
                sorted(path.name for path in Path(folder).glob("ended-*")),
                ["ended-one", "ended-two"],
            )


class TestParts(unittest.TestCase):
    def test_every_folder_and_every_tag_has_its_part(self):
        self.assertEqual(
            {*testing.UNITTEST_PARTS, *testing.ODOO_PARTS, "lint"},
            {*testing.PARTS, *testing.LONG_PARTS},
        )
        self.assertEqual(len(testing.PARTS), len(set(testing.PARTS)))

    def test_an_ordinary_run_runs_every_part_and_the_longest_in_two_that_share_them(self):
        commands = testing.commands(["some"], "folder")
        self.assertEqual({*commands}, {*testing.PARTS, "odoo-2", "e2e-2"})
        for name, command in commands.items():
            part = name.removesuffix("-2")
            self.assertEqual(command, commands[part])
            self.assertEqual(command[-2:], [part, "-ksome"])
            self.assertEqual(f"{FOLDER}=folder" in command, part in testing.SHARED)
