"""`./dev test` runs what was asked for, and no more."""

import unittest
from unittest import mock

from devtools import testing
from devtools.outcomes import Tally


class TestParts(unittest.TestCase):
    def parts(self, what, *patterns):
        with mock.patch.object(testing, "run_part") as run_part:
            testing.run(what, patterns, Tally(), debug=False)
        return [call.args[0] for call in run_part.call_args_list]

    def test_long_is_all_that_takes_long(self):
        self.assertEqual(self.parts("long"), ["long", "exhaustive", "thorough"])

    def test_one_long_test_is_that_test_alone(self):
        self.assertEqual(self.parts("long", "LongFuzz"), ["long"])

    def test_a_breakpoint_in_odoo_has_the_terminal_only_if_that_is_asked_for(self):
        for debug in (False, True):
            with (
                mock.patch.object(testing.databases, "temporary_database") as database,
                mock.patch.object(testing.databases, "module_states", return_value={}),
                mock.patch.object(testing, "wait"),
                mock.patch.object(testing, "judge") as judge,
                mock.patch.object(testing, "spawn") as spawn,
            ):
                database.return_value.__enter__.return_value = "no_database"
                testing.run_part("/fusion_billing:TestX", (), Tally(), debug)
            self.assertEqual("stdin" in spawn.call_args.kwargs, not debug)
            self.assertEqual(judge.called, not debug)
