"""What a batch costs does not depend on how much usage is stored already."""

import json

from odoo.tests import tagged
from odoo.tools import SQL

from ...models.usage.usage import INGEST
from ..common import BillingCase

TABLE = "fusion_billing_usage"
FILL = f"""
INSERT INTO {TABLE} (subscription_id, metric_id, period_start, period_end, quantity,
                     idempotency_key, source, create_date, write_date)
SELECT %s, %s, start, start + interval '1 minute', 1, 'old-' || number, 'app', now(), now()
  FROM (SELECT number, timestamp '2026-01-01' + number * interval '1 minute' AS start
          FROM generate_series(%s, %s) AS number) AS counter
"""


@tagged("post_install", "-at_install")
class TestIngestGrowth(BillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls._subscribe()
        cls.usage = cls.env["fusion.billing.usage"]

    def _fill(self, first, last):
        self.env.cr.execute(SQL(FILL, self.subscription.id, self.calls.id, first, last))
        self.env.cr.execute(f"ANALYZE {TABLE}")

    def _batch(self, size=100):
        """New events, corrections and events that are sent again, in equal parts."""
        return [
            self._event(
                self.subscription,
                str(1 + number % 3 // 2),
                "2026-01-01",
                idempotency_key=f"{'new' if number % 3 == 0 else 'old'}-{number}",
            )
            for number in range(1, size + 1)
        ]

    def _explain(self, events, *options):
        """The plan of a batch, in PostgreSQL's own words; it leaves nothing behind."""
        with self.env.cr.savepoint() as savepoint:
            query = SQL(INGEST, *self.usage._ingest_columns(events), "app")
            self.env.cr.execute(SQL(f"EXPLAIN ({', '.join((*options, 'FORMAT JSON'))}) %s", query))
            [[plan]] = self.env.cr.fetchall()
            savepoint.rollback()
        return (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]

    def _nodes(self, plan):
        yield plan
        for child in plan.get("Plans", ()):
            yield from self._nodes(child)

    def _lookups(self, plan):
        """How stored counters are read: pairs of the kind of scan and its index."""
        return [
            (node["Node Type"], node.get("Index Name"))
            for node in self._nodes(plan)
            if node.get("Relation Name") == TABLE and node["Node Type"] != "ModifyTable"
        ]

    def test_u3_stored_keys_are_probed_one_by_one_in_the_index_however_large_the_batch(self):
        self._fill(1, 20000)
        for size in (1, 100, 5000):
            lookups = self._lookups(self._explain(self._batch(size)))
            self.assertEqual(
                lookups, [("Index Scan", f"{TABLE}_idempotency_key_unique")], f"{size} events"
            )

    def test_u3_a_batch_reads_as_many_pages_beside_a_thousand_counters_as_beside_50000(self):
        pages = []
        for first, last in ((1, 1000), (1001, 50000)):
            self._fill(first, last)
            plan = self._explain(self._batch(600), "ANALYZE", "BUFFERS")
            pages.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        self.assertLess(pages[1], 1.5 * pages[0], pages)

    def test_a_batch_is_a_look_and_a_statement_beside_any_number_of_counters(self):
        for first, last in ((1, 30), (31, 20000)):
            self._fill(first, last)
            events = self._batch(30)
            self.env.flush_all()
            with self.assertQueryCount(2):
                self.usage._ingest(events, f"app-{first}")
