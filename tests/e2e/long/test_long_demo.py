"""The demo can fail: what is wrong in one counter is found and told."""

import contextlib
import io
import shutil
import unittest

from devtools.databases import query, temporary_database
from e2e import in_odoo
from e2e.demo.month import Demo

CORRUPT = """
UPDATE fusion_billing_usage SET quantity = quantity + 1
 WHERE id = (SELECT min(usage.id)
               FROM fusion_billing_usage AS usage
               JOIN fusion_billing_metric AS metric ON metric.id = usage.metric_id
              WHERE metric.code = 'map_requests' AND usage.period_start < %s)
"""


class CorruptedDemo(Demo):
    """One call too many gets into one counter, and one event that nothing implies."""

    def bill(self):
        query(self.database, CORRUPT, (self.end.replace(tzinfo=None),))
        in_odoo.call(self.database, "hooks.fill", codes=["nexamaps"], events=1)
        super().bill()


class TestLongDemo(unittest.TestCase):
    def test_one_corrupted_counter_makes_it_fail_and_say_where(self):
        database = self.enterContext(temporary_database("demo"))
        demo = CorruptedDemo(database, seconds=2)
        self.addCleanup(shutil.rmtree, demo.folder, ignore_errors=True)
        with (
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
        ):
            status = demo.run()
        said = out.getvalue() + err.getvalue()
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"DIFFERENT: [\w-]+, map_requests: used [\d,]+, recounted [\d,]+")
        self.assertIn("DIFFERENT: 1 event of endpoint.test, implied 0", said)
        self.assertNotIn("Every quantity", said)
        self.assertNotIn("They are the events", said)
